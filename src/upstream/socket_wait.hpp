#pragma once

// A descriptor that does not block, waited for until a deadline.

#include <chrono>
#include <cstdint>

#include "base/result.hpp"

namespace donord {

enum class SocketEvent : std::uint8_t { readable, writable };

/// Errors: `timeout`, `io`. A descriptor that is broken counts as ready: using it tells what is wrong.
[[nodiscard]] Result<> wait_for_socket(int fd, SocketEvent event, std::chrono::steady_clock::time_point deadline);

}  // namespace donord
