#pragma once

// The login at a server, without a socket: from its greeting to the OK. What decides about TLS decides it here, before
// anything but the wish for TLS is sent (docs/wire-and-clone-rpc.md, "Connect sequence").

#include <optional>
#include <string>
#include <variant>

#include "protocol/auth/client_auth.hpp"
#include "protocol/handshake.hpp"
#include "upstream/upstream_options.hpp"

namespace donord {

class UpstreamLogin {
 public:
  /// `options` outlives the machine.
  explicit UpstreamLogin(const UpstreamOptions& options) : options_(options) {}

  /// Send this packet, which may hold the password (the caller wipes it), then read.
  struct Send {
    Bytes payload;
  };
  /// Send this packet, make TLS of the connection, and say `on_tls_started()`.
  struct StartTls {
    Bytes payload;
  };
  struct Wait {};
  struct Done {};
  using Step = std::variant<Send, StartTls, Wait, Done>;

  /// To every packet of the server. Errors: as of `upstream_error`; `insecure` when TLS is wanted and not offered,
  /// `unsupported_version` for servers and plugins that cannot be talked to, `malformed`.
  [[nodiscard]] Result<Step> on_packet(ByteView payload);
  [[nodiscard]] Send on_tls_started();

  /// What is in force once logged in.
  [[nodiscard]] Capabilities effective() const;
  [[nodiscard]] const std::string& server_version() const { return greeting_.server_version; }
  /// That KILL names.
  [[nodiscard]] ConnectionId connection_id() const { return greeting_.connection_id; }

 private:
  enum class State { greeting, tls, authentication };

  [[nodiscard]] Result<Step> on_greeting(ByteView payload);
  [[nodiscard]] Result<bool> wants_tls() const;
  [[nodiscard]] Send respond(Channel channel);
  [[nodiscard]] ClientHello hello() const;

  const UpstreamOptions& options_;
  State state_ = State::greeting;
  bool tls_ = false;
  HandshakeV10 greeting_;
  std::optional<ClientAuth> auth_;
};

}  // namespace donord
