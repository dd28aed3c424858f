#include "cli/sessions_command.hpp"

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <thread>
#include <unistd.h>

#include "base/units.hpp"
#include "catalog/catalog.hpp"
#include "catalog/session_report.hpp"
#include "cli/report.hpp"
#include "cli/serve_command.hpp"

namespace donord {
namespace {

Result<std::unique_ptr<Catalog>> open_catalog(const SessionsOptions& options) {
  const std::filesystem::path path = options.catalog.empty() ? default_catalog_path() : options.catalog;
  return Catalog::open(path, sqlite::Access::read_only);
}

Result<SessionFilter> filter_of(const SessionsOptions& options) {
  SessionFilter filter{.limit = options.limit};
  if (!options.user.empty()) filter.user = options.user;
  if (options.result.empty()) return filter;
  filter.result = session_result(options.result);
  if (!filter.result)
    return Error{Errc::usage, fmt::format("'{}' is no result of a session", options.result),
                 "use in_progress, completed, failed or interrupted"};
  return filter;
}

Result<std::string> list(Catalog& catalog, const SessionFilter& filter, OutputFormat format) {
  const Result<std::vector<SessionRecord>> sessions = catalog.list_sessions(filter);
  if (!sessions) return sessions.error();
  return format == OutputFormat::json ? sessions_as_json(*sessions, unix_ms_now())
                                      : sessions_as_text(*sessions, unix_ms_now());
}

ExitCode print(const Result<std::string>& text) {
  return text ? print_result(*text) : report(text.error());
}

}  // namespace

void add_sessions_options(CLI::App& app, SessionsOptions& options) {
  app.require_subcommand(1);
  const auto add_common = [&options](CLI::App* command) {
    command->option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    command->add_option("--catalog", options.catalog, "SQLite file of the donord that serves");
    command->add_option("--config", options.config, "TOML file of the donord that serves, for its catalog");
    command->add_flag_callback(
        "--json", [&options] { options.format = OutputFormat::json; }, "as JSON");
  };
  const auto add_filter = [&options](CLI::App* command) {
    command->add_option("--result", options.result, "in_progress, completed, failed or interrupted");
    command->add_option("--user", options.user, "of this account");
    command->add_option("--limit", options.limit, "the newest so many")->capture_default_str();
  };
  CLI::App* list_command = app.add_subcommand("list", "sessions, newest first");
  add_common(list_command);
  add_filter(list_command);
  CLI::App* show_command = app.add_subcommand("show", "everything about one session");
  add_common(show_command);
  show_command->add_option("session", options.session, "number of the session, as in the list")->required();
  CLI::App* watch_command = app.add_subcommand("watch", "the list again and again while a session is under way");
  add_common(watch_command);
  add_filter(watch_command);
  watch_command->add_option("--interval", options.interval_seconds, "seconds between two looks")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
}

ExitCode run_sessions_list(const SessionsOptions& options) {
  const Result<SessionFilter> filter = filter_of(options);
  if (!filter) return report(filter.error());
  const Result<std::unique_ptr<Catalog>> catalog = open_catalog(options);
  if (!catalog) return report(catalog.error());
  return print(list(**catalog, *filter, options.format));
}

ExitCode run_sessions_show(const SessionsOptions& options) {
  const Result<std::unique_ptr<Catalog>> catalog = open_catalog(options);
  if (!catalog) return report(catalog.error());
  const Result<SessionRecord> session = (*catalog)->get_session(SessionKey{options.session});
  if (!session) return report(session.error());
  const std::int64_t now = unix_ms_now();
  return print(options.format == OutputFormat::json ? session_as_json(*session, now) : session_as_text(*session, now));
}

ExitCode run_sessions_watch(const SessionsOptions& options) {
  const Result<SessionFilter> filter = filter_of(options);
  if (!filter) return report(filter.error());
  const Result<std::unique_ptr<Catalog>> catalog = open_catalog(options);
  if (!catalog) return report(catalog.error());
  const bool redraw = options.format == OutputFormat::text && ::isatty(STDOUT_FILENO) == 1;
  for (;;) {
    if (redraw) std::fputs("\x1b[H\x1b[2J", stdout);
    if (const ExitCode printed = print(list(**catalog, *filter, options.format)); printed != ExitCode::ok)
      return printed;
    const Result<std::vector<SessionRecord>> running =
        (*catalog)->list_sessions({.result = SessionResult::in_progress, .limit = 1});
    if (!running) return report(running.error());
    if (running->empty()) return ExitCode::ok;
    std::this_thread::sleep_for(std::chrono::seconds{options.interval_seconds});
  }
}

}  // namespace donord
