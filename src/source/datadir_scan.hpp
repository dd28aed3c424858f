#pragma once

// Finds the files of an instance by name, as the server itself does when it starts: everything that ends in .ibd or
// .ibu, undo tablespaces by their names, and the configured system files. What they are is decided by their content.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "source/datadir_options.hpp"

namespace donord {

struct ScannedFile {
  std::filesystem::path path;
  std::string name;  ///< as mysqld has it: "./db/t.ibd" below the datadir, an absolute path otherwise
};

struct DatadirScan {
  std::vector<ScannedFile> system_files;  ///< in the order of innodb_data_file_path
  std::vector<ScannedFile> candidates;    ///< sorted by name
  std::vector<Error> problems;            ///< what cannot be reached or listed, signs of unfinished work
};

/// True for a name that mysqld takes for a tablespace: "t1.ibd", "x.ibu", "undo_001", "undo001".
[[nodiscard]] bool is_tablespace_name(std::string_view name);

/// A directory that was cloned into, and where its old and new files may stand side by side.
[[nodiscard]] Error unfinished_clone(const std::filesystem::path& sign);

[[nodiscard]] DatadirScan scan_datadir(const DatadirOptions& options);

/// What a server has beside an undo tablespace as long as it truncates it.
[[nodiscard]] bool is_undo_truncation_log(std::string_view name);

}  // namespace donord
