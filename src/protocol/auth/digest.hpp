#pragma once

// SHA-1 and SHA-256 over several pieces, and the XOR that MySQL's plugins mix digests with.

#include <array>
#include <cstdint>
#include <initializer_list>

#include "base/bytes.hpp"

struct evp_md_ctx_st;

namespace donord {

using Sha1Digest = std::array<std::uint8_t, 20>;
using Sha256Digest = std::array<std::uint8_t, 32>;

[[nodiscard]] Sha1Digest sha1(std::initializer_list<ByteView> pieces);
[[nodiscard]] Sha256Digest sha256(std::initializer_list<ByteView> pieces);

/// SHA-256 over pieces that come one after another. `finish()` starts the next digest.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(ByteView bytes);
  [[nodiscard]] Sha256Digest finish();

 private:
  void start();

  evp_md_ctx_st* context_;
};

template <std::size_t N>
[[nodiscard]] constexpr std::array<std::uint8_t, N> xor_of(const std::array<std::uint8_t, N>& a,
                                                           const std::array<std::uint8_t, N>& b) {
  std::array<std::uint8_t, N> mixed{};
  for (std::size_t i = 0; i < N; ++i) mixed[i] = static_cast<std::uint8_t>(a[i] ^ b[i]);
  return mixed;
}

}  // namespace donord
