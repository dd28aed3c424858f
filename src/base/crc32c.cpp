#include "base/crc32c.hpp"

#include <cassert>
#include <cstring>

#include "base/crc32c_fold.hpp"

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace donord {

namespace {

constexpr std::size_t kSlices = 8;

using Tables = std::array<std::array<std::uint32_t, 256>, kSlices>;

/// tables[k][b]: what byte b contributes when k more bytes follow it in the same step.
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kCrc32cReflectedPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < kSlices; ++k)
    for (std::size_t byte = 0; byte < 256; ++byte)
      tables[k][byte] = (tables[k - 1][byte] >> 8) ^ tables[0][tables[k - 1][byte] & 0xFF];
  return tables;
}

constexpr Tables kTables = make_tables();

std::uint32_t step_portable(std::uint32_t state, const std::uint8_t* at, std::size_t length) {
  for (; length >= 8; at += 8, length -= 8) {
    const std::uint32_t low = state ^ (std::uint32_t{at[0]} | std::uint32_t{at[1]} << 8 | std::uint32_t{at[2]} << 16 |
                                       std::uint32_t{at[3]} << 24);
    state = kTables[7][low & 0xFF] ^ kTables[6][(low >> 8) & 0xFF] ^ kTables[5][(low >> 16) & 0xFF] ^
            kTables[4][low >> 24] ^ kTables[3][at[4]] ^ kTables[2][at[5]] ^ kTables[1][at[6]] ^ kTables[0][at[7]];
  }
  for (; length > 0; ++at, --length) state = (state >> 8) ^ kTables[0][(state ^ *at) & 0xFF];
  return state;
}

using Lanes = std::array<std::uint32_t, kCrc32cLanes>;
using LanePointers = std::array<const std::uint8_t*, kCrc32cLanes>;

Lanes lanes_portable(Lanes states, LanePointers at, std::size_t length) {
  for (std::size_t i = 0; i < kCrc32cLanes; ++i) states[i] = step_portable(states[i], at[i], length);
  return states;
}

struct Implementation {
  std::string_view name;
  std::uint32_t (*step)(std::uint32_t state, const std::uint8_t* at, std::size_t length);
  Lanes (*lanes)(Lanes states, LanePointers at, std::size_t length);
};

constexpr Implementation kPortable{"portable", step_portable, lanes_portable};

#if defined(__x86_64__) || defined(__aarch64__)

