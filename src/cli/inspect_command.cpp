#include "cli/inspect_command.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/log.hpp"
#include "cli/inspect_upstream.hpp"
#include "cli/report.hpp"
#include "source/inspect.hpp"
#include "source/page_list.hpp"

namespace donord {

namespace {

/// The lines of a table below the report.
Result<> print_page_list(const TablespaceReport& report) {
  fmt::print("{}", inspect_text(report));
  return list_pages(report.file, [](const PageRun& run) { fmt::print("\n{}", page_text(run)); });
}

/// The same object as without the list, with one more member; a large file has too many pages to keep them all.
Result<> print_page_list_as_json(const TablespaceReport& report) {
  std::string json = inspect_json(report);
  json.resize(json.rfind('}'));
  while (json.ends_with('\n')) json.pop_back();
  fmt::print("{},\n  \"page_list\": [", json);
  bool first = true;
  const Result<> listed = list_pages(report.file, [&first](const PageRun& run) {
    fmt::print("{}\n    {}", first ? "" : ",", page_json(run));
    first = false;
  });
  fmt::print("\n  ]\n}}");
  return listed;
}

}  // namespace

void add_inspect_options(CLI::App& app, InspectOptions& options) {
  add_path_options(app, options.path, "data directory, tablespace file or redo file");
  app.add_flag(
      "--pages", options.pages,
      "of a tablespace file every page; of a data directory every damaged one, and how many there are of which "
      "kind");
  add_upstream_options(app, options.upstream);
  app.footer(
      "Example:\n  donord inspect /var/lib/mysql\n  donord inspect --upstream donord@/run/mysqld/mysqld.sock "
      "/var/lib/mysql\n  donord inspect --json --pages /var/lib/mysql/shop/orders.ibd");
}

ExitCode run_inspect(const InspectOptions& options) {
  log::set_level(log::Level::warn);  // the report has what would be logged about pages
  const Result<std::optional<UpstreamOptions>> upstream = to_upstream_options(options.upstream);
  if (!upstream) return report(upstream.error());
  const InspectDepth depth = options.pages ? InspectDepth::pages : InspectDepth::files;
  if (*upstream && !names_path(options.path))
    return run_inspect_upstream(**upstream, std::nullopt, depth, options.path.format);
  const Result<DatadirOptions> datadir = to_datadir_options(options.path);
  if (!datadir) return report(datadir.error());
  if (*upstream) return run_inspect_upstream(**upstream, *datadir, depth, options.path.format);
  const Result<InspectReport> found = inspect(*datadir, depth);
  if (!found) return report(found.error());

  const bool json = options.path.format == OutputFormat::json;
  const auto* const tablespace = std::get_if<TablespaceReport>(&*found);
  if (tablespace == nullptr || !options.pages) return print_result(json ? inspect_json(*found) : inspect_text(*found));
  if (const Result<> printed = json ? print_page_list_as_json(*tablespace) : print_page_list(*tablespace); !printed)
    return report(printed.error());
  return print_result("");
}

}  // namespace donord
