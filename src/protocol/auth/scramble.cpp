#include "protocol/auth/scramble.hpp"

#include <algorithm>

#include "protocol/auth/random.hpp"
#include "protocol/auth/secret.hpp"

namespace donord {

Nonce random_nonce() {
  Nonce nonce;
  fill_random(nonce.bytes);
  for (std::uint8_t& byte : nonce.bytes) {
    byte &= 0x7F;
    // Two of 128 values become one of their neighbours: 20 such bytes still hold close to 140 bits.
    if (byte == 0 || byte == '$') ++byte;
  }
  return nonce;
}

FastDigest fast_digest(ByteView password) {
  return {sha256({sha256({password})})};
}

Sha256Digest fast_scramble(ByteView password, const Nonce& nonce) {
  return xor_of(sha256({password}), sha256({fast_digest(password).bytes, nonce.view()}));
}

bool verify_fast(ByteView scramble, const Nonce& nonce, const FastDigest& stored) {
  Sha256Digest sent;
  if (scramble.size() != sent.size()) return false;
  std::copy(scramble.begin(), scramble.end(), sent.begin());
  const Sha256Digest claimed = xor_of(sent, sha256({stored.bytes, nonce.view()}));
  return equal_in_constant_time(sha256({claimed}), stored.bytes);
}

NativeDigest native_digest(ByteView password) {
  return {sha1({sha1({password})})};
}

Sha1Digest native_scramble(ByteView password, const Nonce& nonce) {
  return xor_of(sha1({password}), sha1({nonce.view(), native_digest(password).bytes}));
}

bool verify_native(ByteView scramble, const Nonce& nonce, const NativeDigest& stored) {
  Sha1Digest sent;
  if (scramble.size() != sent.size()) return false;
  std::copy(scramble.begin(), scramble.end(), sent.begin());
  const Sha1Digest claimed = xor_of(sent, sha1({nonce.view(), stored.bytes}));
  return equal_in_constant_time(sha1({claimed}), stored.bytes);
}

}  // namespace donord
