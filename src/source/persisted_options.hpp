#pragma once

// The server's own option file in the datadir, mysqld-auto.cnf: what SET PERSIST has written there counts for mysqld as
// if it stood on its command line.

#include <string>
#include <vector>

#include "base/result.hpp"
#include "source/datadir_options.hpp"

namespace donord {

/// Fills in the places of files that `options` leaves open (an innodb_data_file_path that is mysqld's default counts as
/// open) and returns what was filled in, as "innodb_undo_directory=/undo".
[[nodiscard]] Result<std::vector<std::string>> add_persisted_options(DatadirOptions& options);

}  // namespace donord
