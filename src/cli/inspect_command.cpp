#include "cli/inspect_command.hpp"

#include <CLI/CLI.hpp>

#include "cli/report.hpp"
#include "source/inspect.hpp"

namespace donord {

void add_inspect_options(CLI::App& app, InspectOptions& options) {
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("path", options.path, "data directory, tablespace file or redo file; default: --datadir");
  app.add_flag_callback(
      "--json", [&options] { options.format = OutputFormat::json; }, "as JSON");
  app.add_option("--datadir", options.source.datadir, "as of serve; default: that of --source-defaults-file")
      ->group("Source");
  add_location_options(app, options.source);
  app.add_option("--config", options.config, "TOML file of serve, for the options of its source");
  app.footer("Example:\n  donord inspect /var/lib/mysql\n  donord inspect --json /var/lib/mysql/shop/orders.ibd");
}

ExitCode run_inspect(const InspectOptions& options) {
  SourceOptions source = options.source;
  if (!options.path.empty()) source.datadir = options.path;
  if (source.datadir.empty() && source.defaults_file.empty())
    return report(Error{Errc::usage, "nothing to inspect", "give a directory or a file"});
  const Result<DatadirOptions> datadir = to_datadir_options(source);
  if (!datadir) return report(datadir.error());
  const Result<InspectReport> report_of_path = inspect(*datadir);
  if (!report_of_path) return report(report_of_path.error());
  return print_result(options.format == OutputFormat::json ? inspect_json(*report_of_path)
                                                           : inspect_text(*report_of_path));
}

}  // namespace donord
