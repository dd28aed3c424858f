#include "upstream/upstream_login.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/auth/rsa_key.hpp"

namespace donord {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kPassword = "correct horse";

struct Case {
  std::string_view upstream = "clone@db1";
  TlsMode mode = TlsMode::preferred;
};

UpstreamOptions options_of(const Case& the_case) {
  UpstreamOptions options = parse_upstream(the_case.upstream).value();
  options.tls_mode = the_case.mode;
  options.password = Secret{kPassword};
  return options;
}

HandshakeV10 greeting_of(bool tls) {
  HandshakeV10 greeting;
  greeting.server_version = "9.7.4";
  greeting.connection_id = ConnectionId{42};
  greeting.nonce.bytes.fill('n');
  greeting.capabilities = {Capability::protocol_41,   Capability::secure_connection,
                           Capability::plugin_auth,   Capability::plugin_auth_lenenc_data,
                           Capability::deprecate_eof, Capability::local_files};
  if (tls) greeting.capabilities.add(Capability::ssl);
  return greeting;
}

enum class Tls { offered, not_offered };

struct Login {
  explicit Login(const Case& the_case) : options(options_of(the_case)) {}

  Result<UpstreamLogin::Step> greet(Tls tls) { return machine.on_packet(encode(greeting_of(tls == Tls::offered))); }
  Result<UpstreamLogin::Step> full_auth() { return machine.on_packet(encode(AuthMoreData{{kPerformFullAuth}})); }

  UpstreamOptions options;
  UpstreamLogin machine{options};
};

template <class What>
bool is(const Result<UpstreamLogin::Step>& step) {
  return step && std::holds_alternative<What>(*step);
}

std::string sent(const Result<UpstreamLogin::Step>& step) {
  return std::string{as_text(std::get<UpstreamLogin::Send>(*step).payload)};
}

TEST(UpstreamLogin, AsksForTlsBeforeItSaysWhoItIs) {
  for (const TlsMode mode : {TlsMode::preferred, TlsMode::required, TlsMode::verify_ca, TlsMode::verify_identity}) {
    Login login{{.mode = mode}};
    const Result<UpstreamLogin::Step> step = login.greet(Tls::offered);
    ASSERT_TRUE(is<UpstreamLogin::StartTls>(step));
    EXPECT_TRUE(is_ssl_request(std::get<UpstreamLogin::StartTls>(*step).payload));
    const std::string response{as_text(login.machine.on_tls_started().payload)};
    EXPECT_THAT(response, HasSubstr("clone"));
    EXPECT_THAT(response, Not(HasSubstr(std::string{kPassword})));
  }
}

TEST(UpstreamLogin, SendsNothingToAServerWithoutTheTlsItHasToHave) {
  for (const TlsMode mode : {TlsMode::required, TlsMode::verify_ca, TlsMode::verify_identity})
    for (const std::string_view upstream : {"clone@db1", "clone@/run/s"}) {
      Login login{{upstream, mode}};
      const Result<UpstreamLogin::Step> step = login.greet(Tls::not_offered);
      ASSERT_FALSE(step);
      EXPECT_EQ(step.error().code, Errc::insecure);
    }
}

TEST(UpstreamLogin, UsesTlsOverASocketOnlyWhenToldTo) {
  EXPECT_TRUE(is<UpstreamLogin::Send>(Login{{"clone@/run/s", TlsMode::preferred}}.greet(Tls::offered)));
  EXPECT_TRUE(is<UpstreamLogin::StartTls>(Login{{"clone@/run/s", TlsMode::required}}.greet(Tls::offered)));
  EXPECT_TRUE(is<UpstreamLogin::Send>(Login{{"clone@db1", TlsMode::disabled}}.greet(Tls::offered)));
}

TEST(UpstreamLogin, GivesThePasswordAwayOnSecureChannelsOnly) {
  Login encrypted{{.mode = TlsMode::required}};
  ASSERT_TRUE(encrypted.greet(Tls::offered));
  (void)encrypted.machine.on_tls_started();
  EXPECT_EQ(sent(encrypted.full_auth()), std::string{kPassword} + '\0');

  Login socket{{.upstream = "clone@/run/s"}};
  ASSERT_TRUE(socket.greet(Tls::offered));
  EXPECT_EQ(sent(socket.full_auth()), std::string{kPassword} + '\0');

  for (const TlsMode mode : {TlsMode::disabled, TlsMode::preferred}) {
    Login plain{{.mode = mode}};
    ASSERT_TRUE(plain.greet(Tls::not_offered));
    EXPECT_EQ(sent(plain.full_auth()), std::string(1, static_cast<char>(kRequestPublicKey)));
    const RsaKey key = RsaKey::generate().value();
    const std::string encrypted_password =
        sent(plain.machine.on_packet(encode(AuthMoreData{to_bytes(key.public_pem())})));
    EXPECT_EQ(encrypted_password.size(), key.size_bytes());
    EXPECT_THAT(encrypted_password, Not(HasSubstr(std::string{kPassword})));
  }
}

TEST(UpstreamLogin, RefusesPluginsThatSendThePasswordAsItIs) {
  Login login{{}};
  ASSERT_TRUE(login.greet(Tls::not_offered));
  AuthSwitchRequest request;
  request.plugin = "mysql_clear_password";
  const Result<UpstreamLogin::Step> step = login.machine.on_packet(encode(request));
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error().code, Errc::unsupported_version);
}

TEST(UpstreamLogin, EndsWithAnOk) {
  Login login{{.upstream = "clone@/run/s"}};
  ASSERT_TRUE(login.greet(Tls::offered));
  EXPECT_TRUE(is<UpstreamLogin::Wait>(login.machine.on_packet(encode(AuthMoreData{{kFastAuthSuccess}}))));
  OkPacket ok;
  ok.capabilities = login.machine.effective();
  EXPECT_TRUE(is<UpstreamLogin::Done>(login.machine.on_packet(encode(ok))));
  EXPECT_EQ(login.machine.server_version(), "9.7.4");
  EXPECT_EQ(login.machine.connection_id(), ConnectionId{42});
  EXPECT_TRUE(login.machine.effective().has(Capability::deprecate_eof));
  EXPECT_FALSE(login.machine.effective().has(Capability::local_files));
}

TEST(UpstreamLogin, PassesOnWhatTheServerRefuses) {
  Login full{{}};
  EXPECT_EQ(full.machine.on_packet(encode(ErrPacket{1040, "", "Too many connections"})).error().code,
            Errc::unavailable);
  Login denied{{}};
  ASSERT_TRUE(denied.greet(Tls::not_offered));
  EXPECT_EQ(denied.machine.on_packet(encode(ErrPacket{1045, "28000", "Access denied"})).error().code, Errc::denied);
}

TEST(UpstreamLogin, RefusesAServerOfAnotherAge) {
  Login login{{}};
  HandshakeV10 greeting = greeting_of(false);
  greeting.capabilities.remove(Capability::secure_connection);
  EXPECT_EQ(login.machine.on_packet(encode(greeting)).error().code, Errc::unsupported_version);
}

TEST(UpstreamLogin, SurvivesEveryPrefixOfAGreeting) {
  const Bytes greeting = encode(greeting_of(true));
  for (std::size_t size = 0; size < greeting.size(); ++size) {
    Login login{{}};
    EXPECT_FALSE(login.machine.on_packet(ByteView{greeting}.first(size))) << size;
  }
}

}  // namespace
}  // namespace donord
