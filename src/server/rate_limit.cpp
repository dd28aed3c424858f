#include "server/rate_limit.hpp"

#include <algorithm>

namespace donord {

RateLimit::Clock::time_point RateLimit::take(std::uint64_t bytes, Clock::time_point now) {
  if (bytes_per_second_ == 0) return now;
  const std::chrono::duration<double> length{static_cast<double>(bytes) / static_cast<double>(bytes_per_second_)};
  const std::lock_guard lock{mutex_};
  const Clock::time_point begin = std::max(free_from_, now);
  free_from_ = begin + std::chrono::duration_cast<Clock::duration>(length);
  return begin;
}

}  // namespace donord
