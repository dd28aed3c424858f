#pragma once

// `donord inspect DIR|FILE`, `donord inspect --upstream user@host`.

#include "cli/exit_codes.hpp"
#include "cli/path_options.hpp"
#include "cli/upstream_flags.hpp"

namespace donord {

struct InspectOptions {
  PathOptions path;
  UpstreamFlags upstream;
  bool pages = false;
};

/// Parsing fills `options`, which must outlive `app`.
void add_inspect_options(CLI::App& app, InspectOptions& options);

[[nodiscard]] ExitCode run_inspect(const InspectOptions& options);

}  // namespace donord
