#pragma once

// `donord check DIR`.

#include "cli/exit_codes.hpp"
#include "cli/output_format.hpp"
#include "cli/source_options.hpp"

namespace donord {

struct CheckOptions {
  SourceOptions source;
  OutputFormat format = OutputFormat::text;
};

/// Parsing fills `options`, which must outlive `app`.
void add_check_options(CLI::App& app, CheckOptions& options);

[[nodiscard]] ExitCode run_check(const CheckOptions& options);

}  // namespace donord
