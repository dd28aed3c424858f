#pragma once

// CRC-32C: the Castagnoli polynomial, reflected, initial value and final xor 0xFFFFFFFF. It protects InnoDB's pages and
// redo blocks. The processor's own instruction is used where it is present (x86 SSE 4.2, Arm CRC32; found at run time),
// a table otherwise. The instruction takes several cycles but a new one can start every cycle: one buffer alone reaches
// a third of the possible speed, four independent ones together reach all of it. Where the processor can multiply 64
// bytes at once, long buffers are folded first (base/crc32c_fold.hpp). See tests/bench/crc32c_bench.cpp.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"

namespace donord {

/// The CRC-32C of `bytes`; 0xE3069283 for the text "123456789", 0 for nothing.
[[nodiscard]] std::uint32_t crc32c(ByteView bytes);

/// The CRC-32C of A followed by `bytes`, where `crc` is that of A.
[[nodiscard]] std::uint32_t crc32c_extend(std::uint32_t crc, ByteView bytes);

inline constexpr std::size_t kCrc32cLanes = 4;

/// The CRC-32C of each of several buffers of one length. As many bytes as the first has are read of each of them; a
/// shorter one is a bug of the caller.
[[nodiscard]] std::array<std::uint32_t, kCrc32cLanes> crc32c_lanes(const std::array<ByteView, kCrc32cLanes>& buffers);

/// "avx512", "sse4.2", "arm-crc32" or "portable".
[[nodiscard]] std::string_view crc32c_implementation();

/// The table-driven form, which is right everywhere: what the others are tested against.
[[nodiscard]] std::uint32_t crc32c_extend_portable(std::uint32_t crc, ByteView bytes);

}  // namespace donord
