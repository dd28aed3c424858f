#pragma once

// `donord inspect DIR|FILE`.

#include <filesystem>
#include <string>

#include "cli/exit_codes.hpp"
#include "cli/output_format.hpp"
#include "cli/source_options.hpp"

namespace donord {

struct InspectOptions {
  std::string path;
  std::filesystem::path config;
  SourceOptions source;
  OutputFormat format = OutputFormat::text;
};

/// Parsing fills `options`, which must outlive `app`.
void add_inspect_options(CLI::App& app, InspectOptions& options);

[[nodiscard]] ExitCode run_inspect(const InspectOptions& options);

}  // namespace donord
