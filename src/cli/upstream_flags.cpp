#include "cli/upstream_flags.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "cli/config_file.hpp"

namespace donord {

namespace {

constexpr const char* kPasswordVariable = "DONORD_UPSTREAM_PASSWORD";

Result<Secret> password_of(const UpstreamFlags& flags) {
  if (!flags.password_file.empty()) return read_password_file(flags.password_file);
  const char* const password = std::getenv(kPasswordVariable);
  return password == nullptr ? Secret{} : Secret{std::string_view{password}};
}

}  // namespace

void add_upstream_options(CLI::App& app, UpstreamFlags& flags) {
  app.add_option("--upstream", flags.upstream,
                 "user@host:port or user@/path/to/socket: the running server that the data directory belongs to")
      ->group("Upstream");
  app.add_option("--upstream-password-file", flags.password_file,
                 "file whose first line is the password; else the environment variable DONORD_UPSTREAM_PASSWORD")
      ->group("Upstream");
  app.add_option("--upstream-ssl-mode", flags.ssl_mode,
                 "as mysql's --ssl-mode: DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY; default: VERIFY_CA "
                 "with --upstream-ssl-ca, else PREFERRED")
      ->group("Upstream");
  app.add_option("--upstream-ssl-ca", flags.ssl_ca, "PEM CA that the server's certificate must be of")
      ->group("Upstream");
}

Result<std::optional<UpstreamOptions>> to_upstream_options(const UpstreamFlags& flags) {
  if (flags.upstream.empty()) {
    if (flags.password_file.empty() && flags.ssl_mode.empty() && flags.ssl_ca.empty())
      return std::optional<UpstreamOptions>{};
    return Error{Errc::usage,
                 "--upstream-password-file, --upstream-ssl-mode and --upstream-ssl-ca belong to --upstream"};
  }
  Result<UpstreamOptions> options = parse_upstream(flags.upstream);
  if (!options) return options.error();
  if (Result<> set = set_tls(*options, flags.ssl_mode, flags.ssl_ca); !set) return set.error();
  Result<Secret> password = password_of(flags);
  if (!password) return password.error();
  options->password = std::move(*password);
  return std::optional{std::move(*options)};
}

}  // namespace donord
