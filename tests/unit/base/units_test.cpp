#include "base/units.hpp"

#include <gtest/gtest.h>

namespace donord {
namespace {

TEST(Units, ParsesSizesAsMysqldDoes) {
  EXPECT_EQ(*parse_size("512"), 512U);
  EXPECT_EQ(*parse_size("64K"), 65536U);
  EXPECT_EQ(*parse_size("2g"), std::uint64_t{2} << 30);
  for (const char* bad : {"", "K", "1KB", "-1", "1 M", "x", "99999999999T"}) EXPECT_FALSE(parse_size(bad)) << bad;
}

TEST(Units, PrintsSizesWithThreeDigits) {
  EXPECT_EQ(human_size(0), "0 B");
  EXPECT_EQ(human_size(1536), "1.50 KiB");
  EXPECT_EQ(human_size(std::uint64_t{200} << 20), "200 MiB");
  EXPECT_EQ(human_size(std::uint64_t{1010} << 20), "0.99 GiB");
}

TEST(Units, PrintsDurationsAndTimes) {
  using namespace std::chrono_literals;
  EXPECT_EQ(human_duration(3400ms), "3.4s");
  EXPECT_EQ(human_duration(3723s), "1h02m03s");
  EXPECT_EQ(utc_time(1767225600123), "2026-01-01 00:00:00.123");
}

}  // namespace
}  // namespace donord
