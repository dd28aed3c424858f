#pragma once

// `donord serve`.

#include "cli/exit_codes.hpp"
#include "cli/serve_options.hpp"

namespace donord {

/// Runs until SIGTERM or SIGINT.
[[nodiscard]] ExitCode run_serve(const ServeOptions& options);

/// /var/lib/donord/catalog.db for root, else $XDG_STATE_HOME/donord/catalog.db.
[[nodiscard]] std::filesystem::path default_catalog_path();

}  // namespace donord
