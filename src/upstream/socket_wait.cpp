#include "upstream/socket_wait.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <poll.h>
#include <system_error>

namespace donord {

namespace {

/// Rounded up, so that nothing is asked for again and again in the last millisecond.
int milliseconds_until(std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, std::numeric_limits<int>::max()));
}

}  // namespace

Result<> wait_for_socket(int fd, SocketEvent event, std::chrono::steady_clock::time_point deadline) {
  pollfd wanted{
      .fd = fd, .events = static_cast<short>(event == SocketEvent::readable ? POLLIN : POLLOUT), .revents = 0};
  for (;;) {
    const int ready = ::poll(&wanted, 1, milliseconds_until(deadline));
    if (ready > 0) return {};
    if (ready == 0) return Error{Errc::timeout, "the server did not answer in time"};
    if (errno != EINTR) return Error{Errc::io, fmt::format("poll: {}", std::generic_category().message(errno))};
  }
}

}  // namespace donord
