#include "base/crc32c_fold.hpp"

#include <cstdlib>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace donord {

#if defined(__x86_64__)

#define DONORD_FOLD_TARGET __attribute__((target("avx512f,vpclmulqdq")))

namespace {

constexpr std::size_t kRegisterBytes = 64;
constexpr std::size_t kFoldBits = 8 * kCrc32cFoldBytes;

/// x to the power of `exponent` modulo the polynomial, reflected, as a factor of a reflected product, which is a bit
/// short.
constexpr std::int64_t power_of_x(std::size_t exponent) {
  std::uint32_t power = 0x80000000;
  for (; exponent > 0; --exponent) power = (power >> 1) ^ ((power & 1) != 0 ? kCrc32cReflectedPolynomial : 0);
  return std::int64_t{power} << 1;
}

/// For every 128 bits: each step moves what has been summed up by 2048 bits, the half with the higher powers by 32
/// more, the other by 32 less, since a factor has 32 bits.
DONORD_FOLD_TARGET inline __m512i fold(__m512i sum, const std::uint8_t* next) {
  constexpr std::int64_t kHigher = power_of_x(kFoldBits + 32);
  constexpr std::int64_t kLower = power_of_x(kFoldBits - 32);
  constexpr int kXorOfThree = 0x96;
  const __m512i factors = _mm512_set4_epi64(kLower, kHigher, kLower, kHigher);
  return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(sum, factors, 0x00),
                                   _mm512_clmulepi64_epi128(sum, factors, 0x11), _mm512_loadu_si512(next), kXorOfThree);
}

}  // namespace

bool can_fold_crc32c() {
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("vpclmulqdq") != 0;
}

DONORD_FOLD_TARGET void fold_crc32c(std::uint32_t state, const std::uint8_t* at, std::size_t blocks,
                                    std::array<std::uint8_t, kCrc32cFoldBytes>& into) {
  __m512i a = _mm512_xor_si512(_mm512_loadu_si512(at), _mm512_set_epi64(0, 0, 0, 0, 0, 0, 0, state));
  __m512i b = _mm512_loadu_si512(at + kRegisterBytes);
  __m512i c = _mm512_loadu_si512(at + 2 * kRegisterBytes);
  __m512i d = _mm512_loadu_si512(at + 3 * kRegisterBytes);
  while (--blocks > 0) {
    at += kCrc32cFoldBytes;
    a = fold(a, at);
    b = fold(b, at + kRegisterBytes);
    c = fold(c, at + 2 * kRegisterBytes);
    d = fold(d, at + 3 * kRegisterBytes);
  }
  _mm512_storeu_si512(into.data(), a);
  _mm512_storeu_si512(into.data() + kRegisterBytes, b);
  _mm512_storeu_si512(into.data() + 2 * kRegisterBytes, c);
  _mm512_storeu_si512(into.data() + 3 * kRegisterBytes, d);
}

#undef DONORD_FOLD_TARGET

#else

bool can_fold_crc32c() {
  return false;
}

void fold_crc32c(std::uint32_t /*state*/, const std::uint8_t* /*at*/, std::size_t /*blocks*/,
                 std::array<std::uint8_t, kCrc32cFoldBytes>& /*into*/) {
  std::abort();
}

#endif

}  // namespace donord
