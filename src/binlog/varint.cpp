#include "binlog/varint.hpp"

#include <bit>

namespace donord::binlog {

namespace {

constexpr unsigned kMaxBytes = 9;
constexpr unsigned kBitsPerByte = 7;  // each byte of the number gives up one bit to say so

}  // namespace

std::uint64_t read_varint(Cursor& in, std::string_view field) {
  const auto first = static_cast<std::uint8_t>(in.le<1>(field));
  const auto following = static_cast<unsigned>(std::countr_one(first));
  const ByteView bytes = in.take(field, following);
  if (in.failed()) return 0;
  std::uint64_t rest = 0;
  for (unsigned i = 0; i < following; ++i) rest |= std::uint64_t{bytes[i]} << (8 * i);
  if (following + 1 >= kMaxBytes) return rest;
  return std::uint64_t{first} >> (following + 1) | rest << (kBitsPerByte - following);
}

std::int64_t read_signed_varint(Cursor& in, std::string_view field) {
  const std::uint64_t value = read_varint(in, field);
  return static_cast<std::int64_t>(value >> 1 ^ (0 - (value & 1)));
}

void append_varint(Bytes& to, std::uint64_t value) {
  unsigned bytes = 1;
  while (bytes < kMaxBytes && value >> (kBitsPerByte * bytes) != 0) ++bytes;
  std::uint64_t rest = value;
  if (bytes == kMaxBytes) {
    to.push_back(0xFF);
  } else {
    to.push_back(static_cast<std::uint8_t>(value << bytes | ((1U << (bytes - 1)) - 1)));
    rest = value >> (8 - bytes);
  }
  for (unsigned i = 1; i < bytes; ++i, rest >>= 8) to.push_back(static_cast<std::uint8_t>(rest));
}

void append_signed_varint(Bytes& to, std::int64_t value) {
  const auto sign = static_cast<std::uint64_t>(value >> 63);
  append_varint(to, ((static_cast<std::uint64_t>(value) ^ sign) << 1) | (sign & 1));
}

}  // namespace donord::binlog
