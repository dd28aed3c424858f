#pragma once

// The 20 random bytes ("scramble", "salt") that a server sends and a client mixes with the password.

#include <array>
#include <cstdint>

#include "base/bytes.hpp"

namespace donord {

/// Never holds 0x00: a client may stop reading there. See auth/scramble.hpp for how one is made.
struct Nonce {
  static constexpr std::size_t kSize = 20;

  std::array<std::uint8_t, kSize> bytes{};

  [[nodiscard]] ByteView view() const { return bytes; }
  bool operator==(const Nonce&) const = default;
};

}  // namespace donord
