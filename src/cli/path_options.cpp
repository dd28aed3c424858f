#include "cli/path_options.hpp"

#include <CLI/CLI.hpp>

namespace donord {

void add_path_options(CLI::App& app, PathOptions& options, const std::string& path) {
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("path", options.path, path + "; default: --datadir");
  app.add_flag_callback(
      "--json", [&options] { options.format = OutputFormat::json; }, "as JSON");
  app.add_option("--datadir", options.source.datadir, "as of serve; default: that of --source-defaults-file")
      ->group("Source");
  add_location_options(app, options.source);
  app.add_option("--config", options.config, "TOML file of serve, for the options of its source");
}

bool names_path(const PathOptions& options) {
  return !options.path.empty() || !options.source.datadir.empty() || !options.source.defaults_file.empty();
}

Result<DatadirOptions> to_datadir_options(const PathOptions& options) {
  if (!names_path(options)) return Error{Errc::usage, "no path is given", "give one, or --datadir"};
  SourceOptions source = options.source;
  if (!options.path.empty()) source.datadir = options.path;
  return to_datadir_options(source);
}

}  // namespace donord
