#include "binlog/varint.hpp"

#include <gtest/gtest.h>
#include <limits>

#include "support/hex.hpp"
#include "support/seeded_random.hpp"

namespace donord::binlog {
namespace {

using testing::from_hex;
using testing::to_hex;

std::string encoded(std::uint64_t value) {
  Bytes bytes;
  append_varint(bytes, value);
  return to_hex(bytes);
}

std::string encoded_signed(std::int64_t value) {
  Bytes bytes;
  append_signed_varint(bytes, value);
  return to_hex(bytes);
}

TEST(Varint, HasAsManyBytesAsItNeeds) {
  EXPECT_EQ(encoded(0), "00");
  EXPECT_EQ(encoded(1), "02");
  EXPECT_EQ(encoded(127), "fe");
  EXPECT_EQ(encoded(128), "0102");
  EXPECT_EQ(encoded(16383), "fdff");
  EXPECT_EQ(encoded(16384), "030002");
  EXPECT_EQ(encoded((std::uint64_t{1} << 56) - 1), "7fffffffffffffff");
  EXPECT_EQ(encoded(std::uint64_t{1} << 56), "ff0000000000000001");
  EXPECT_EQ(encoded(std::numeric_limits<std::uint64_t>::max()), "ffffffffffffffffff");
}

TEST(Varint, SignedOnesAreSmallWhenTheirMagnitudeIs) {
  EXPECT_EQ(encoded_signed(0), "00");
  EXPECT_EQ(encoded_signed(-1), "02");
  EXPECT_EQ(encoded_signed(1), "04");
  EXPECT_EQ(encoded_signed(std::numeric_limits<std::int64_t>::min()), "ffffffffffffffffff");
}

TEST(Varint, EveryValueComesBack) {
  testing::SeededRandom random{7};
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t value = random.number<std::uint64_t>() >> random.below(64);
    Bytes bytes;
    append_varint(bytes, value);
    append_signed_varint(bytes, static_cast<std::int64_t>(value));
    Cursor in{bytes};
    ASSERT_EQ(read_varint(in, "value"), value);
    ASSERT_EQ(read_signed_varint(in, "value"), static_cast<std::int64_t>(value));
    ASSERT_TRUE(in.finish());
  }
}

TEST(Varint, BytesThatEndTooEarlyAreRefused) {
  for (const std::string_view hex : {"", "01", "7fffffffffffff", "ff00000000000000"}) {
    const Bytes bytes = from_hex(hex);
    Cursor in{bytes};
    EXPECT_EQ(read_varint(in, "value"), 0U);
    EXPECT_TRUE(in.failed()) << hex;
  }
}

}  // namespace
}  // namespace donord::binlog
