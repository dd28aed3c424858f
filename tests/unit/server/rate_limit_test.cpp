#include "server/rate_limit.hpp"

#include <gtest/gtest.h>

namespace donord {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMiB = 1024 * 1024;
const RateLimit::Clock::time_point kNow{1h};

TEST(RateLimitTest, ZeroIsNoLimit) {
  RateLimit limit{0};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(limit.take(1000 * kMiB, kNow), kNow);
}

TEST(RateLimitTest, EachWaitsForThoseBefore) {
  RateLimit limit{10 * kMiB};
  EXPECT_EQ(limit.take(kMiB, kNow), kNow);
  EXPECT_EQ(limit.take(5 * kMiB, kNow), kNow + 100ms);
  EXPECT_EQ(limit.take(1, kNow), kNow + 600ms);
}

TEST(RateLimitTest, TimeThatWasNotUsedIsLost) {
  RateLimit limit{kMiB};
  EXPECT_EQ(limit.take(kMiB, kNow), kNow);
  EXPECT_EQ(limit.take(kMiB, kNow + 10s), kNow + 10s);
  EXPECT_EQ(limit.take(kMiB, kNow + 10s), kNow + 11s);
}

TEST(RateLimitTest, ManySmallOnesTakeAsLongAsOneLarge) {
  RateLimit limit{3 * kMiB};
  for (int i = 0; i < 3 * 1024; ++i) std::ignore = limit.take(1024, kNow);
  const auto behind = limit.take(1, kNow) - kNow;
  EXPECT_NEAR(std::chrono::duration<double>(behind).count(), 1.0, 0.001);
}

}  // namespace
}  // namespace donord
