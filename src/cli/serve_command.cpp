#include "cli/serve_command.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/strand.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

#include "base/io_priority.hpp"
#include "base/log.hpp"
#include "base/secret.hpp"
#include "base/units.hpp"
#include "cli/progress_view.hpp"
#include "cli/report.hpp"
#include "cli/serve_setup.hpp"
#include "cli/serve_source.hpp"
#include "cli/source_report.hpp"
#include "fault/fault_points.hpp"
#include "server/server.hpp"

namespace donord {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kNetworkThreads = 2;

std::size_t worker_threads() {
  return std::max<std::size_t>(4, std::thread::hardware_concurrency());
}

/// Every connection and every data file being read needs a descriptor.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

log::Level level_of(const std::string& name) {
  if (name == "debug") return log::Level::debug;
  if (name == "warn") return log::Level::warn;
  if (name == "error") return log::Level::error;
  return log::Level::info;
}

std::optional<ServerAccount> account_to_show(const std::vector<ServerAccount>& accounts) {
  const auto can_clone = std::find_if(accounts.begin(), accounts.end(), [](const ServerAccount& account) {
    return account.privilege == ClonePrivilege::backup_admin;
  });
  return can_clone == accounts.end() ? std::nullopt : std::optional{*can_clone};
}

std::string sql_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string{"''"} : std::string{c};
  return quoted + "'";
}

void announce(const SourceIdentity& identity, const ServedSource& source, const std::optional<ServerAccount>& account,
              const asio::ip::tcp::endpoint& endpoint) {
  fmt::print("Serving {}: MySQL {}, {} files, {}, LSN {}\n", identity.description, identity.server_version,
             identity.file_count, human_size(identity.data_bytes), identity.end_lsn);
  if (source.at_rest)
    report_source(*source.at_rest);
  else
    report_live_source(source.upstream);
  if (source.at_rest || !source.upstream)
    fmt::print("Only what is in this directory and in those that the options name is known of.\n");
  if (source.at_rest && source.upstream) fmt::print("{} is asked as soon as it runs.\n", *source.upstream);
  if (account) {
    const std::string host = endpoint.address().is_unspecified() ? "DONOR_HOST" : endpoint.address().to_string();
    const bool no_password = std::holds_alternative<NoPassword>(account->credential);
    fmt::print("On the recipient:\n");
    fmt::print("  INSTALL PLUGIN clone SONAME 'mysql_clone.so';\n");
    fmt::print("  SET GLOBAL clone_valid_donor_list = '{}:{}';\n", host, endpoint.port());
    fmt::print("  CLONE INSTANCE FROM {}@'{}':{} IDENTIFIED BY '{}'{};\n", sql_quoted(account->user), host,
               endpoint.port(), no_password ? "" : "...", source.has_keys ? " REQUIRE SSL" : "");
  } else {
    fmt::print("No account has the right to clone.\n");
  }
  std::fflush(stdout);
  fmt::print(stderr, "donord: ready for connections. address: '{}' port: {}\n", endpoint.address().to_string(),
             endpoint.port());
}

/// Keys are in memory of their own, but on their way to a recipient they pass through buffers that a core dump would
/// have (docs/decisions/0011-keys-in-memory.md).
void keep_keys_in() {
  constexpr rlimit kNoDump{0, 0};
  if (::setrlimit(RLIMIT_CORE, &kNoDump) != 0) log::warn("keys.core_dumps_possible", {{"errno", errno}});
  if (!key_memory_is_locked()) log::warn("keys.not_locked", {{"hint", "raise the limit of locked memory (ulimit -l)"}});
}

/// Reads accounts and certificates again; what cannot be read leaves things as they are.
void reload(const ServeOptions& options, ServerContext& context) {
  Result<std::vector<ServerAccount>> accounts = accounts_of(options);
  Result<> replaced = accounts ? context.accounts.replace(std::move(*accounts)) : Result<>{accounts.error()};
  if (!replaced) log::error("reload.accounts", {{"error", replaced.error().what}});
  const Result<std::shared_ptr<const TlsContext>> tls = tls_of(options);
  if (tls)
    context.set_tls(*tls);
  else
    log::error("reload.tls", {{"error", tls.error().what}});
  if (replaced && tls) log::info("reload.done");
}

