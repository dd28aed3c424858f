#pragma once

// Fixed-width integers at the start of a byte range, least or most significant byte first. The caller guarantees that
// the range is long enough; decoders of untrusted input use `Cursor` instead.

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace donord {

template <std::size_t N>
constexpr std::uint64_t load_le(const std::uint8_t* at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < N; ++i) value |= std::uint64_t{at[i]} << (8 * i);
  return value;
}

template <std::size_t N>
constexpr std::uint64_t load_be(const std::uint8_t* at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < N; ++i) value = (value << 8) | at[i];
  return value;
}

template <std::size_t N>
constexpr void store_le(std::uint8_t* at, std::uint64_t value) {
  for (std::size_t i = 0; i < N; ++i) at[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

template <std::size_t N>
constexpr void store_be(std::uint8_t* at, std::uint64_t value) {
  for (std::size_t i = 0; i < N; ++i) at[i] = static_cast<std::uint8_t>(value >> (8 * (N - 1 - i)));
}

inline std::uint16_t load_u16be(ByteView bytes, std::size_t offset) {
  return static_cast<std::uint16_t>(load_be<2>(bytes.data() + offset));
}
inline std::uint32_t load_u32be(ByteView bytes, std::size_t offset) {
  return static_cast<std::uint32_t>(load_be<4>(bytes.data() + offset));
}
inline std::uint64_t load_u64be(ByteView bytes, std::size_t offset) {
  return load_be<8>(bytes.data() + offset);
}
inline void store_u16be(MutableBytes bytes, std::size_t offset, std::uint16_t value) {
  store_be<2>(bytes.data() + offset, value);
}
inline void store_u32be(MutableBytes bytes, std::size_t offset, std::uint32_t value) {
  store_be<4>(bytes.data() + offset, value);
}
inline void store_u64be(MutableBytes bytes, std::size_t offset, std::uint64_t value) {
  store_be<8>(bytes.data() + offset, value);
}

}  // namespace donord
