#pragma once

// A running mysqld holds a write lock on its data files, unless it has lost it (open_files.hpp). Others find it by
// asking, and keep a server from starting by holding a read lock: mysqld then stops with "Unable to lock ./ibdata1".
// Locks are advisory, seen on one machine only and not on every network file system.

#include <filesystem>
#include <optional>
#include <sys/types.h>

#include "base/file.hpp"
#include "base/result.hpp"

namespace donord {

struct LockHolder {
  pid_t pid = -1;  ///< below 1 when the system does not tell
};

/// Who holds a write lock on the file, if anyone.
[[nodiscard]] Result<std::optional<LockHolder>> find_lock_holder(const UniqueFd& fd, const std::filesystem::path& path);

/// Who holds a write lock on the file, or else has it open for writing.
[[nodiscard]] Result<std::optional<LockHolder>> find_writer(const UniqueFd& fd, const std::filesystem::path& path);
[[nodiscard]] Result<std::optional<LockHolder>> find_writer(const std::filesystem::path& path);

/// A read lock on a file for as long as the object lives. Any number can be held at once; it belongs to the open file,
/// not to the process, so that closing another descriptor of the file does not end it.
class SharedFileLock {
 public:
  /// `Errc::unavailable` when someone holds a write lock or writes without one; other errors where the file system has
  /// no locks.
  [[nodiscard]] static Result<SharedFileLock> acquire(const std::filesystem::path& path);

 private:
  explicit SharedFileLock(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

/// "is in use by process 4711", with a hint to stop it.
[[nodiscard]] Error in_use_error(const std::filesystem::path& path, const LockHolder& holder);

}  // namespace donord
