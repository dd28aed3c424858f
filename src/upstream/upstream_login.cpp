#include "upstream/upstream_login.hpp"

#include <cassert>
#include <unistd.h>

#include "base/printable.hpp"
#include "upstream/upstream_error.hpp"

namespace donord {

namespace {

/// Neither local files, which a server could ask for, nor several statements in one.
constexpr Capabilities kNeeded{Capability::protocol_41, Capability::secure_connection, Capability::plugin_auth};
constexpr Capabilities kWanted =
    kNeeded | Capabilities{Capability::long_password,      Capability::long_flag,
                           Capability::transactions,       Capability::plugin_auth_lenenc_data,
                           Capability::connect_attributes, Capability::deprecate_eof};

constexpr std::uint32_t kMaxPacketBytes = 1U << 30;

}  // namespace

Result<UpstreamLogin::Step> UpstreamLogin::on_packet(ByteView payload) {
  if (is_err(payload)) return upstream_error(payload);
  if (state_ == State::greeting) return on_greeting(payload);
  if (state_ == State::tls) return Error{Errc::malformed, "a packet in the place of TLS"};
  Result<ClientAuthStep> step = auth_->on_packet(payload);
  if (!step) return step.error();
  if (auto* const send = std::get_if<SendToServer>(&*step)) return Step{Send{std::move(send->payload)}};
  if (std::holds_alternative<LoggedIn>(*step)) return Step{Done{}};
  return Step{Wait{}};
}

Result<UpstreamLogin::Step> UpstreamLogin::on_greeting(ByteView payload) {
  Result<HandshakeV10> greeting = decode<HandshakeV10>(payload);
  if (!greeting) return greeting.error();
  greeting_ = std::move(*greeting);
  if ((greeting_.capabilities & kNeeded) != kNeeded)
    return Error{Errc::unsupported_version,
                 fmt::format("a server of version '{}'", printable(greeting_.server_version))};
  const Result<bool> tls = wants_tls();
  if (!tls) return tls.error();
  if (!*tls) return Step{respond(options_.over_socket() ? Channel::secure : Channel::plain)};
  tls_ = true;
  state_ = State::tls;
  return Step{StartTls{encode(SslRequest{hello()})}};
}

Result<bool> UpstreamLogin::wants_tls() const {
  const bool offered = greeting_.capabilities.has(Capability::ssl);
  switch (options_.tls_mode) {
    case TlsMode::disabled:
      return false;
    case TlsMode::preferred:
      return offered && !options_.over_socket();
    default:
      break;
  }
  if (offered) return true;
  return Error{Errc::insecure,
               fmt::format("--upstream-ssl-mode={}, and the server does not offer TLS", name_of(options_.tls_mode)),
               "see tls_version and ssl_cert of the server"};
}

UpstreamLogin::Send UpstreamLogin::on_tls_started() {
  assert(state_ == State::tls);
  return respond(Channel::secure);
}

UpstreamLogin::Send UpstreamLogin::respond(Channel channel) {
  state_ = State::authentication;
  auth_.emplace(options_.password, channel, effective());
  AuthResponse auth = auth_->on_greeting(greeting_.auth_plugin, greeting_.nonce);

  HandshakeResponse41 response;
  response.server_capabilities = greeting_.capabilities;
  response.hello = hello();
  response.user = options_.user;
  response.auth_response = std::move(auth.data);
  response.auth_plugin = std::move(auth.plugin);
  response.connect_attributes = {{"program_name", "donord"}, {"_pid", fmt::format("{}", ::getpid())}};
  return Send{encode(response)};
}

ClientHello UpstreamLogin::hello() const {
  ClientHello hello{.capabilities = kWanted, .max_packet_bytes = kMaxPacketBytes};
  if (tls_) hello.capabilities.add(Capability::ssl);
  return hello;
}

Capabilities UpstreamLogin::effective() const {
  return hello().capabilities & greeting_.capabilities;
}

}  // namespace donord