inline std::uint64_t load_native(const std::uint8_t* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

#if defined(__x86_64__)
#define DONORD_CRC32C_TARGET __attribute__((target("sse4.2")))
DONORD_CRC32C_TARGET inline std::uint64_t fold8(std::uint64_t state, std::uint64_t word) {
  return _mm_crc32_u64(state, word);
}
DONORD_CRC32C_TARGET inline std::uint64_t fold1(std::uint64_t state, std::uint8_t byte) {
  return _mm_crc32_u8(static_cast<std::uint32_t>(state), byte);
}
bool instruction_present() {
  return __builtin_cpu_supports("sse4.2") != 0;
}
constexpr std::string_view kInstructionName = "sse4.2";
#else
#define DONORD_CRC32C_TARGET __attribute__((target("+crc")))
DONORD_CRC32C_TARGET inline std::uint64_t fold8(std::uint64_t state, std::uint64_t word) {
  return __crc32cd(static_cast<std::uint32_t>(state), word);
}
DONORD_CRC32C_TARGET inline std::uint64_t fold1(std::uint64_t state, std::uint8_t byte) {
  return __crc32cb(static_cast<std::uint32_t>(state), byte);
}
bool instruction_present() {
  return (::getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
}
constexpr std::string_view kInstructionName = "arm-crc32";
#endif

DONORD_CRC32C_TARGET std::uint32_t step_instruction(std::uint32_t state, const std::uint8_t* at, std::size_t length) {
  std::uint64_t wide = state;
  for (; length >= 8; at += 8, length -= 8) wide = fold8(wide, load_native(at));
  for (; length > 0; ++at, --length) wide = fold1(wide, *at);
  return static_cast<std::uint32_t>(wide);
}

DONORD_CRC32C_TARGET Lanes lanes_instruction(Lanes states, LanePointers at, std::size_t length) {
  static_assert(kCrc32cLanes == 4);
  const auto [a, b, c, d] = at;
  std::uint64_t state_a = states[0];
  std::uint64_t state_b = states[1];
  std::uint64_t state_c = states[2];
  std::uint64_t state_d = states[3];
  std::size_t i = 0;
  for (; length - i >= 8; i += 8) {
    state_a = fold8(state_a, load_native(a + i));
    state_b = fold8(state_b, load_native(b + i));
    state_c = fold8(state_c, load_native(c + i));
    state_d = fold8(state_d, load_native(d + i));
  }
  for (; i < length; ++i) {
    state_a = fold1(state_a, a[i]);
    state_b = fold1(state_b, b[i]);
    state_c = fold1(state_c, c[i]);
    state_d = fold1(state_d, d[i]);
  }
  return {static_cast<std::uint32_t>(state_a), static_cast<std::uint32_t>(state_b), static_cast<std::uint32_t>(state_c),
          static_cast<std::uint32_t>(state_d)};
}

#undef DONORD_CRC32C_TARGET

/// What is shorter is not worth the folding.
constexpr std::size_t kLeastFolded = 4 * kCrc32cFoldBytes;
using Folded = std::array<std::uint8_t, kCrc32cFoldBytes>;

std::uint32_t step_folded(std::uint32_t state, const std::uint8_t* at, std::size_t length) {
  if (length < kLeastFolded) return step_instruction(state, at, length);
  const std::size_t blocks = length / kCrc32cFoldBytes;
  Folded folded;
  fold_crc32c(state, at, blocks, folded);
  state = step_instruction(0, folded.data(), folded.size());
  return step_instruction(state, at + blocks * kCrc32cFoldBytes, length % kCrc32cFoldBytes);
}

Lanes lanes_folded(Lanes states, LanePointers at, std::size_t length) {
  if (length < kLeastFolded) return lanes_instruction(states, at, length);
  const std::size_t blocks = length / kCrc32cFoldBytes;
  std::array<Folded, kCrc32cLanes> folded;
  LanePointers ends{};
  for (std::size_t i = 0; i < kCrc32cLanes; ++i) {
    fold_crc32c(states[i], at[i], blocks, folded[i]);
    at[i] += blocks * kCrc32cFoldBytes;
    ends[i] = folded[i].data();
  }
  states = lanes_instruction({}, ends, kCrc32cFoldBytes);
  return lanes_instruction(states, at, length % kCrc32cFoldBytes);
}

Implementation best() {
  if (!instruction_present()) return kPortable;
  if (can_fold_crc32c()) return {"avx512", step_folded, lanes_folded};
  return {kInstructionName, step_instruction, lanes_instruction};
}

const Implementation& chosen() {
  static const Implementation implementation = best();
  return implementation;
}

#else

const Implementation& chosen() {
  return kPortable;
}

#endif

}  // namespace

std::uint32_t crc32c(ByteView bytes) {
  return crc32c_extend(0, bytes);
}

std::uint32_t crc32c_extend(std::uint32_t crc, ByteView bytes) {
  return ~chosen().step(~crc, bytes.data(), bytes.size());
}

std::array<std::uint32_t, kCrc32cLanes> crc32c_lanes(const std::array<ByteView, kCrc32cLanes>& buffers) {
  LanePointers at{};
  for (std::size_t i = 0; i < kCrc32cLanes; ++i) {
    assert(buffers[i].size() >= buffers[0].size());
    at[i] = buffers[i].data();
  }
  Lanes crcs;
  crcs.fill(~std::uint32_t{0});
  crcs = chosen().lanes(crcs, at, buffers[0].size());
  for (std::uint32_t& crc : crcs) crc = ~crc;
  return crcs;
}

std::string_view crc32c_implementation() {
  return chosen().name;
}

std::uint32_t crc32c_extend_portable(std::uint32_t crc, ByteView bytes) {
  return ~step_portable(~crc, bytes.data(), bytes.size());
}

}  // namespace donord
