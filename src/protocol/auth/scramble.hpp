#pragma once

// Nonces, and the two challenge-response schemes in which the password does not travel. The stored digest of each is
// enough to verify a scramble, and too little to make one.
//
//   caching_sha2_password   H1 = SHA256(password), stored H2 = SHA256(H1)
//                           scramble = H1 xor SHA256(H2 . nonce)
//   mysql_native_password   H1 = SHA1(password), stored H2 = SHA1(H1)
//                           scramble = H1 xor SHA1(nonce . H2)
//
// Source: docs/wire-and-clone-rpc.md, "Authentication"; MySQL manual, "caching_sha2_password information".

#include "protocol/auth/digest.hpp"
#include "protocol/nonce.hpp"

namespace donord {

/// SHA256(SHA256(password)): what the fast path of caching_sha2_password verifies with.
struct FastDigest {
  Sha256Digest bytes{};
  bool operator==(const FastDigest&) const = default;
};

/// SHA1(SHA1(password)): what mysql_native_password verifies with.
struct NativeDigest {
  Sha1Digest bytes{};
  bool operator==(const NativeDigest&) const = default;
};

/// 20 random bytes in 0x01..0x7F without '$', as real servers choose them.
[[nodiscard]] Nonce random_nonce();

[[nodiscard]] FastDigest fast_digest(ByteView password);
[[nodiscard]] Sha256Digest fast_scramble(ByteView password, const Nonce& nonce);
/// False also when `scramble` does not have the size of one.
[[nodiscard]] bool verify_fast(ByteView scramble, const Nonce& nonce, const FastDigest& stored);

[[nodiscard]] NativeDigest native_digest(ByteView password);
[[nodiscard]] Sha1Digest native_scramble(ByteView password, const Nonce& nonce);
/// False also when `scramble` does not have the size of one.
[[nodiscard]] bool verify_native(ByteView scramble, const Nonce& nonce, const NativeDigest& stored);

}  // namespace donord
