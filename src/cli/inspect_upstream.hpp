#pragma once

// `donord inspect --upstream`: what a running server says, alone or beside its data directory.

#include <optional>

#include "cli/exit_codes.hpp"
#include "cli/output_format.hpp"
#include "source/inspect.hpp"
#include "upstream/upstream_options.hpp"

namespace donord {

/// `datadir` is absent when there is only the server to be asked.
[[nodiscard]] ExitCode run_inspect_upstream(const UpstreamOptions& upstream,
                                            const std::optional<DatadirOptions>& datadir, InspectDepth depth,
                                            OutputFormat format);

}  // namespace donord
