#pragma once

// The system tablespace: one tablespace in one or more files, of which only the first has a header.

#include <optional>
#include <vector>

#include "base/result.hpp"
#include "source/datadir_scan.hpp"
#include "source/tablespace_file.hpp"

namespace donord {

struct SystemTablespace {
  std::vector<TablespaceFile> files;  ///< in order, up to the first that cannot be used
  std::optional<Error> problem;       ///< what is wrong with that one
};

/// Identifies the files in the order of innodb_data_file_path. A page 0 that can be decoded but not verified, and a
/// further file whose pages are not those that its place asks for, is the file's own `problem`.
[[nodiscard]] SystemTablespace survey_system_tablespace(const std::vector<ScannedFile>& scanned);

}  // namespace donord
