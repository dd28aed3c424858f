#pragma once

// Random values that a failing test can name: everything follows from one seed.

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

#include "base/bytes.hpp"

namespace donord::testing {

class SeededRandom {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}

  /// 0 .. bound-1.
  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

  /// Any value; every second one is at or next to a boundary of MySQL's integer encodings.
  template <std::unsigned_integral T>
  T number() {
    constexpr std::array<std::uint64_t, 14> kBoundaries = {
        0, 1, 250, 251, 255, 256, 0xFFFF, 0x10000, 0xFFFFFE, 0xFFFFFF, 0x1000000, 0x7FFFFFFF, 0xFFFFFFFF, ~0ULL};
    return static_cast<T>(one_in(2) ? kBoundaries.at(below(kBoundaries.size())) : engine_());
  }

  /// Up to `most` bytes; often none, sometimes a length at a boundary.
  Bytes bytes(std::size_t most) {
    constexpr std::array<std::size_t, 6> kBoundaries = {0, 1, 250, 251, 255, 256};
    const std::size_t wanted = one_in(2) ? kBoundaries.at(below(kBoundaries.size())) : below(most + 1);
    Bytes value(std::min(wanted, most));
    for (std::uint8_t& byte : value) byte = static_cast<std::uint8_t>(engine_());
    return value;
  }

  /// Text without NUL.
  std::string text(std::size_t most) {
    std::string value{as_text(bytes(most))};
    std::replace(value.begin(), value.end(), '\0', '0');
    return value;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace donord::testing
