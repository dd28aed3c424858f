#pragma once

// CRC-32C of long buffers by carry-less multiplication: 64 bytes an instruction instead of 8. A buffer is folded into
// 256 bytes that have the same CRC; the rest is left to the CRC instruction, which needs no more constants. See V.
// Gopal and others, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction" (Intel, 2009).

#include <array>
#include <cstddef>
#include <cstdint>

namespace donord {

inline constexpr std::uint32_t kCrc32cReflectedPolynomial = 0x82F63B78;
inline constexpr std::size_t kCrc32cFoldBytes = 256;

/// Whether this processor can: x86 with AVX-512 and VPCLMULQDQ.
[[nodiscard]] bool can_fold_crc32c();

/// Folds `blocks` times 256 bytes, at least one. A CRC register that is `state` before them is behind them what it is
/// behind `into` when it begins with 0. Only where `can_fold_crc32c()`.
void fold_crc32c(std::uint32_t state, const std::uint8_t* at, std::size_t blocks,
                 std::array<std::uint8_t, kCrc32cFoldBytes>& into);

}  // namespace donord
