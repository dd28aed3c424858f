#pragma once

// The options of `donord serve`: from the command line, a TOML file (--config), and the environment.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/source_options.hpp"
#include "cli/upstream_flags.hpp"
#include "server/accounts.hpp"
#include "server/server_options.hpp"
#include "server/tls.hpp"

namespace CLI {
class App;
}

namespace donord {

struct ServeOptions {
  SourceOptions source;
  std::filesystem::path config;
  std::filesystem::path catalog;
  std::string user = "clone";
  std::filesystem::path password_file;
  bool allow_empty_password = false;
  TlsFiles tls;
  std::string live = "auto";
  std::filesystem::path live_dir;
  std::string redo_archive_size = "10G";
  std::string page_copy = "yes";
  std::string drop_behind = "yes";
  std::string io_priority = "normal";
  std::uint64_t max_data_bandwidth = 0;
  std::uint64_t max_network_bandwidth = 0;
  UpstreamFlags upstream;
  std::string block_size = "1M";
  std::string log_level = "info";
  std::string present_version;
  std::string clone_send = "page-size,plugins";
  std::vector<std::string> clone_plugins;
  std::vector<std::string> clone_collations;
  std::vector<std::string> clone_configs;
  std::uint32_t reconnect_minutes = 5;
  std::uint32_t shutdown_seconds = 30;
  std::uint32_t away_grace_seconds = 15;
  ServerOptions server;
};

/// Declares the options on a subcommand; parsing fills `options`, which must outlive `app`.
void add_serve_options(CLI::App& app, ServeOptions& options);

}  // namespace donord
