#pragma once

// Where an instance's files are, as options; shared by the subcommands that read one.

#include <map>
#include <string>
#include <vector>

#include "source/datadir_options.hpp"

namespace CLI {
class App;
}

namespace donord {

struct SourceOptions {
  std::string datadir;
  std::string verify_pages = "yes";
  std::map<std::string, std::string> locations;  ///< mysqld's options for places, as given: name, value
  std::vector<std::string> path_maps;
  std::string keyring_file;
  bool without_binary_log = false;
  std::string defaults_file;
  std::string defaults_group_suffix;
};

/// Declares mysqld's options for file locations and what goes with them; parsing fills `options`, which must outlive
/// `app`.
void add_location_options(CLI::App& app, SourceOptions& options);

/// Reads the option file of the source's server, too, if one is given.
[[nodiscard]] Result<DatadirOptions> to_datadir_options(const SourceOptions& options);

}  // namespace donord
