#include "protocol/auth/scramble.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace donord {
namespace {

TEST(Nonce, HasNoByteThatAClientCouldStumbleOver) {
  for (int i = 0; i < 1000; ++i) {
    const Nonce nonce = random_nonce();
    EXPECT_TRUE(std::all_of(nonce.bytes.begin(), nonce.bytes.end(),
                            [](std::uint8_t byte) { return byte != 0 && byte != '$' && byte < 0x80; }));
  }
}

TEST(Nonce, IsAnotherOneEveryTime) {
  EXPECT_NE(random_nonce(), random_nonce());
}

template <class Scramble, class Digest, class Verify>
void expect_scheme(Scramble scramble, Digest digest, Verify verify) {
  const Nonce nonce = random_nonce();
  const auto stored = digest(as_bytes("secret"));
  auto made = scramble(as_bytes("secret"), nonce);
  EXPECT_TRUE(verify(made, nonce, stored));
  EXPECT_FALSE(verify(made, random_nonce(), stored));
  EXPECT_FALSE(verify(made, nonce, digest(as_bytes("Secret"))));
  EXPECT_FALSE(verify(stored.bytes, nonce, stored)) << "the stored digest is not enough to log in";
  for (std::uint8_t& byte : made) {
    byte ^= 0x10;
    EXPECT_FALSE(verify(made, nonce, stored));
    byte ^= 0x10;
  }
  for (std::size_t length = 0; length < made.size(); ++length)
    EXPECT_FALSE(verify(ByteView{made}.first(length), nonce, stored));
}

TEST(FastScramble, VerifiesWithTheRightPasswordAndNonceOnly) {
  expect_scheme(fast_scramble, fast_digest, verify_fast);
}

TEST(NativeScramble, VerifiesWithTheRightPasswordAndNonceOnly) {
  expect_scheme(native_scramble, native_digest, verify_native);
}

}  // namespace
}  // namespace donord
