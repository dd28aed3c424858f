#pragma once

// Byte constants of tests, written as hex digits.

#include <cstddef>
#include <cstdint>
#include <fmt/format.h>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace donord::testing {

/// The bytes of pairs of hex digits; white space and `|` between pairs mean nothing. Throws on anything else.
inline Bytes from_hex(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  Bytes bytes;
  std::string pair;
  for (const char c : text) {
    if (pair.empty() && (c == ' ' || c == '\n' || c == '\r' || c == '|')) continue;
    if (kDigits.find(c) == std::string_view::npos) throw std::runtime_error(fmt::format("not a hex digit: '{}'", c));
    pair += c;
    if (pair.size() < 2) continue;
    bytes.push_back(static_cast<std::uint8_t>(kDigits.find(pair[0]) * 16 + kDigits.find(pair[1])));
    pair.clear();
  }
  if (!pair.empty()) throw std::runtime_error("odd number of hex digits");
  return bytes;
}

inline std::string to_hex(ByteView bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace donord::testing