asio::awaitable<void> handle_signals(asio::signal_set& signals, const ServeOptions& options,
                                     std::shared_ptr<ServerContext> context, Server& server) {
  for (;;) {
    const auto [code, signal] = co_await signals.async_wait(asio::as_tuple(asio::use_awaitable));
    if (code) co_return;
    if (signal == SIGHUP) {
      reload(options, *context);
      continue;
    }
    if (context->draining) {
      log::info("shutdown.at_once", {{"signal", signal}});
      server.stop_at_once();
      continue;
    }
    log::info("shutdown.begin", {{"signal", signal}, {"clones", context->clones.all().size()}});
    server.stop();
  }
}

Result<> serve(const ServeOptions& options) {
  Result<FaultRules> faults =
      FaultRules::parse(std::getenv("DONORD_FAULTS") != nullptr ? std::getenv("DONORD_FAULTS") : "");
  if (!faults) return faults.error().within("DONORD_FAULTS");
  if (Result<> known = check_points(*faults); !known) return known.error().within("DONORD_FAULTS");
  if (options.source.datadir.empty() && options.source.defaults_file.empty())
    return Error{Errc::usage, "nothing to serve", "give --datadir, or the server's my.cnf as --source-defaults-file"};
  const Result<ServerOptions> server_options = server_options_of(options);
  if (!server_options) return server_options.error();
  if (options.io_priority == "idle" && !set_io_priority(IoPriority::idle))
    log::warn("io_priority.refused", {{"wanted", "idle"}});

  Result<std::vector<ServerAccount>> accounts = accounts_of(options);
  if (!accounts) return accounts.error();
  const Result<ServedSource> source = open_source(options);
  if (!source) return source.error();
  const SourceIdentity identity = source->source->identity();
  if (source->has_keys) keep_keys_in();

  std::error_code ignored;
  fs::create_directories(options.catalog.parent_path(), ignored);
  Result<std::unique_ptr<Catalog>> catalog = Catalog::open(options.catalog, sqlite::Access::read_write);
  if (!catalog) return catalog.error();
  if (const Result<std::uint64_t> interrupted = (*catalog)->mark_interrupted(); !interrupted)
    return interrupted.error();

  const Result<std::shared_ptr<const TlsContext>> tls = tls_of(options);
  if (!tls) return tls.error();
  Result<RsaKey> rsa = RsaKey::generate();
  if (!rsa) return rsa.error();

  const auto context =
      std::make_shared<ServerContext>(*server_options, source->source, std::shared_ptr<Catalog>{std::move(*catalog)},
                                      std::move(*rsa), worker_threads());
  context->faults.arm(std::move(*faults));
  context->set_tls(*tls);
  const std::optional<ServerAccount> shown = account_to_show(*accounts);
  if (Result<> replaced = context->accounts.replace(std::move(*accounts)); !replaced) return replaced;

  asio::io_context io{static_cast<int>(kNetworkThreads)};
  Server server{io, context};
  if (Result<> listening = server.listen(); !listening) return listening;
  server.start();
  const auto control = asio::make_strand(io);
  asio::signal_set signals{control, SIGTERM, SIGINT, SIGHUP};
  asio::co_spawn(control, handle_signals(signals, options, context, server), asio::detached);
  report_presented_version(context->presented_version(), identity.server_version);
  announce(identity, *source, shown, server.endpoint());
  ProgressView progress{*context};
  asio::co_spawn(control, progress.run(), [&signals](const std::exception_ptr&) { signals.cancel(); });

  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < kNetworkThreads; ++i) threads.emplace_back([&io] { io.run(); });
  io.run();
  threads.clear();
  context->front_pool.join();
  context->begin_pool.join();
  context->pool.join();
  for (const FaultRuleReport& rule : context->faults.report())
    if (rule.matched == 0) log::warn("fault.never_matched", {{"rule", rule.text}});
  log::info("shutdown.end");
  return {};
}

}  // namespace

fs::path default_catalog_path() {
  if (::geteuid() == 0) return "/var/lib/donord/catalog.db";
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/')
    return fs::path{state} / "donord/catalog.db";
  const char* home = std::getenv("HOME");
  return fs::path{home != nullptr ? home : "."} / ".local/state/donord/catalog.db";
}

ExitCode run_serve(const ServeOptions& given) {
  ServeOptions options = given;
  log::set_level(level_of(options.log_level));
  if (options.catalog.empty()) options.catalog = default_catalog_path();
  options.catalog = fs::absolute(options.catalog);
  raise_descriptor_limit();
  std::signal(SIGPIPE, SIG_IGN);
  const Result<> served = serve(options);
  return served ? ExitCode::ok : report(served.error());
}

}  // namespace donord
