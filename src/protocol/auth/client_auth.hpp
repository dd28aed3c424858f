#pragma once

// The client's side of authentication, without a socket: for recipients, the proxy and the tests.
// Source: docs/wire-and-clone-rpc.md, "Authentication".

#include <string>
#include <string_view>
#include <variant>

#include "base/result.hpp"
#include "protocol/auth/caching_sha2.hpp"
#include "protocol/auth/secret.hpp"
#include "protocol/generic_response.hpp"
#include "protocol/nonce.hpp"

namespace donord {

/// What goes into HandshakeResponse41.
struct AuthResponse {
  std::string plugin;
  Bytes data;
};

/// What the machine wants next: send this packet, which may hold the password (the caller wipes it), then read.
struct SendToServer {
  Bytes payload;
};
/// Read the next packet.
struct WaitForServer {};
/// Authentication is over; the command phase begins.
struct LoggedIn {
  OkPacket ok;
};
using ClientAuthStep = std::variant<SendToServer, WaitForServer, LoggedIn>;

class ClientAuth {
 public:
  /// `effective`: the capabilities in force, by which the final OK is read.
  ClientAuth(Secret password, Channel channel, Capabilities effective)
      : password_(std::move(password)), channel_(channel), effective_(effective) {}

  /// To the greeting. For a plugin it does not know: caching_sha2_password and no data, which asks for a switch.
  [[nodiscard]] AuthResponse on_greeting(std::string_view plugin, const Nonce& nonce);
  /// To every packet of the server after HandshakeResponse41. Errors: `denied` and `unavailable` from the server's ERR,
  /// `unsupported_version` for a plugin it cannot do, `malformed` for packets that belong to no exchange.
  [[nodiscard]] Result<ClientAuthStep> on_packet(ByteView payload);

 private:
  enum class State { greeted, full_auth, key_requested };

  [[nodiscard]] Result<Bytes> scramble(std::string_view plugin) const;
  [[nodiscard]] Result<ClientAuthStep> on_switch(ByteView payload);
  [[nodiscard]] Result<ClientAuthStep> on_more_data(ByteView payload);
  [[nodiscard]] Result<ClientAuthStep> send_encrypted(ByteView public_pem);
  [[nodiscard]] SecretBytes password_with_nul() const;

  Secret password_;
  Channel channel_;
  Capabilities effective_;
  State state_ = State::greeted;
  std::string plugin_;
  Nonce nonce_;
  bool switched_ = false;
};

}  // namespace donord
