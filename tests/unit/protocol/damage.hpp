#pragma once

// Damage for messages that have more than one encoding (lengths need not be in their shortest form, filler is ignored)
// or need a context: whatever decodes must decode to itself again after it was encoded.

#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace donord {

template <class Message, class Decode, class Encode>
void expect_refused_or_stable(ByteView bytes, Decode decode_message, Encode encode_message) {
  const Result<Message> decoded = decode_message(bytes);
  if (!decoded) return;
  const Bytes encoded = encode_message(*decoded);
  const Result<Message> again = decode_message(encoded);
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_TRUE(*again == *decoded);
}

/// Every prefix, every flipped bit, and a byte too many.
template <class Message, class Decode, class Encode>
void expect_survives_damage(const Bytes& whole, Decode decode_message, Encode encode_message) {
  for (std::size_t length = 0; length < whole.size(); ++length)
    expect_refused_or_stable<Message>(ByteView{whole}.first(length), decode_message, encode_message);
  Bytes damaged = whole;
  for (std::uint8_t& byte : damaged)
    for (int bit = 0; bit < 8; ++bit) {
      byte = static_cast<std::uint8_t>(byte ^ 1 << bit);
      expect_refused_or_stable<Message>(damaged, decode_message, encode_message);
      byte = static_cast<std::uint8_t>(byte ^ 1 << bit);
    }
  damaged.push_back(0);
  expect_refused_or_stable<Message>(damaged, decode_message, encode_message);
}

}  // namespace donord
