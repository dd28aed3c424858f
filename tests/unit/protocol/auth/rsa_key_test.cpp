#include "protocol/auth/rsa_key.hpp"

#include <gtest/gtest.h>

namespace donord {
namespace {

const RsaKey& key() {
  static const RsaKey made = RsaKey::generate().value();
  return made;
}

TEST(RsaKey, DecryptsWhatItsPublicKeyEncrypted) {
  const RsaPublicKey public_key = RsaPublicKey::from_pem(key().public_pem()).value();
  const Bytes text = to_bytes("text");
  const Bytes ciphertext = public_key.encrypt(text).value();
  EXPECT_EQ(ciphertext.size(), key().size_bytes());
  EXPECT_EQ(Secret{key().decrypt(ciphertext).value()}, Secret{"text"});
}

TEST(RsaKey, SurvivesTheWayThroughPem) {
  const Secret pem = key().private_pem().value();
  EXPECT_EQ(RsaKey::from_pem(as_text(pem.reveal())).value().public_pem(), key().public_pem());
}

TEST(RsaKey, RefusesWhatIsNotAKey) {
  EXPECT_EQ(RsaKey::from_pem("").error().code, Errc::malformed);
  EXPECT_EQ(RsaKey::from_pem(key().public_pem()).error().code, Errc::malformed);
  EXPECT_EQ(RsaPublicKey::from_pem("-----BEGIN PUBLIC KEY-----\n").error().code, Errc::malformed);
}

TEST(RsaKey, RefusesAKeyThatIsTooShort) {
  EXPECT_EQ(RsaKey::generate(1024).error().code, Errc::unsupported_version);
}

TEST(RsaKey, TakesTheLongestTextThatOaepLeavesRoomForAndNoLonger) {
  const RsaPublicKey public_key = RsaPublicKey::from_pem(key().public_pem()).value();
  const std::size_t longest = key().size_bytes() - 42;
  EXPECT_TRUE(public_key.encrypt(Bytes(longest, 'x')));
  EXPECT_EQ(public_key.encrypt(Bytes(longest + 1, 'x')).error().code, Errc::usage);
}

TEST(MixedWithNonce, IsItsOwnInverseAndRepeatsTheNonce) {
  Nonce nonce;
  nonce.bytes.fill(0x0F);
  nonce.bytes.front() = 0xF0;
  const SecretBytes mixed = mixed_with(nonce, Bytes(21, 0));
  EXPECT_EQ(mixed[0], 0xF0);
  EXPECT_EQ(mixed[19], 0x0F);
  EXPECT_EQ(mixed[20], 0xF0);
  EXPECT_EQ(mixed_with(nonce, mixed), SecretBytes(21, 0));
}

}  // namespace
}  // namespace donord
