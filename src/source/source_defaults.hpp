#pragma once

// The option file of the source's server: where its files are when nobody says otherwise.

#include <filesystem>
#include <string>

#include "base/result.hpp"
#include "source/datadir_options.hpp"

namespace donord {

struct SourceDefaults {
  std::filesystem::path file;
  std::string group_suffix;  ///< mysqld's --defaults-group-suffix: [mysqld@replica] counts, too
};

/// Applies the location options of the groups that mysqld reads: [mysqld], [server], and [mysqld-9.7] for a source of
/// that series, as mysqld's defaults: what is given or persisted goes before them. The datadir is taken from there only
/// if `options.datadir` is empty. `Errc::usage` names file and line.
[[nodiscard]] Result<> add_option_file(DatadirOptions& options, const SourceDefaults& defaults);

}  // namespace donord
