#pragma once

// Tells when somebody opens or reads a file, so that a test can change it after the first look and before the next.

#include <array>
#include <filesystem>
#include <poll.h>
#include <stdexcept>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/file.hpp"

namespace donord::testing {

class ReadNotice {
 public:
  enum class Of { opening, reading };

  ReadNotice(const std::filesystem::path& path, Of what) : fd_(::inotify_init1(IN_CLOEXEC)) {
    if (!fd_ || ::inotify_add_watch(fd_.get(), path.c_str(), what == Of::opening ? IN_OPEN : IN_ACCESS) < 0)
      throw std::runtime_error("cannot watch " + path.string());
  }

  /// Returns when it has happened since the last time. Throws when nobody comes.
  void wait() const {
    std::array<char, 4096> events{};
    pollfd ready{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, kPatienceMs) != 1 || ::read(fd_.get(), events.data(), events.size()) <= 0)
      throw std::runtime_error("nobody reads");
  }

 private:
  static constexpr int kPatienceMs = 10'000;

  UniqueFd fd_;
};

}  // namespace donord::testing
