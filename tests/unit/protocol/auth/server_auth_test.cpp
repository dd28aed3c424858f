#include "protocol/auth/server_auth.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/auth/client_auth.hpp"
#include "protocol/error_numbers.hpp"

namespace donord {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kPassword = "correct horse";
constexpr Capabilities kCapabilities{Capability::protocol_41, Capability::plugin_auth, Capability::secure_connection,
                                     Capability::plugin_auth_lenenc_data};

const RsaKey& rsa_key() {
  static const RsaKey key = RsaKey::generate().value();
  return key;
}

Nonce nonce_of(std::uint8_t byte) {
  Nonce nonce;
  nonce.bytes.fill(byte);
  return nonce;
}

Credential from_password(std::string_view password) {
  return credential_from_password(Secret{password}).value();
}

Credential stored_hash() {
  return StoredHash{CachingSha2Hash::of(as_bytes(kPassword)), std::nullopt};
}

/// What an observer of the connection sees, from the first response on.
struct Login {
  std::vector<std::string> packets;
  AuthStep::Accepted accepted;
  AuthStep::Rejected rejected;
  bool ok = false;
  Result<> client;
};

struct Peers {
  std::optional<Credential> credential = from_password(kPassword);
  std::string user = "clone";
  std::string_view password = kPassword;
  Channel channel = Channel::plain;
  const RsaKey* rsa = &rsa_key();
  std::string_view greeting_plugin = kCachingSha2Password;
  std::string_view client_plugin = {};  // other than the greeting's
  Capabilities capabilities = kCapabilities;

  [[nodiscard]] ServerAuth server() const {
    return ServerAuth{{nonce_of('a'), greeting_plugin, nonce_of('b'), channel, rsa, "192.0.2.7"},
                      [this](std::string_view name, std::string_view) -> std::optional<Account> {
                        if (name != "clone" || !credential) return std::nullopt;
                        return Account{"clone", "%", *credential};
                      }};
  }

  [[nodiscard]] HandshakeResponse41 response(const AuthResponse& auth) const {
    HandshakeResponse41 response;
    response.server_capabilities = capabilities;
    response.hello.capabilities = capabilities;
    response.user = user;
    response.auth_plugin = auth.plugin;
    response.auth_response = auth.data;
    return response;
  }

  /// Plays both sides to the end.
  [[nodiscard]] Login log_in() const {
    Login login;
    ServerAuth server_side = server();
    ClientAuth client{Secret{password}, channel, capabilities};
    const AuthResponse first =
        client.on_greeting(client_plugin.empty() ? greeting_plugin : client_plugin, nonce_of('a'));
    login.packets.push_back(fmt::format("C {} {}", first.plugin, first.data.size()));
    AuthStep step = server_side.start(response(first));
    for (;;) {
      std::optional<Bytes> answer;
      for (const Bytes& payload : step.send) {
        login.packets.push_back(label(payload));
        const Result<ClientAuthStep> reaction = client.on_packet(payload);
        if (!reaction) {
          login.client = reaction.error();
          return login;
        }
        if (const auto* send = std::get_if<SendToServer>(&*reaction)) answer = send->payload;
      }
      if (auto* accepted = std::get_if<AuthStep::Accepted>(&step.next)) {
        login.ok = true;
        login.accepted = std::move(*accepted);
        return login;
      }
      if (auto* rejected = std::get_if<AuthStep::Rejected>(&step.next)) {
        login.rejected = std::move(*rejected);
        login.client = client.on_packet(encode(login.rejected.error)).error();
        return login;
      }
      login.packets.push_back(fmt::format("C {}", answer->size()));
      step = server_side.on_packet(*answer);
    }
  }

