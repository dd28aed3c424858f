#pragma once

// What hostile bytes must not do to a decoder: crash it, or yield a message that is not what its own bytes say.

#include <cstddef>
#include <cstdint>
#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "base/codec.hpp"
#include "support/hex.hpp"

namespace donord::testing {

/// `bytes` are refused, or are a message that writes exactly these bytes again.
template <class Message>
void refused_or_itself(ByteView bytes) {
  const Result<Message> decoded = decode<Message>(bytes);
  if (decoded) {
    EXPECT_EQ(to_hex(encode(*decoded)), to_hex(bytes)) << Message::kName;
  }
}

template <class Message>
void every_prefix_is_refused_or_itself(const Bytes& whole) {
  for (std::size_t length = 0; length < whole.size(); ++length)
    refused_or_itself<Message>(ByteView{whole}.first(length));
}

template <class Message>
void every_flipped_byte_is_refused_or_another_value(const Bytes& whole) {
  const Result<Message> original = decode<Message>(whole);
  ASSERT_TRUE(original) << original.error().what;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int mask : {0x01, 0x80, 0xFF}) {
      Bytes damaged = whole;
      damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ mask);
      const Result<Message> decoded = decode<Message>(damaged);
      if (!decoded) continue;
      EXPECT_FALSE(*decoded == *original) << Message::kName << ", byte " << at;
      EXPECT_EQ(to_hex(encode(*decoded)), to_hex(damaged)) << Message::kName << ", byte " << at;
    }
  }
}

/// Both of the above.
template <class Message>
void survives_damage(const Bytes& whole) {
  every_prefix_is_refused_or_itself<Message>(whole);
  every_flipped_byte_is_refused_or_another_value<Message>(whole);
}

}  // namespace donord::testing
