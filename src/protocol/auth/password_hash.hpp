#pragma once

// Password hashes as mysqld keeps them in mysql.user.authentication_string, so that accounts can be taken over from a
// server without knowing a password.
//
//   caching_sha2_password   "$A$00A$" + 20 bytes of salt + 43 characters: SHA-256 crypt with 10000 rounds. The three
//                           digits are thousands of rounds, hexadecimal: caching_sha2_password_digest_rounds, 10000 by
//                           default in 9.7 (observed) and 5000 in 8.0. Salt bytes are 7-bit and may be unprintable, so
//                           SHOW CREATE USER prints the whole in hex under print_identified_with_as_hex.
//   mysql_native_password   "*" + 40 hex digits: SHA1(SHA1(password))
//
// Source: MySQL manual, "Caching SHA-2 Pluggable Authentication", "SHOW CREATE USER Statement"; the algorithm is the
// published "Unix crypt using SHA-256 and SHA-512", whose salt is 16 bytes at most where MySQL's is 20.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "protocol/auth/scramble.hpp"

namespace donord {

/// SHA-256 crypt: 43 characters for any salt and number of rounds.
[[nodiscard]] std::string sha256_crypt(ByteView password, ByteView salt, std::uint32_t rounds);

class CachingSha2Hash {
 public:
  static constexpr std::size_t kSaltSize = 20;
  static constexpr std::size_t kDigestSize = 43;
  static constexpr std::uint32_t kDefaultRounds = 10000;  ///< of a stock 9.7

  /// From the stored string, or from its hex form with "0x" in front. Errors: `malformed`.
  [[nodiscard]] static Result<CachingSha2Hash> parse(std::string_view stored);
  /// With a random salt and the default number of rounds.
  [[nodiscard]] static CachingSha2Hash of(ByteView password);

  /// Takes some milliseconds of CPU, by design.
  [[nodiscard]] bool verify(ByteView password) const;
  /// What a verification costs.
  [[nodiscard]] std::uint32_t rounds() const { return rounds_; }
  /// As mysqld stores it.
  [[nodiscard]] std::string str() const;

  bool operator==(const CachingSha2Hash&) const = default;

 private:
  CachingSha2Hash() = default;

  std::uint32_t rounds_ = kDefaultRounds;
  std::array<std::uint8_t, kSaltSize> salt_{};
  std::string digest_;
};

/// From "*" and 40 hex digits. Errors: `malformed`.
[[nodiscard]] Result<NativeDigest> parse_native_hash(std::string_view stored);

}  // namespace donord
