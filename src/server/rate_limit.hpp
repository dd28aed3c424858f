#pragma once

// How fast data may go: all connections of a server take what they send from the same limit.

#include <chrono>
#include <cstdint>
#include <mutex>

namespace donord {

/// Thread-safe.
class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;

  /// 0: no limit.
  explicit RateLimit(std::uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}

  /// Takes the bytes, and returns from when on they may go: after all that were taken before, at this rate. What was
  /// not used in the past is lost.
  [[nodiscard]] Clock::time_point take(std::uint64_t bytes, Clock::time_point now);

 private:
  const std::uint64_t bytes_per_second_;
  std::mutex mutex_;
  Clock::time_point free_from_;
};

/// The limits of a server: bytes of the source's data, and bytes on the wire.
struct RateLimits {
  RateLimit data;
  RateLimit network;
};

/// Blocks must be small enough for the rate, since a recipient that hears nothing for 30 seconds gives up: so many a
/// second at least, whoever's turn it is.
inline constexpr std::uint64_t kLeastBlocksPerSecond = 16;

}  // namespace donord
