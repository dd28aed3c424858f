// Authentication against a hostile client and a hostile server. The first byte chooses credential, channel and role;
// the rest is cut into packets by a length byte in front of each. A login without the password must not succeed.

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "protocol/auth/client_auth.hpp"
#include "protocol/auth/server_auth.hpp"

namespace donord {
namespace {

const RsaKey& rsa_key() {
  static const RsaKey key = RsaKey::generate().value();
  return key;
}

const std::vector<Credential>& credentials() {
  static const std::vector<Credential> made = {
      FastDigest{fast_digest(as_bytes("a password that no input holds"))},
      StoredHash{CachingSha2Hash::of(as_bytes("a password that no input holds")), std::nullopt},
      native_digest(as_bytes("a password that no input holds")),
  };
  return made;
}

class Packets {
 public:
  explicit Packets(ByteView bytes) : left_(bytes) {}

  ByteView next() {
    if (left_.empty()) return {};
    const std::size_t count = std::min<std::size_t>(left_.front() * 2U, left_.size() - 1);
    const ByteView packet = left_.subspan(1, count);
    left_ = left_.subspan(1 + count);
    return packet;
  }
  [[nodiscard]] bool empty() const { return left_.empty(); }

 private:
  ByteView left_;
};

void against_client(std::uint8_t choice, Packets packets) {
  const Channel channel = (choice & 4) != 0 ? Channel::secure : Channel::plain;
  const std::size_t credential = choice >> 3 & 3;
  ServerAuth server{{Nonce{}, kCachingSha2Password, Nonce{}, channel, &rsa_key(), "192.0.2.1"},
                    [&](std::string_view, std::string_view) -> std::optional<Account> {
                      if (credential >= credentials().size()) return std::nullopt;
                      return Account{"clone", "%", credentials()[credential]};
                    }};
  constexpr Capabilities kOffered{0x00388200U};
  const Result<HandshakeResponse41> response = decode_handshake_response(packets.next(), kOffered);
  if (!response) return;
  AuthStep step = server.start(*response);
  for (int round = 0; std::holds_alternative<AuthStep::WaitForClient>(step.next); ++round) {
    if (round == 4) std::abort();
    step = server.on_packet(packets.next());
  }
  if (std::holds_alternative<AuthStep::Accepted>(step.next)) std::abort();
}

void against_server(std::uint8_t choice, Packets packets) {
  const Channel channel = (choice & 4) != 0 ? Channel::secure : Channel::plain;
  ClientAuth client{Secret{"password"}, channel, Capabilities{}};
  static_cast<void>(client.on_greeting((choice & 8) != 0 ? kCachingSha2Password : "other", Nonce{}));
  while (!packets.empty()) {
    const Result<ClientAuthStep> step = client.on_packet(packets.next());
    if (!step || std::holds_alternative<LoggedIn>(*step)) return;
  }
}

}  // namespace
}  // namespace donord

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace donord;
  if (size == 0) return 0;
  const Packets packets{ByteView{data + 1, size - 1}};
  if ((data[0] & 1) != 0)
    against_client(data[0], packets);
  else
    against_server(data[0], packets);
  return 0;
}
