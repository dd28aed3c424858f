#pragma once

// `donord check DIR`.

#include "cli/exit_codes.hpp"
#include "cli/path_options.hpp"

namespace donord {

/// Parsing fills `options`, which must outlive `app`.
void add_check_options(CLI::App& app, PathOptions& options);

[[nodiscard]] ExitCode run_check(const PathOptions& options);

}  // namespace donord
