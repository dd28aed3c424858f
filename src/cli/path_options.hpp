#pragma once

// The options of subcommands that look at a source without serving it: what to look at, where its files are, and how to
// say what was found.

#include <filesystem>
#include <string>

#include "cli/output_format.hpp"
#include "cli/source_options.hpp"

namespace donord {

struct PathOptions {
  std::string path;
  std::filesystem::path config;
  SourceOptions source;
  OutputFormat format = OutputFormat::text;
};

/// `path` says what the positional argument is. Parsing fills `options`, which must outlive `app`.
void add_path_options(CLI::App& app, PathOptions& options, const std::string& path);

/// A path was given, in one way or another.
[[nodiscard]] bool names_path(const PathOptions& options);

[[nodiscard]] Result<DatadirOptions> to_datadir_options(const PathOptions& options);

}  // namespace donord
