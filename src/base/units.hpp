#pragma once

// Sizes and durations as people write and read them.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace donord {

/// "512", "64K", "16M", "2G", "1T" (powers of 1024, any case, as in mysqld's options) in bytes.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);

/// "12.3 MiB": three significant digits, powers of 1024.
[[nodiscard]] std::string human_size(std::uint64_t bytes);

/// "1h02m03s", "2m03s", "3.4s".
[[nodiscard]] std::string human_duration(std::chrono::milliseconds duration);

/// "2026-01-31 12:34:56.789" in UTC, from milliseconds since 1970.
[[nodiscard]] std::string utc_time(std::int64_t unix_ms);

/// Milliseconds since 1970.
[[nodiscard]] std::int64_t unix_ms_now();

}  // namespace donord
