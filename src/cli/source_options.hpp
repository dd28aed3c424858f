#pragma once

// Where an instance's files are, as options; shared by the subcommands that read one.

#include <string>

#include "source/datadir_options.hpp"

namespace CLI {
class App;
}

namespace donord {

struct SourceOptions {
  std::string datadir;
  std::string verify_pages = "yes";
  std::string innodb_data_home_dir;
  std::string innodb_data_file_path;
  std::string innodb_undo_directory;
  std::string innodb_log_group_home_dir;
  std::string innodb_directories;
};

/// Declares mysqld's options for file locations; parsing fills `options`, which must outlive `app`.
void add_location_options(CLI::App& app, SourceOptions& options);

[[nodiscard]] DatadirOptions to_datadir_options(const SourceOptions& options);

}  // namespace donord
