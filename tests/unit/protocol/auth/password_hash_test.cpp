#include "protocol/auth/password_hash.hpp"

#include <gtest/gtest.h>

#include "protocol/auth/credential.hpp"

namespace donord {
namespace {

// Made with: openssl passwd -5 -salt <salt> <password>
TEST(Sha256Crypt, AgreesWithTheImplementationOfOpenssl) {
  EXPECT_EQ(sha256_crypt(as_bytes("a"), as_bytes("saltsalt"), 5000), "Mtm6KOxb.PwaKES1sp80SDYOu1T0RdwsBVakhLiqA64");
  EXPECT_EQ(sha256_crypt(as_bytes("Hello world!"), as_bytes("saltstring"), 5000),
            "5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5");
  EXPECT_EQ(sha256_crypt(as_bytes(std::string(31, 'x')), as_bytes("0123456789abcdef"), 5000),
            "dlGJyCNgrZzwRpMFSSeWEr4lKsEAqVrJvF7j2eEdLKB");
  EXPECT_EQ(sha256_crypt(as_bytes(std::string(32, 'y')), as_bytes("0123456789abcdef"), 5000),
            "f1ZUA.cTM4xMgNJo16rb2SObeZcm4gF6yAUbZ105wdB");
  EXPECT_EQ(sha256_crypt(as_bytes(std::string(33, 'z')), as_bytes("ab"), 5000),
            "Rf1f/8muW7d/HZRgMMBp0ngbOCIZoevQ.2BB0rTOv.3");
  EXPECT_EQ(sha256_crypt(as_bytes("the minimum number is still observed, and longer than sixty-four bytes it is"),
                         as_bytes("q"), 5000),
            "bZCeeLwDWGwWiSXuB.M2qZvy31ZONLl.YDUMc1n5ALC");
}

TEST(CachingSha2Hash, VerifiesWhatItMade) {
  const CachingSha2Hash hash = CachingSha2Hash::of(as_bytes("secret"));
  EXPECT_TRUE(hash.verify(as_bytes("secret")));
  EXPECT_FALSE(hash.verify(as_bytes("Secret")));
  EXPECT_FALSE(hash.verify({}));
}

// Printed by SHOW CREATE USER of mysqld 9.7.4-2 under print_identified_with_as_hex, for IDENTIFIED BY 'Clone-me-1'.
TEST(CachingSha2Hash, OfAStockServerVerifiesItsPasswordAndNoOther) {
  constexpr std::string_view kDefaultRounds =
      "0x244124303041246466046E5D1E25336615667E290903663A26257134725075646B35646277684F5843576438"
      "5976794439376F434B6348534B5161684E4B5231327A68585938";
  constexpr std::string_view kElevenThousandRounds =
      "0x244124303042240C60220A122D46665F1E28257B5B733F7B513C026E596A617A4E656F3530474C3958464832"
      "427279716B723257556E58556730516332515A5A685A76756D44";
  for (const auto& [stored, rounds] : {std::pair{kDefaultRounds, 10000U}, std::pair{kElevenThousandRounds, 11000U}}) {
    const CachingSha2Hash hash = CachingSha2Hash::parse(stored).value();
    EXPECT_EQ(hash.rounds(), rounds);
    EXPECT_TRUE(hash.verify(as_bytes("Clone-me-1")));
    EXPECT_FALSE(hash.verify(as_bytes("Clone-me-2")));
  }
}

TEST(CachingSha2Hash, ReadsTheStoredStringAndItsHexForm) {
  const CachingSha2Hash hash = CachingSha2Hash::of(as_bytes("secret"));
  const std::string stored = hash.str();
  EXPECT_EQ(stored.size(), 70U);
  EXPECT_EQ(stored.substr(0, 7), "$A$00A$");
  EXPECT_EQ(CachingSha2Hash::parse(stored).value(), hash);

  std::string hex = "0x";
  for (const char c : stored) hex += fmt::format("{:02X}", static_cast<unsigned char>(c));
  EXPECT_EQ(CachingSha2Hash::parse(hex).value(), hash);
}

TEST(CachingSha2Hash, RefusesWhatIsNotAHash) {
  const std::string stored = CachingSha2Hash::of(as_bytes("secret")).str();
  for (std::size_t length = 0; length < stored.size(); ++length)
    EXPECT_FALSE(CachingSha2Hash::parse(stored.substr(0, length))) << length;
  EXPECT_FALSE(CachingSha2Hash::parse(stored + "x"));
  for (const auto& [at, text] : {std::pair{0, "#"}, {1, "B"}, {2, "#"}, {3, "x"}, {3, "000"}, {6, "#"}}) {
    std::string damaged = stored;
    damaged.replace(static_cast<std::size_t>(at), std::string_view{text}.size(), text);
    EXPECT_FALSE(CachingSha2Hash::parse(damaged)) << damaged;
  }
  EXPECT_FALSE(CachingSha2Hash::parse("0x2"));
  EXPECT_FALSE(CachingSha2Hash::parse("0xzz"));
}

TEST(NativeHash, IsAStarAndFortyHexDigits) {
  // SELECT PASSWORD('password') of servers that had the function.
  const NativeDigest digest = parse_native_hash("*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19").value();
  EXPECT_EQ(digest, native_digest(as_bytes("password")));
  EXPECT_FALSE(parse_native_hash(""));
  EXPECT_FALSE(parse_native_hash("2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19"));
  EXPECT_FALSE(parse_native_hash("*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E1"));
  EXPECT_FALSE(parse_native_hash("*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E1G"));
}

TEST(Credential, IsRecognisedByTheFormOfItsHash) {
  EXPECT_EQ(plugin_for(credential_from_hash("*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19").value()),
            "mysql_native_password");
  EXPECT_EQ(plugin_for(credential_from_hash(CachingSha2Hash::of(as_bytes("x")).str()).value()),
            "caching_sha2_password");
  EXPECT_FALSE(credential_from_hash("plain"));
}

TEST(Credential, IsNotMadeFromAnEmptyPassword) {
  EXPECT_EQ(credential_from_password(Secret{}).error().code, Errc::usage);
}

}  // namespace
}  // namespace donord
