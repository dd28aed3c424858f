#include "base/crc32c.hpp"

#include <gtest/gtest.h>
#include <random>

namespace donord {
namespace {

Bytes random_bytes(std::size_t count, std::uint32_t seed) {
  std::mt19937 random{seed};
  Bytes bytes(count);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

TEST(Crc32c, HasTheCheckValueOfTheStandard) {
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283U);
  EXPECT_EQ(crc32c_extend_portable(0, as_bytes("123456789")), 0xE3069283U);
  EXPECT_EQ(crc32c({}), 0U);
}

TEST(Crc32c, MatchesTheExamplesOfRfc3720) {
  EXPECT_EQ(crc32c(Bytes(32, 0x00)), 0x8A9136AAU);
  EXPECT_EQ(crc32c(Bytes(32, 0xFF)), 0x62A8AB43U);
  Bytes rising(32);
  for (std::size_t i = 0; i < rising.size(); ++i) rising[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(crc32c(rising), 0x46DD794EU);
}

TEST(Crc32c, EveryImplementationAgreesAtEveryLengthAndAlignment) {
  const Bytes bytes = random_bytes(3000, 1);
  for (std::size_t from = 0; from < 9; ++from)
    for (std::size_t length = 0; length + from <= bytes.size(); ++length) {
      const ByteView view = ByteView{bytes}.subspan(from, length);
      ASSERT_EQ(crc32c(view), crc32c_extend_portable(0, view)) << "from " << from << " length " << length;
    }
}

TEST(Crc32c, ExtendingGivesTheSumOfTheWholeAtEveryCut) {
  const Bytes bytes = random_bytes(2500, 2);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    const ByteView view{bytes};
    ASSERT_EQ(crc32c_extend(crc32c(view.first(cut)), view.subspan(cut)), crc32c(view)) << "cut " << cut;
  }
}

TEST(Crc32c, LanesEqualTheSingleSums) {
  for (const std::size_t length : {0U, 1U, 7U, 8U, 9U, 22U, 500U, 1023U, 1024U, 1025U, 1279U, 1280U, 4058U, 16338U}) {
    std::array<Bytes, kCrc32cLanes> buffers;
    std::array<ByteView, kCrc32cLanes> views;
    for (std::size_t i = 0; i < kCrc32cLanes; ++i) {
      buffers[i] = random_bytes(length, static_cast<std::uint32_t>(10 + i));
      views[i] = buffers[i];
    }
    const auto sums = crc32c_lanes(views);
    for (std::size_t i = 0; i < kCrc32cLanes; ++i) EXPECT_EQ(sums[i], crc32c(views[i])) << length << " lane " << i;
  }
}

}  // namespace
}  // namespace donord
