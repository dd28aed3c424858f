#pragma once

// The server that runs on a data directory, as far as can be told without asking it: it holds locks on its files, or
// has them open when it has lost its locks, which happens to every server that was itself the donor of a clone.

#include <cstdint>
#include <filesystem>
#include <string>
#include <sys/types.h>

#include "base/file.hpp"
#include "base/result.hpp"
#include "source/file_stamp.hpp"
#include "source/open_files.hpp"

namespace donord {

class ServerProcess {
 public:
  /// Whoever has locked `locked_file`, a file of the system tablespace, or writes to it without a lock.
  /// `Errc::unavailable` when nobody does.
  [[nodiscard]] static Result<ServerProcess> find(const std::filesystem::path& locked_file);

  /// `Errc::conflict` when it has ended, or another one has taken its place.
  [[nodiscard]] Result<> still_runs() const;

  /// As seen from here; below 1 in another PID namespace.
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  ServerProcess(std::filesystem::path path, UniqueFd fd, FileStamp file, pid_t pid);

  std::filesystem::path path_;
  UniqueFd fd_;
  FileStamp file_;
  pid_t pid_;
  std::string started_;           // as /proc has it; empty when it does not tell
  std::optional<OpenFile> open_;  // the file; nothing when we may not see that
};

}  // namespace donord
