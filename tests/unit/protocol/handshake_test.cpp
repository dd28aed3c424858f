#include "protocol/handshake.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/auth/scramble.hpp"
#include "protocol/damage.hpp"
#include "support/hex_file.hpp"
#include "support/seeded_random.hpp"

namespace donord {
namespace {

using donord::testing::load_fixture;
using donord::testing::SeededRandom;
using donord::testing::to_hex;

constexpr Capabilities kAll{0xFFFFFFFF};

Nonce counting_nonce() {
  Nonce nonce;
  for (std::size_t i = 0; i < Nonce::kSize; ++i) nonce.bytes[i] = static_cast<std::uint8_t>(i + 1);
  return nonce;
}

HandshakeV10 greeting() {
  HandshakeV10 greeting;
  greeting.server_version = "9.7.4";
  greeting.connection_id = ConnectionId{0x01020304};
  greeting.nonce = counting_nonce();
  greeting.capabilities = {Capability::protocol_41, Capability::plugin_auth, Capability::secure_connection};
  return greeting;
}

HandshakeResponse41 response(Capabilities client, Capabilities server = kAll) {
  HandshakeResponse41 response;
  response.server_capabilities = server;
  response.hello.capabilities = client;
  response.hello.capabilities.add(Capability::protocol_41);
  response.hello.max_packet_bytes = 64U << 20;
  response.user = "clone";
  response.auth_response = Bytes(32, 7);
  const Capabilities effective = response.effective();
  if (effective.has(Capability::connect_with_db)) response.database = "mysql";
  if (effective.has(Capability::plugin_auth)) response.auth_plugin = kCachingSha2Password;
  if (effective.has(Capability::connect_attributes)) response.connect_attributes = {{"_os", "Linux"}, {"_pid", "1"}};
  return response;
}

TEST(HandshakeV10, ComesBackAsItWasSent) {
  EXPECT_EQ(decode<HandshakeV10>(encode(greeting())).value(), greeting());
}

TEST(HandshakeV10, AnnouncesANonceOf21BytesWithItsNul) {
  const Bytes bytes = encode(greeting());
  const std::size_t id_at = 1 + greeting().server_version.size() + 1;
  EXPECT_EQ(bytes[id_at + 20], 21);
  EXPECT_EQ(bytes[id_at + 12], 0);
  EXPECT_EQ(bytes[id_at + 43], 0);
  EXPECT_EQ(bytes[id_at + 4], 1);
  EXPECT_EQ(bytes[id_at + 31], 9);
}

TEST(HandshakeV10, SplitsTheCapabilitiesInHalves) {
  HandshakeV10 message = greeting();
  message.capabilities = Capabilities{0xDFFFFFFF};
  EXPECT_EQ(decode<HandshakeV10>(encode(message)).value().capabilities, message.capabilities);
}

TEST(HandshakeV10, NamesAPluginOnlyWithPluginAuth) {
  HandshakeV10 message = greeting();
  message.capabilities.remove(Capability::plugin_auth);
  message.auth_plugin.clear();
  EXPECT_EQ(decode<HandshakeV10>(encode(message)).value(), message);
}

TEST(HandshakeV10, SurvivesDamage) {
  expect_survives_damage<HandshakeV10>(encode(greeting()), decode<HandshakeV10>, encode<HandshakeV10>);
}

TEST(HandshakeV10, OfAStockServerIsReadAndWrittenToTheByte) {
  const Bytes captured = load_fixture("captures/greeting.hex").bytes;
  const HandshakeV10 message = decode<HandshakeV10>(captured).value();
  EXPECT_THAT(message.server_version, ::testing::StartsWith("9.7."));
  EXPECT_EQ(message.capabilities.value(), 0xDFFFFFFFU);
  EXPECT_EQ(message.collation, kDefaultCollation);
  EXPECT_EQ(message.status, StatusFlags{ServerStatus::autocommit});
  EXPECT_EQ(message.auth_plugin, kCachingSha2Password);
  EXPECT_EQ(to_hex(encode(message)), to_hex(captured));
}

TEST(SslRequest, OfAStockRecipientIsReadAndWrittenToTheByte) {
  const Bytes captured = load_fixture("captures/ssl_request.hex").bytes;
  EXPECT_TRUE(is_ssl_request(captured));
  const SslRequest request = decode<SslRequest>(captured).value();
  EXPECT_EQ(request.hello.capabilities.value(), 0x19B8AA85U);
  EXPECT_EQ(request.hello.max_packet_bytes, 67108864U);
  EXPECT_EQ(to_hex(encode(request)), to_hex(captured));
}

TEST(SslRequest, WithoutTheCapabilityIsRefused) {
  Bytes request = load_fixture("captures/ssl_request.hex").bytes;
  request[1] = static_cast<std::uint8_t>(request[1] & ~0x08);
  EXPECT_FALSE(decode<SslRequest>(request));
}

TEST(HandshakeResponse41, ComesBackAsItWasSentUnderEveryMixOfCapabilities) {
  constexpr std::uint64_t kSeed = 7;
  SeededRandom random{kSeed};
  for (int round = 0; round < 2000; ++round) {
    const Capabilities server{random.number<std::uint32_t>()};
    HandshakeResponse41 message = response(Capabilities{random.number<std::uint32_t>()}, server);
    message.user = random.text(40);
    for (ConnectAttribute& attribute : message.connect_attributes) attribute.value = random.text(300);
    EXPECT_EQ(decode_handshake_response(encode(message), server).value(), message)
        << "seed " << kSeed << " round " << round;
  }
}

TEST(HandshakeResponse41, HasTheFieldsThatBothSidesAnnounced) {
  const Capabilities client{Capability::connect_with_db, Capability::plugin_auth, Capability::connect_attributes,
                            Capability::plugin_auth_lenenc_data};
  EXPECT_EQ(decode_handshake_response(encode(response(client)), kAll).value().database, "mysql");
  const Capabilities server{Capability::plugin_auth, Capability::plugin_auth_lenenc_data};
  const HandshakeResponse41 less = decode_handshake_response(encode(response(client, server)), server).value();
  EXPECT_EQ(less.database, "");
  EXPECT_EQ(less.auth_plugin, kCachingSha2Password);
  EXPECT_TRUE(less.connect_attributes.empty());
}

TEST(HandshakeResponse41, CarriesTheResponseInThreeForms) {
  for (const Capabilities form : {Capabilities{Capability::plugin_auth_lenenc_data},
                                  Capabilities{Capability::secure_connection}, Capabilities{}}) {
    const HandshakeResponse41 message = response(form);
    EXPECT_EQ(decode_handshake_response(encode(message), kAll).value().auth_response, message.auth_response);
  }
}

TEST(HandshakeResponse41, FindsAnAttributeByName) {
  const HandshakeResponse41 message = response({Capability::connect_attributes});
  EXPECT_EQ(message.attribute("_os"), "Linux");
  EXPECT_EQ(message.attribute("_none"), "");
}

TEST(HandshakeResponse41, BoundsTheConnectAttributes) {
  HandshakeResponse41 message = response({Capability::connect_attributes});
  message.connect_attributes = {{"name", std::string(kMaxConnectAttributeBytes, 'x')}};
  EXPECT_EQ(decode_handshake_response(encode(message), kAll).error().code, Errc::malformed);
  message.connect_attributes = {{"name", std::string(kMaxConnectAttributeBytes - 9, 'x')}};
  EXPECT_TRUE(decode_handshake_response(encode(message), kAll));
}

TEST(HandshakeResponse41, BoundsTheNumberOfConnectAttributes) {
  HandshakeResponse41 message = response({Capability::connect_attributes});
  message.connect_attributes.assign(kMaxConnectAttributes, {});
  EXPECT_TRUE(decode_handshake_response(encode(message), kAll));
  message.connect_attributes.assign(kMaxConnectAttributeBytes / 2, {});
  const Result<HandshakeResponse41> refused = decode_handshake_response(encode(message), kAll);
  EXPECT_EQ(refused.error().code, Errc::malformed);
  EXPECT_NE(refused.error().what.find("more than 128 elements"), std::string::npos) << refused.error().what;
}

TEST(HandshakeResponse41, RefusesAClientOlderThanProtocol41) {
  HandshakeResponse41 message = response({});
  message.hello.capabilities.remove(Capability::protocol_41);
  EXPECT_FALSE(decode_handshake_response(encode(message), kAll));
}

TEST(HandshakeResponse41, SurvivesDamage) {
  for (const Capabilities client : {kAll, Capabilities{Capability::secure_connection}, Capabilities{}})
    expect_survives_damage<HandshakeResponse41>(
        encode(response(client)), [](ByteView bytes) { return decode_handshake_response(bytes, kAll); },
        encode<HandshakeResponse41>);
}

TEST(HandshakeResponse41, OfAStockRecipientIsReadAndWrittenToTheByte) {
  for (const auto& [name, capabilities] : {std::pair{"captures/handshake_response.hex", 0x19B8A285U},
                                           std::pair{"captures/handshake_response_compress.hex", 0x19B8A2A5U},
                                           std::pair{"captures/handshake_response_empty_password.hex", 0x19B8A285U}}) {
    const Bytes captured = load_fixture(name).bytes;
    const HandshakeResponse41 message = decode_handshake_response(captured, Capabilities{0xDFFFFFFF}).value();
    EXPECT_EQ(message.hello.capabilities.value(), capabilities);
    EXPECT_EQ(message.auth_plugin, kCachingSha2Password);
    EXPECT_EQ(message.attribute("_client_name"), "libmysql");
    EXPECT_EQ(message.attribute("_os"), "Linux");
    EXPECT_EQ(to_hex(encode(message)), to_hex(captured));
  }
}

TEST(HandshakeResponse41, OfAStockRecipientAnswersItsGreeting) {
  const auto greeted = load_fixture("captures/greeting.hex");
  const Nonce nonce = decode<HandshakeV10>(greeted.bytes).value().nonce;
  const HandshakeResponse41 message =
      decode_handshake_response(load_fixture("captures/handshake_response.hex").bytes, Capabilities{0xDFFFFFFF})
          .value();
  const FastDigest stored = fast_digest(as_bytes(greeted.head.at("password")));
  EXPECT_TRUE(verify_fast(message.auth_response, nonce, stored));
}

TEST(HandshakeResponse41, OfAnEmptyPasswordIsALoneNul) {
  const Bytes captured = load_fixture("captures/handshake_response_empty_password.hex").bytes;
  EXPECT_EQ(decode_handshake_response(captured, Capabilities{0xDFFFFFFF}).value().auth_response, Bytes{0});
}

TEST(AuthSwitchRequest, HasANonceOf21BytesWithItsNul) {
  const AuthSwitchRequest request{std::string{kMysqlNativePassword}, counting_nonce()};
  const Bytes bytes = encode(request);
  EXPECT_EQ(bytes.size(), 1 + kMysqlNativePassword.size() + 1 + 21);
  EXPECT_EQ(decode<AuthSwitchRequest>(bytes).value(), request);
  expect_survives_damage<AuthSwitchRequest>(bytes, decode<AuthSwitchRequest>, encode<AuthSwitchRequest>);
}

TEST(AuthSwitchRequest, OfAStockServerIsReadAndWrittenToTheByte) {
  const Bytes captured = load_fixture("captures/auth_switch_request_sha256_password.hex").bytes;
  const AuthSwitchRequest request = decode<AuthSwitchRequest>(captured).value();
  EXPECT_EQ(request.plugin, "sha256_password");
  EXPECT_EQ(to_hex(encode(request)), to_hex(captured));
}

TEST(AuthMoreData, OfAStockServerIsReadAndWrittenToTheByte) {
  EXPECT_EQ(decode<AuthMoreData>(load_fixture("captures/auth_more_data_fast_success.hex").bytes).value().data,
            Bytes{0x03});
  EXPECT_EQ(decode<AuthMoreData>(load_fixture("captures/auth_more_data_full.hex").bytes).value().data, Bytes{0x04});
  const Bytes captured = load_fixture("captures/auth_more_data_public_key.hex").bytes;
  EXPECT_THAT(std::string{as_text(decode<AuthMoreData>(captured).value().data)},
              ::testing::StartsWith("-----BEGIN PUBLIC KEY-----\n"));
}

}  // namespace
}  // namespace donord