  static std::string label(const Bytes& payload) {
    if (payload.front() == AuthSwitchRequest::kMarker)
      return "S switch " + decode<AuthSwitchRequest>(payload).value().plugin;
    return payload.size() == 2 ? fmt::format("S more {:02x}", payload.back()) : "S more key";
  }
};

TEST(ServerAuth, TakesTheFastPathWhenItKnowsThePassword) {
  const Login login = Peers{}.log_in();
  EXPECT_TRUE(login.ok);
  EXPECT_EQ(login.accepted.method, AuthMethod::fast);
  EXPECT_EQ(login.accepted.account.user, "clone");
  EXPECT_THAT(login.packets, ElementsAre("C caching_sha2_password 32", "S more 03"));
}

TEST(ServerAuth, AsksForThePasswordOverTlsWhenItHasOnlyTheSlowHash) {
  const Login login = Peers{.credential = stored_hash(), .channel = Channel::secure}.log_in();
  EXPECT_TRUE(login.ok);
  EXPECT_EQ(login.accepted.method, AuthMethod::full);
  EXPECT_THAT(login.packets, ElementsAre("C caching_sha2_password 32", "S more 04", "C 14"));
}

TEST(ServerAuth, SendsItsRsaKeyWhenThePasswordWouldTravelInTheClear) {
  const Login login = Peers{.credential = stored_hash()}.log_in();
  EXPECT_TRUE(login.ok);
  EXPECT_EQ(login.accepted.method, AuthMethod::full);
  EXPECT_THAT(login.packets, ElementsAre("C caching_sha2_password 32", "S more 04", "C 1", "S more key", "C 256"));
}

TEST(ServerAuth, AcceptsACiphertextFromAClientThatHasTheKeyAlready) {
  const Peers peers{.credential = stored_hash()};
  ServerAuth server = peers.server();
  AuthStep step = server.start(peers.response({std::string{kCachingSha2Password}, Bytes(32, 1)}));
  ASSERT_TRUE(std::holds_alternative<AuthStep::WaitForClient>(step.next));
  const RsaPublicKey key = RsaPublicKey::from_pem(rsa_key().public_pem()).value();
  step = server.on_packet(key.encrypt(mixed_with(nonce_of('a'), as_bytes(std::string{kPassword} + '\0'))).value());
  EXPECT_TRUE(std::holds_alternative<AuthStep::Accepted>(step.next));
}

TEST(ServerAuth, LearnsTheFastDigestFromAFullAuthentication) {
  const Login first = Peers{.credential = stored_hash()}.log_in();
  ASSERT_TRUE(first.accepted.learned);
  EXPECT_EQ(*first.accepted.learned, fast_digest(as_bytes(kPassword)));
  StoredHash learned = std::get<StoredHash>(first.accepted.account.credential);
  learned.cached = first.accepted.learned;
  const Login second = Peers{.credential = learned}.log_in();
  EXPECT_TRUE(second.ok);
  EXPECT_EQ(second.accepted.method, AuthMethod::fast);
}

TEST(ServerAuth, SwitchesToNativeForAnAccountWithANativeHash) {
  const Login login = Peers{.credential = native_digest(as_bytes(kPassword))}.log_in();
  EXPECT_TRUE(login.ok);
  EXPECT_EQ(login.accepted.method, AuthMethod::native);
  EXPECT_THAT(login.packets, ElementsAre("C caching_sha2_password 32", "S switch mysql_native_password", "C 20"));
}

TEST(ServerAuth, NeedsNoSwitchWhenTheClientAnsweredWithTheAccountsPlugin) {
  const Login login =
      Peers{.credential = native_digest(as_bytes(kPassword)), .client_plugin = kMysqlNativePassword}.log_in();
  EXPECT_TRUE(login.ok);
  EXPECT_THAT(login.packets, ElementsAre("C mysql_native_password 20"));
}

TEST(ServerAuth, SwitchesAClientThatAnswersForNativeToCachingSha2) {
  const Login login = Peers{.client_plugin = kMysqlNativePassword}.log_in();
  EXPECT_TRUE(login.ok);
  EXPECT_THAT(login.packets,
              ElementsAre("C mysql_native_password 20", "S switch caching_sha2_password", "C 32", "S more 03"));
}

TEST(ServerAuth, SwitchesAClientThatDidNotKnowTheGreetingsPlugin) {
  const Login login = Peers{.greeting_plugin = "some_other_plugin"}.log_in();
  EXPECT_TRUE(login.ok);
  EXPECT_THAT(login.packets,
              ElementsAre("C caching_sha2_password 0", "S switch caching_sha2_password", "C 32", "S more 03"));
}

TEST(ServerAuth, TakesTheFullPathAfterASwitchWithTheSwitchsNonce) {
  const Login login = Peers{.credential = stored_hash(), .greeting_plugin = "some_other_plugin"}.log_in();
  EXPECT_TRUE(login.ok) << login.rejected.reason;
  EXPECT_EQ(login.accepted.method, AuthMethod::full);
}

TEST(ServerAuth, LetsTheEmptyPasswordInOnlyWhereItIsAllowed) {
  const Login allowed = Peers{.credential = NoPassword{}, .password = ""}.log_in();
  EXPECT_TRUE(allowed.ok);
  EXPECT_EQ(allowed.accepted.method, AuthMethod::empty_password);
  EXPECT_THAT(allowed.packets, ElementsAre("C caching_sha2_password 1"));

  for (const Credential& credential : {from_password(kPassword), stored_hash()}) {
    const Login refused = Peers{.credential = credential, .password = ""}.log_in();
    EXPECT_FALSE(refused.ok);
    EXPECT_THAT(refused.rejected.error.message, HasSubstr("(using password: NO)"));
  }
  EXPECT_FALSE((Peers{.credential = native_digest(as_bytes(kPassword)), .password = ""}.log_in().ok));
}

TEST(ServerAuth, RefusesAnyPasswordForAnAccountWithoutOne) {
  EXPECT_FALSE((Peers{.credential = NoPassword{}}.log_in().ok));
  EXPECT_FALSE((Peers{.credential = NoPassword{}, .channel = Channel::secure}.log_in().ok));
}

TEST(ServerAuth, RefusesAWrongPasswordOnEveryPath) {
  for (const Channel channel : {Channel::plain, Channel::secure})
    for (const Credential& credential :
         {from_password(kPassword), stored_hash(), Credential{native_digest(as_bytes(kPassword))}}) {
      const Login login = Peers{.credential = credential, .password = "wrong", .channel = channel}.log_in();
      EXPECT_FALSE(login.ok);
      EXPECT_EQ(login.rejected.error.code, kErAccessDenied);
      EXPECT_EQ(login.rejected.error.sql_state, "28000");
      EXPECT_EQ(login.rejected.error.message, "Access denied for user 'clone'@'192.0.2.7' (using password: YES)");
      EXPECT_EQ(login.client.error().code, Errc::denied);
    }
}

TEST(ServerAuth, ShowsAnUnknownUserWhatItShowsAKnownOneWithAWrongPassword) {
  for (const Channel channel : {Channel::plain, Channel::secure})
    for (const std::string_view password : {"wrong", ""}) {
      const Login known = Peers{.password = password, .channel = channel}.log_in();
      const Login hashed = Peers{.credential = stored_hash(), .password = password, .channel = channel}.log_in();
      const Login unknown = Peers{.credential = std::nullopt, .password = password, .channel = channel}.log_in();
      EXPECT_EQ(unknown.packets, known.packets);
      EXPECT_EQ(unknown.packets, hashed.packets);
      EXPECT_EQ(unknown.rejected.error, known.rejected.error);
      EXPECT_EQ(unknown.rejected.error, hashed.rejected.error);
      EXPECT_EQ(unknown.rejected.reason, "no such account");
    }
}

TEST(ServerAuth, SaysInTheLogWhyAFullAuthenticationWasNotPossible) {
  const Login login = Peers{.credential = stored_hash(), .rsa = nullptr}.log_in();
  EXPECT_FALSE(login.ok);
  EXPECT_THAT(login.rejected.reason, HasSubstr("neither TLS nor an RSA key"));
  EXPECT_TRUE((Peers{.rsa = nullptr}.log_in().ok));
}

TEST(ServerAuth, RefusesAClientThatCannotSwitchPlugins) {
  constexpr Capabilities old{Capability::protocol_41, Capability::secure_connection};
  const Login login = Peers{.client_plugin = kMysqlNativePassword, .capabilities = old}.log_in();
  EXPECT_EQ(login.rejected.error.code, kErNotSupportedAuthMode);
  EXPECT_TRUE((Peers{
      .credential = native_digest(as_bytes(kPassword)), .client_plugin = kMysqlNativePassword, .capabilities = old}
                   .log_in()
                   .ok));
}

TEST(ServerAuth, RefusesScramblesOfAnyOtherSize) {
  for (const std::size_t size : {2U, 19U, 21U, 31U, 33U, 300U}) {
    const Peers peers{.credential = native_digest(as_bytes(kPassword))};
    ServerAuth server = peers.server();
    const AuthStep step = server.start(peers.response({std::string{kMysqlNativePassword}, Bytes(size, 1)}));
    EXPECT_TRUE(std::holds_alternative<AuthStep::Rejected>(step.next)) << size;
  }
}

TEST(ServerAuth, RefusesEveryBrokenPasswordPacket) {
  const Bytes unterminated = to_bytes(kPassword);
  Bytes too_long = to_bytes(kPassword);
  too_long.resize(kMaxPasswordPacketBytes + 1);
  for (const Bytes& packet : {Bytes{}, Bytes{0}, Bytes{kRequestPublicKey}, unterminated, too_long}) {
    const Peers peers{.channel = Channel::secure};
    ServerAuth server = peers.server();
    static_cast<void>(server.start(peers.response({std::string{kCachingSha2Password}, Bytes(32, 1)})));
    const AuthStep step = server.on_packet(packet);
    EXPECT_TRUE(std::holds_alternative<AuthStep::Rejected>(step.next)) << packet.size();
  }
}

TEST(ServerAuth, RefusesEveryBrokenCiphertext) {
  const RsaPublicKey key = RsaPublicKey::from_pem(rsa_key().public_pem()).value();
  Bytes flipped = key.encrypt(mixed_with(nonce_of('a'), as_bytes(std::string{kPassword} + '\0'))).value();
  flipped[17] ^= 1;
  const Bytes not_mixed = key.encrypt(as_bytes(std::string{kPassword} + '\0')).value();
  const Bytes second_request{kRequestPublicKey};
  for (const Bytes& packet : {Bytes{}, Bytes(255), Bytes(256), Bytes(257), flipped, not_mixed, second_request}) {
    const Peers peers;
    ServerAuth server = peers.server();
    static_cast<void>(server.start(peers.response({std::string{kCachingSha2Password}, Bytes(32, 1)})));
    static_cast<void>(server.on_packet(Bytes{kRequestPublicKey}));
    const AuthStep step = server.on_packet(packet);
    EXPECT_TRUE(std::holds_alternative<AuthStep::Rejected>(step.next)) << packet.size();
  }
}

TEST(ServerAuth, RepeatsOnlyTheBeginningOfALongUserName) {
  const Login login = Peers{.user = std::string(5000, 'x')}.log_in();
  EXPECT_LT(login.rejected.error.message.size(), 200U);
}

TEST(ClientAuth, FollowsOneSwitchAndNoMore) {
  ClientAuth client{Secret{kPassword}, Channel::plain, kCapabilities};
  static_cast<void>(client.on_greeting(kCachingSha2Password, nonce_of('a')));
  const Bytes request = encode(AuthSwitchRequest{std::string{kMysqlNativePassword}, nonce_of('b')});
  EXPECT_TRUE(client.on_packet(request));
  EXPECT_EQ(client.on_packet(request).error().code, Errc::malformed);
}

TEST(ClientAuth, RefusesAPluginItDoesNotKnow) {
  ClientAuth client{Secret{kPassword}, Channel::secure, kCapabilities};
  static_cast<void>(client.on_greeting(kCachingSha2Password, nonce_of('a')));
  const Bytes request = encode(AuthSwitchRequest{"mysql_clear_password", nonce_of('b')});
  EXPECT_EQ(client.on_packet(request).error().code, Errc::unsupported_version);
}

TEST(ClientAuth, RefusesDataThatBelongsToNoExchange) {
  for (const Bytes& packet : {Bytes{}, Bytes{1}, Bytes{1, 5}, Bytes{1, 3, 3}, Bytes{2}, Bytes{0}}) {
    ClientAuth client{Secret{kPassword}, Channel::plain, kCapabilities};
    static_cast<void>(client.on_greeting(kCachingSha2Password, nonce_of('a')));
    EXPECT_FALSE(client.on_packet(packet));
  }
  ClientAuth client{Secret{kPassword}, Channel::plain, kCapabilities};
  static_cast<void>(client.on_greeting(kCachingSha2Password, nonce_of('a')));
  ASSERT_TRUE(client.on_packet(Bytes{1, kPerformFullAuth}));
  EXPECT_FALSE(client.on_packet(encode(AuthMoreData{to_bytes("-----BEGIN PUBLIC KEY-----")})));
}

}  // namespace
}  // namespace donord
