#pragma once

// The server's side of authentication, without a socket. It is handed the client's packets and says what to send.
//
//              start(HandshakeResponse41)
//                        |   other plugin or no response
//                        +------------------------------> [switched] --on_packet--+
//                        |  plugin and response fit                               |
//                        v                                                        v
//     native:  Accepted | Rejected        caching_sha2: empty or fast: Accepted | Rejected
//                                                       else: 01 04 -> [full]
//     [full]   secure channel: password NUL       -> Accepted | Rejected
//              plain: 02 -> public key -> [full]; ciphertext -> Accepted | Rejected
//
// What a client cannot tell apart from the packets it gets, or from the time they take: an unknown user, and a known
// one with a wrong password. Every wrong scramble leads to the full exchange, and every failed full exchange costs as
// many rounds of SHA-256 crypt as a stock server's hash has; only a stored hash with more rounds than that is slower.
// An account with a native hash does show, by the plugin it is switched to, as on a stock server. Source:
// docs/wire-and-clone-rpc.md, "Authentication".

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/auth/caching_sha2.hpp"
#include "protocol/auth/credential.hpp"
#include "protocol/auth/rsa_key.hpp"
#include "protocol/generic_response.hpp"
#include "protocol/handshake.hpp"

namespace donord {

/// The account that `user` from `peer_address` logs in as, if there is one.
using AccountLookup = std::function<std::optional<Account>(std::string_view user, std::string_view peer_address)>;

enum class AuthMethod { empty_password, fast, full, native };

/// What the machine wants next.
struct AuthStep {
  /// Read the client's next packet and call `on_packet`.
  struct WaitForClient {};
  /// The session answers with an OK packet.
  struct Accepted {
    Account account;
    AuthMethod method;
    /// After a full authentication of a stored hash: put into `StoredHash::cached`, it spares the next client one.
    std::optional<FastDigest> learned;
  };
  /// The session answers with `error` and closes.
  struct Rejected {
    ErrPacket error;
    std::string reason;  ///< for our own log; the client is not told
  };

  std::vector<Bytes> send;  ///< payloads to be sent first, each with the next sequence id
  std::variant<WaitForClient, Accepted, Rejected> next;
};

class ServerAuth {
 public:
  /// The longest packet that a client sends in the exchange; what is longer can be refused unread.
  static constexpr std::size_t kMaxClientPacketBytes = 1024;

  struct Setup {
    Nonce greeting_nonce;
    std::string_view greeting_plugin = kCachingSha2Password;
    Nonce switch_nonce;  ///< for an AuthSwitchRequest: another one than the greeting's
    Channel channel = Channel::plain;
    const RsaKey* rsa = nullptr;  ///< outlives the machine; without it, no full authentication on a plain channel
    std::string peer_address;     ///< for the lookup, and named in errors
  };

  ServerAuth(Setup setup, AccountLookup lookup) : setup_(std::move(setup)), lookup_(std::move(lookup)) {}

  [[nodiscard]] AuthStep start(const HandshakeResponse41& response);
  /// After `WaitForClient`. The payload may hold the password: the caller wipes it.
  [[nodiscard]] AuthStep on_packet(ByteView payload);

 private:
  enum class State { greeted, switched, full, key_sent, finished };

  [[nodiscard]] AuthStep on_response(ByteView response);
  [[nodiscard]] AuthStep on_full(ByteView payload);
  [[nodiscard]] AuthStep on_ciphertext(ByteView ciphertext);
  [[nodiscard]] AuthStep on_password(ByteView with_nul);
  [[nodiscard]] AuthStep accept(AuthMethod method, std::optional<FastDigest> learned = std::nullopt);
  [[nodiscard]] AuthStep reject(std::string_view reason);
  [[nodiscard]] AuthStep reject_password(ByteView tried, std::uint32_t rounds_spent, std::string_view reason);
  [[nodiscard]] AuthStep reject_with(ErrPacket error, std::string_view reason);

  Setup setup_;
  AccountLookup lookup_;
  State state_ = State::greeted;
  std::string user_;
  std::optional<Account> account_;
  std::string_view plugin_;
  Nonce nonce_;
  bool password_used_ = false;
};

}  // namespace donord
