#include "upstream/upstream_options.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>

namespace donord {

namespace {

constexpr auto kModes = std::to_array<std::pair<TlsMode, std::string_view>>({
    {TlsMode::disabled, "DISABLED"},
    {TlsMode::preferred, "PREFERRED"},
    {TlsMode::required, "REQUIRED"},
    {TlsMode::verify_ca, "VERIFY_CA"},
    {TlsMode::verify_identity, "VERIFY_IDENTITY"},
});

Error not_understood(std::string_view text, std::string_view why) {
  return Error{Errc::usage, fmt::format("--upstream {}: {}", text, why),
               "expected user@host, user@host:port, user@[IPv6 address]:port or user@/path/to/socket"};
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

/// A user may have an '@' in the name, a path as well: what stands before the path or the host ends at the last one.
std::size_t end_of_user(std::string_view text) {
  const std::size_t before_path = text.find("@/");
  return before_path != std::string_view::npos ? before_path : text.rfind('@');
}

Result<> set_host(UpstreamOptions& options, std::string_view text, std::string_view host) {
  std::string_view port;
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos) return not_understood(text, "'[' without ']'");
    port = host.substr(end + 1);
    host = host.substr(1, end - 1);
  } else if (const std::size_t colon = host.find(':'); colon != std::string_view::npos) {
    if (colon != host.rfind(':')) return not_understood(text, "an IPv6 address needs brackets");
    port = host.substr(colon);
    host = host.substr(0, colon);
  }
  if (host.empty()) return not_understood(text, "no host");
  options.host = host;
  if (port.empty()) return {};
  const std::optional<std::uint16_t> number = port.starts_with(':') ? parse_port(port.substr(1)) : std::nullopt;
  if (!number) return not_understood(text, "not a port");
  options.port = *number;
  return {};
}

}  // namespace

std::string_view name_of(TlsMode mode) {
  return std::ranges::find(kModes, mode, &std::pair<TlsMode, std::string_view>::first)->second;
}

std::string UpstreamOptions::name() const {
  if (over_socket()) return fmt::format("{}@{}", user, socket.string());
  if (host.find(':') != std::string::npos) return fmt::format("{}@[{}]:{}", user, host, port);
  return fmt::format("{}@{}:{}", user, host, port);
}

Result<UpstreamOptions> parse_upstream(std::string_view text) {
  const std::size_t at = end_of_user(text);
  if (at == std::string_view::npos || at == 0) return not_understood(text, "no user");
  if (text.find('\0') != std::string_view::npos) return not_understood("", "a NUL in it");
  UpstreamOptions options;
  options.user = text.substr(0, at);
  const std::string_view server = text.substr(at + 1);
  if (server.starts_with('/'))
    options.socket = server;
  else if (Result<> done = set_host(options, text, server); !done)
    return done.error();
  return options;
}

Result<> set_tls(UpstreamOptions& options, std::string_view mode, const std::filesystem::path& ca) {
  std::string upper{mode};
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  options.tls_ca = ca;
  options.tls_mode = ca.empty() ? TlsMode::preferred : TlsMode::verify_ca;
  if (!mode.empty()) {
    const auto* const found = std::ranges::find(kModes, upper, &std::pair<TlsMode, std::string_view>::second);
    if (found == kModes.end())
      return Error{Errc::usage, fmt::format("--upstream-ssl-mode does not know '{}'", mode),
                   "it takes DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY"};
    options.tls_mode = found->first;
  }
  const bool verifies = options.tls_mode >= TlsMode::verify_ca;
  if (verifies && ca.empty())
    return Error{Errc::usage, fmt::format("--upstream-ssl-mode={} needs --upstream-ssl-ca", name_of(options.tls_mode))};
  if (!verifies && !ca.empty())
    return Error{Errc::usage,
                 fmt::format("with --upstream-ssl-mode={} no certificate is verified", name_of(options.tls_mode)),
                 "leave --upstream-ssl-ca out, or the mode, or take VERIFY_CA or VERIFY_IDENTITY"};
  if (options.tls_mode == TlsMode::verify_identity && options.over_socket())
    return Error{Errc::usage, "a socket has no host name to verify", "take --upstream-ssl-mode=VERIFY_CA"};
  return {};
}

}  // namespace donord
