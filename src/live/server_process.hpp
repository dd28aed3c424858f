#pragma once

// The server that runs on a data directory, as far as can be told without asking it: it holds locks on its files.

#include <cstdint>
#include <filesystem>
#include <string>
#include <sys/types.h>

#include "base/file.hpp"
#include "base/result.hpp"

namespace donord {

class ServerProcess {
 public:
  /// Whoever has locked `locked_file`, a file of the system tablespace. `Errc::unavailable` when nobody has.
  [[nodiscard]] static Result<ServerProcess> find(const std::filesystem::path& locked_file);

  /// `Errc::conflict` when it has ended, or another one has taken its place.
  [[nodiscard]] Result<> still_runs() const;

  /// As seen from here; below 1 in another PID namespace.
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  ServerProcess(std::filesystem::path path, UniqueFd fd, pid_t pid, std::string started)
      : path_(std::move(path)), fd_(std::move(fd)), pid_(pid), started_(std::move(started)) {}

  std::filesystem::path path_;
  UniqueFd fd_;
  pid_t pid_;
  std::string started_;  // as /proc has it; empty when it does not tell
};

}  // namespace donord
