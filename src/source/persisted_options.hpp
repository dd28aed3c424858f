#pragma once

// The server's own option file in the datadir, mysqld-auto.cnf: what SET PERSIST has written there.

#include "base/result.hpp"
#include "source/datadir_options.hpp"

namespace donord {

/// Applies what is persisted of `location_options()`. Where the operator has given something else, `options.notes` says
/// so: a server would go by its file.
[[nodiscard]] Result<> add_persisted_options(DatadirOptions& options);

}  // namespace donord
