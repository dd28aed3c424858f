#include "cli/inspect_upstream.hpp"

#include "cli/report.hpp"
#include "live/source_server.hpp"
#include "upstream/upstream_report.hpp"

namespace donord {

namespace {

Result<UpstreamReport> ask(const UpstreamOptions& options) {
  Result<UpstreamConnection> connection = UpstreamConnection::open(options);
  if (!connection) return connection.error();
  return read_upstream_report(*connection);
}

std::optional<FileComparison> compare(const DatadirReport& datadir, const UpstreamReport& upstream) {
  if (!upstream.files) return std::nullopt;
  const std::vector<FoundFile> found = as_found(datadir.survey.files, datadir.survey.options.datadir);
  return FileComparison{found.size(), cross_check(found, *upstream.files, upstream.facts)};
}

/// `object` with one more member, indented as if it had been written with it.
std::string with_member(std::string object, std::string_view name, std::string_view value) {
  object.resize(object.rfind('}'));
  while (object.ends_with('\n')) object.pop_back();
  object += fmt::format(",\n  \"{}\": ", name);
  for (const char c : value) object += c == '\n' ? "\n  " : std::string{c};
  return object + "\n}";
}

}  // namespace

ExitCode run_inspect_upstream(const UpstreamOptions& upstream, const std::optional<DatadirOptions>& datadir,
                              InspectDepth depth, OutputFormat format) {
  const Result<UpstreamReport> server = ask(upstream);
  if (!server) return report(server.error());
  const bool json = format == OutputFormat::json;
  if (!datadir) return print_result(json ? upstream_json(*server, nullptr) : upstream_text(*server, nullptr));

  const Result<InspectReport> found = inspect(*datadir, depth);
  if (!found) return report(found.error());
  const auto* const directory = std::get_if<DatadirReport>(&*found);
  if (directory == nullptr)
    return report(Error{Errc::usage, "with --upstream only a data directory can be looked at, or nothing else"});
  const std::optional<FileComparison> comparison = compare(*directory, *server);
  const FileComparison* const compared = comparison ? &*comparison : nullptr;
  return print_result(json ? with_member(inspect_json(*found), "upstream", upstream_json(*server, compared))
                           : fmt::format("{}\n{}", inspect_text(*found), upstream_text(*server, compared)));
}

}  // namespace donord
