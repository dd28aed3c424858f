#pragma once

// How the server is reached whose directory donord serves, and with what protection, in the words of MySQL's own
// clients.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "protocol/auth/secret.hpp"

namespace donord {

/// mysql's --ssl-mode.
enum class TlsMode {
  disabled,
  preferred,        ///< where the server offers it; never over a socket
  required,         ///< whoever the server is
  verify_ca,        ///< its certificate is of a known CA
  verify_identity,  ///< and names the host that was asked for
};

[[nodiscard]] std::string_view name_of(TlsMode mode);

struct UpstreamOptions {
  static constexpr std::uint16_t kDefaultPort = 3306;

  std::string user;
  std::string host;  ///< a name or an address; empty when there is a socket
  std::uint16_t port = kDefaultPort;
  std::filesystem::path socket;
  Secret password;  ///< empty: none
  TlsMode tls_mode = TlsMode::preferred;
  std::filesystem::path tls_ca;  ///< PEM
  /// From the first attempt to the end of the login; resolving a name takes what the resolver takes.
  std::chrono::seconds connect_timeout{10};
  std::chrono::seconds read_timeout{60};  ///< without a byte from the server
  std::chrono::seconds write_timeout{30};

  [[nodiscard]] bool over_socket() const { return !socket.empty(); }
  /// "clone@db1:3306", "clone@/run/mysqld/mysqld.sock".
  [[nodiscard]] std::string name() const;
};

/// "user@host", "user@host:port", "user@[::1]:port" or "user@/path/to/socket". Errors: `usage`.
[[nodiscard]] Result<UpstreamOptions> parse_upstream(std::string_view text);

/// `mode` is one of mysql's names, in any case; empty for the default, which is VERIFY_CA with a CA and PREFERRED
/// without. Errors: `usage` for other names, and for a CA that would not be looked at or one that is missing.
[[nodiscard]] Result<> set_tls(UpstreamOptions& options, std::string_view mode, const std::filesystem::path& ca);

}  // namespace donord
