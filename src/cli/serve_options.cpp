#include "cli/serve_options.hpp"

#include <CLI/CLI.hpp>

namespace donord {

namespace {

constexpr int kMaxBandwidth = 1 << 20;  // as of clone_max_data_bandwidth

}  // namespace

void add_serve_options(CLI::App& app, ServeOptions& options) {
  ServerOptions& server = options.server;
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);

  app.add_option("--datadir", options.source.datadir, "data directory of a MySQL instance")->group("Source");
  app.add_option("--live", options.live,
                 "serve the directory while a mysqld runs on it: yes, no, or auto: whichever it is when a clone begins")
      ->check(CLI::IsMember({"auto", "yes", "no"}))
      ->capture_default_str()
      ->group("Source");
  app.add_option("--live-dir", options.live_dir,
                 "directory for the redo of a running mysqld while clones need it; beside the catalog by default")
      ->group("Source");
  app.add_option("--redo-archive-size", options.redo_archive_size, "how much redo is kept for running clones")
      ->capture_default_str()
      ->group("Source");
  app.add_option("--page-copy", options.page_copy,
                 "send pages that a running mysqld changed meanwhile once more, so that recipients recover quickly")
      ->check(CLI::IsMember({"yes", "no"}))
      ->capture_default_str()
      ->group("Source");
  app.add_option("--drop-behind", options.drop_behind,
                 "leave the page cache of a running mysqld as it was: forget what was read for one clone")
      ->check(CLI::IsMember({"yes", "no"}))
      ->capture_default_str()
      ->group("Source");
  app.add_option("--io-priority", options.io_priority,
                 "idle: read data only when nobody else wants the disk, if its scheduler knows priorities")
      ->check(CLI::IsMember({"normal", "idle"}))
      ->capture_default_str()
      ->group("Source");
  app.add_option("--verify-pages", options.source.verify_pages, "verify the checksum of every page as it is served")
      ->check(CLI::IsMember({"yes", "no"}))
      ->capture_default_str()
      ->group("Source");
  add_location_options(app, options.source);
  add_upstream_options(app, options.upstream);

  app.add_option("--bind-address", server.bind_address, "address to listen on")
      ->capture_default_str()
      ->group("Network");
  app.add_option("--port", server.port, "port to listen on; 0: any free one")->capture_default_str()->group("Network");
  app.add_option("--ssl-cert", options.tls.certificate, "PEM certificate; a self-signed pair is made when absent")
      ->group("Network");
  app.add_option("--ssl-key", options.tls.key, "PEM private key of the certificate")->group("Network");
  app.add_option("--ssl-ca", options.tls.ca, "PEM CA that recipients' certificates must be of")->group("Network");
  app.add_flag("--require-secure-transport", server.require_secure_transport, "refuse connections without TLS")
      ->group("Network");
  app.add_option("--max-connections", server.max_connections, "open connections")
      ->capture_default_str()
      ->group("Network");

  app.add_option("--user", options.user, "account that recipients log in with")
      ->capture_default_str()
      ->group("Accounts");
  app.add_option("--password-file", options.password_file,
                 "file whose first line is the password; else the environment variable DONORD_PASSWORD")
      ->group("Accounts");
  app.add_flag("--allow-empty-password", options.allow_empty_password, "let the account log in without a password")
      ->group("Accounts");

  app.add_option("--max-clones", server.max_clones, "clones at a time")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->group("Clones");
  app.add_option("--reconnect-grace", options.away_grace_seconds,
                 "seconds for which a clone that lost its recipient keeps its place against newcomers")
      ->capture_default_str()
      ->group("Clones");
  app.add_option("--block-size", options.block_size, "data of one message, of which two are in memory per connection")
      ->capture_default_str()
      ->group("Clones");
  app.add_option("--max-data-bandwidth", options.max_data_bandwidth,
                 "MiB of data a second, of all clones together; 0: no limit")
      ->check(CLI::Range(0, kMaxBandwidth))
      ->capture_default_str()
      ->group("Clones");
  app.add_option("--max-network-bandwidth", options.max_network_bandwidth,
                 "MiB on the network a second, of all clones together; 0: no limit")
      ->check(CLI::Range(0, kMaxBandwidth))
      ->capture_default_str()
      ->group("Clones");
  app.add_option("--clone-donor-timeout-after-network-failure", options.reconnect_minutes,
                 "minutes that a recipient tries to reconnect")
      ->check(CLI::Range(0, 30))
      ->capture_default_str()
      ->group("Clones");
  app.add_option("--present-version", options.present_version,
                 "X.Y.Z: the version that recipients are told and compare with theirs, instead of the source's")
      ->group("Clones");
  app.add_option("--clone-send", options.clone_send,
                 "what recipients are told and check beside the version, a list of: page-size, plugins; or none")
      ->capture_default_str()
      ->group("Clones");
  app.add_option("--clone-plugin", options.clone_plugins, "NAME[:SHARED_OBJECT] that a recipient must have")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group("Clones");
  app.add_option("--clone-collation", options.clone_collations, "collation that a recipient must have")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group("Clones");
  app.add_option("--clone-config", options.clone_configs, "NAME=VALUE that a recipient's global variable must equal")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group("Clones");

  app.add_option("--catalog", options.catalog, "SQLite file that keeps the sessions")->group("Operation");
  app.add_option("--config", options.config, "TOML file with any of these options, and [[account]] tables")
      ->group("Operation");
  app.add_option("--shutdown-timeout", options.shutdown_seconds, "seconds that running clones get after SIGTERM")
      ->capture_default_str()
      ->group("Operation");
  app.add_option("--log-level", options.log_level, "debug, info, warn, error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str()
      ->group("Operation");
  app.footer(
      "Example:\n"
      "  donord serve --datadir /var/lib/mysql --bind-address 0.0.0.0 --port 3307 --password-file "
      "/etc/donord/password\n"
      "and on the recipient, as donord prints it when it is ready:\n"
      "  SET GLOBAL clone_valid_donor_list = 'donor-host:3307';\n"
      "  CLONE INSTANCE FROM 'clone'@'donor-host':3307 IDENTIFIED BY '...';\n"
      "Signals: SIGTERM ends after running clones, SIGHUP reads certificates and accounts again.");
}

}  // namespace donord
