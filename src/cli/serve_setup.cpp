#include "cli/serve_setup.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/file.hpp"
#include "base/units.hpp"
#include "cli/config_file.hpp"
#include "server/rate_limit.hpp"

namespace donord {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kMinBlockBytes = 4096;

Result<std::optional<Credential>> credential_of(const ServeOptions& options) {
  if (!options.password_file.empty()) {
    const Result<Secret> secret = read_password_file(options.password_file);
    if (!secret) return secret.error();
    Result<Credential> credential = credential_from_password(*secret);
    if (!credential) return credential.error();
    return std::optional{std::move(*credential)};
  }
  const char* password = std::getenv("DONORD_PASSWORD");
  if (password != nullptr && *password != '\0') {
    Result<Credential> credential = credential_from_password(Secret{std::string_view{password}});
    if (!credential) return credential.error();
    return std::optional{std::move(*credential)};
  }
  if (options.allow_empty_password) return std::optional<Credential>{NoPassword{}};
  return std::optional<Credential>{};
}

/// "name:value" or "name=value" into its halves; without the separator the second one is empty.
std::pair<std::string, std::string> halves(const std::string& text, char separator) {
  const std::size_t at = text.find(separator);
  if (at == std::string::npos) return {text, ""};
  return {text.substr(0, at), text.substr(at + 1)};
}

Result<ParameterChoice> parameters_of(const ServeOptions& options) {
  if (!options.present_version.empty() && !parse_version(options.present_version))
    return Error{Errc::usage,
                 fmt::format("--present-version {}: expected a version such as 9.7.4", options.present_version)};
  ParameterChoice choice{
      .present_version = options.present_version, .page_size = false, .reconnect_minutes = options.reconnect_minutes};
  std::string list = options.clone_send;
  while (!list.empty()) {
    const auto [word, rest] = halves(list, ',');
    list = rest;
    if (word == "page-size")
      choice.page_size = true;
    else if (word == "plugins")
      choice.plugins = {{"InnoDB", ""}, {"clone", "mysql_clone.so"}};
    else if (word != "none")
      return Error{Errc::usage, fmt::format("--clone-send does not know '{}'", word),
                   "it takes page-size, plugins, none"};
  }
  for (const std::string& plugin : options.clone_plugins) choice.plugins.push_back(halves(plugin, ':'));
  choice.collations = options.clone_collations;
  for (const std::string& config : options.clone_configs) {
    if (config.find('=') == std::string::npos)
      return Error{Errc::usage, fmt::format("--clone-config {}: expected NAME=VALUE", config)};
    choice.configs.push_back(halves(config, '='));
  }
  return choice;
}

}  // namespace

std::optional<std::array<unsigned, 3>> parse_version(std::string_view text) {
  std::array<unsigned, 3> parts{};
  for (unsigned& part : parts) {
    if (&part != parts.data()) {
      if (!text.starts_with('.')) return std::nullopt;
      text.remove_prefix(1);
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), part);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
  return text.empty() || text.starts_with('-') ? std::optional{parts} : std::nullopt;
}

Result<std::vector<ServerAccount>> accounts_of(const ServeOptions& options) {
  std::vector<ServerAccount> accounts;
  if (!options.config.empty()) {
    Result<std::vector<ServerAccount>> configured = read_config_accounts(options.config);
    if (!configured) return configured.error();
    accounts = std::move(*configured);
  }
  Result<std::optional<Credential>> credential = credential_of(options);
  if (!credential) return credential.error();
  if (*credential)
    accounts.push_back({.user = options.user,
                        .hosts = {*HostPattern::parse("%")},
                        .credential = std::move(**credential),
                        .allow_empty_password = options.allow_empty_password});
  if (accounts.empty())
    return Error{Errc::usage, "no account has a password",
                 "give --password-file, or DONORD_PASSWORD in the environment, or [[account]] in --config, or "
                 "--allow-empty-password"};
  return accounts;
}

Result<std::shared_ptr<const TlsContext>> tls_of(const ServeOptions& options) {
  const TlsFiles& files = options.tls;
  if (files.certificate.empty() != files.key.empty())
    return Error{Errc::usage, "--ssl-cert and --ssl-key belong together"};
  if (!files.certificate.empty()) return TlsContext::from_files(files);

  const fs::path directory = options.catalog.parent_path();
  const TlsFiles kept{directory / "donord-cert.pem", directory / "donord-key.pem", files.ca};
  std::error_code unreadable;
  if (!fs::exists(kept.certificate, unreadable) || !fs::exists(kept.key, unreadable)) {
    const Result<CertificatePair> pair = make_self_signed_certificate("donord self-signed");
    if (!pair) return pair.error();
    if (Result<> written = write_file_atomically(kept.key, as_bytes(pair->key), 0600); !written) return written.error();
    if (Result<> written = write_file_atomically(kept.certificate, as_bytes(pair->certificate), 0644); !written)
      return written.error();
  }
  return TlsContext::from_files(kept);
}

Result<ServerOptions> server_options_of(const ServeOptions& options) {
  const Result<std::uint64_t> block_bytes = parse_size(options.block_size);
  if (!block_bytes || *block_bytes < kMinBlockBytes || *block_bytes > kMaxBlockBytes ||
      *block_bytes % kMinBlockBytes != 0)
    return Error{Errc::usage, "--block-size must be a multiple of 4K between 4K and 8M"};
  Result<ParameterChoice> parameters = parameters_of(options);
  if (!parameters) return parameters.error();
  ServerOptions server = options.server;
  server.parameters = std::move(*parameters);
  server.max_data_bytes_per_second = options.max_data_bandwidth * kMiB;
  server.max_network_bytes_per_second = options.max_network_bandwidth * kMiB;
  std::uint64_t possible_bytes = *block_bytes;
  for (const std::uint64_t rate : {server.max_data_bytes_per_second, server.max_network_bytes_per_second})
    if (rate != 0) possible_bytes = std::min(possible_bytes, rate / kLeastBlocksPerSecond);
  server.block_bytes = static_cast<std::uint32_t>(possible_bytes);
  server.away_grace = std::chrono::seconds{options.away_grace_seconds};
  server.shutdown_limit = std::chrono::seconds{options.shutdown_seconds};
  return server;
}

}  // namespace donord
