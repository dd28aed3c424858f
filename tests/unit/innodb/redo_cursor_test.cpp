#include "innodb/redo_cursor.hpp"

#include <gtest/gtest.h>

#include "support/hex.hpp"
#include "support/redo_builder.hpp"
#include "support/seeded_random.hpp"

namespace donord::innodb {
namespace {

using testing::from_hex;
using testing::RedoFields;

std::uint32_t compressed(const char* hex) {
  const Bytes bytes = from_hex(hex);
  RedoCursor cursor{bytes};
  const std::uint32_t value = cursor.compressed32();
  EXPECT_TRUE(cursor.good()) << hex;
  EXPECT_EQ(cursor.remaining(), 0U) << hex;
  return value;
}

TEST(RedoCursor, CompressedIntegersHaveTheirFirstByteSayTheirLength) {
  EXPECT_EQ(compressed("00"), 0U);
  EXPECT_EQ(compressed("7f"), 0x7FU);
  EXPECT_EQ(compressed("8080"), 0x80U);
  EXPECT_EQ(compressed("bfff"), 0x3FFFU);
  EXPECT_EQ(compressed("c04000"), 0x4000U);
  EXPECT_EQ(compressed("dfffff"), 0x1FFFFFU);
  EXPECT_EQ(compressed("e0200000"), 0x200000U);
  EXPECT_EQ(compressed("efffffff"), 0x0FFFFFFFU);
  EXPECT_EQ(compressed("f010000000"), 0x10000000U);
  EXPECT_EQ(compressed("f0ffffffff"), 0xFFFFFFFFU);
}

TEST(RedoCursor, ValuesSlightlyBelow32BitsAreShort) {
  EXPECT_EQ(compressed("f800"), 0xFFFFFC00U);
  EXPECT_EQ(compressed("fbff"), 0xFFFFFFFFU);
  EXPECT_EQ(compressed("fbfe"), 0xFFFFFFFEU);  // the dictionary's space
  EXPECT_EQ(compressed("fbef"), 0xFFFFFFEFU);  // undo_001
  EXPECT_EQ(compressed("fc0000"), 0xFFFE0000U);
  EXPECT_EQ(compressed("fdffff"), 0xFFFFFFFFU);
  EXPECT_EQ(compressed("fe000000"), 0xFF000000U);
}

TEST(RedoCursor, NothingBeginsWithTheOtherBytes) {
  for (const int first : {0xF1, 0xF2, 0xF7, 0xFF}) {
    const Bytes bytes = RedoFields{}.u1(static_cast<std::uint64_t>(first)).u8(0);
    RedoCursor cursor{bytes};
    EXPECT_EQ(cursor.compressed32(), 0U);
    EXPECT_NE(cursor.problem(), nullptr) << first;
    EXPECT_EQ(cursor.u1(), 0U);
    EXPECT_EQ(cursor.remaining(), 0U);
  }
}

TEST(RedoCursor, WritersAndReadersOfIntegersAgree) {
  testing::SeededRandom random{7};
  for (int i = 0; i < 20'000; ++i) {
    const auto small = random.number<std::uint32_t>();
    const auto large = random.number<std::uint64_t>();
    const Bytes bytes = RedoFields{}.compressed32(small).compressed64(large).much_compressed64(large);
    RedoCursor cursor{bytes};
    ASSERT_EQ(cursor.compressed32(), small);
    ASSERT_EQ(cursor.compressed64(), large);
    ASSERT_EQ(cursor.much_compressed64(), large);
    ASSERT_TRUE(cursor.good() && cursor.remaining() == 0);
  }
}

TEST(RedoCursor, SaysHowManyBytesItNeedsAtLeast) {
  const Bytes bytes = RedoFields{}.u1(1).u1(0xF0).u2(0);
  RedoCursor cursor{bytes};
  cursor.u1();
  cursor.compressed32();
  EXPECT_EQ(cursor.needed_bytes(), 6U);
  EXPECT_EQ(cursor.problem(), nullptr);
  cursor.fail("too late: the first problem stays");
  EXPECT_EQ(cursor.problem(), nullptr);

  RedoCursor other{bytes};
  EXPECT_TRUE(other.take(100).empty());
  EXPECT_EQ(other.needed_bytes(), 100U);
  EXPECT_EQ(other.u1(), 0U);
  EXPECT_EQ(other.position(), 0U);
}

}  // namespace
}  // namespace donord::innodb
