#include "source/file_lock.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>

#include "source/file_stamp.hpp"
#include "source/open_files.hpp"

namespace donord {

namespace {

struct flock whole_file_read_lock() {
  struct flock lock = {};
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

/// Not to know whether a server runs is as bad as to know that one does.
Error no_locks(std::string_view what, const std::filesystem::path& path, int error_number) {
  Error error = io_error(what, path, error_number);
  error.hint = "locks keep mysqld away from a directory that is served: put it on a file system that supports them";
  return error;
}

}  // namespace

Result<std::optional<LockHolder>> find_lock_holder(const UniqueFd& fd, const std::filesystem::path& path) {
  struct flock lock = whole_file_read_lock();
  if (::fcntl(fd.get(), F_OFD_GETLK, &lock) != 0) return no_locks("ask for locks on", path, errno);
  if (lock.l_type == F_UNLCK) return std::optional<LockHolder>{};
  return std::optional{LockHolder{lock.l_pid}};
}

Result<std::optional<LockHolder>> find_writer(const UniqueFd& fd, const std::filesystem::path& path) {
  Result<std::optional<LockHolder>> holder = find_lock_holder(fd, path);
  if (!holder || *holder) return holder;
  const Result<FileStamp> file = stamp_of(fd, path);
  if (!file) return file.error();
  const std::optional<OpenFile> open = find_writing_process(path, *file);
  if (!open) return std::optional<LockHolder>{};
  return std::optional{LockHolder{open->pid}};
}

Result<std::optional<LockHolder>> find_writer(const std::filesystem::path& path) {
  const Result<UniqueFd> fd = open_for_reading(path);
  if (!fd) return fd.error();
  return find_writer(*fd, path);
}

Result<SharedFileLock> SharedFileLock::acquire(const std::filesystem::path& path) {
  Result<UniqueFd> fd = open_for_reading(path);
  if (!fd) return fd.error();
  struct flock lock = whole_file_read_lock();
  if (::fcntl(fd->get(), F_OFD_SETLK, &lock) != 0) {
    if (errno != EAGAIN && errno != EACCES) return no_locks("lock", path, errno);
    const Result<std::optional<LockHolder>> holder = find_lock_holder(*fd, path);
    return in_use_error(path, holder && *holder ? **holder : LockHolder{});
  }
  const Result<std::optional<LockHolder>> writer = find_writer(*fd, path);
  if (!writer) return writer.error();
  if (*writer) return in_use_error(path, **writer);
  return SharedFileLock{std::move(*fd)};
}

Error in_use_error(const std::filesystem::path& path, const LockHolder& holder) {
  const std::string who = holder.pid > 0 ? fmt::format("process {}", holder.pid) : "another process";
  return Error{Errc::unavailable,
               fmt::format("{} is in use by {}: a mysqld is running on this directory", path.string(), who),
               "stop the server, or serve a snapshot of the directory"};
}

}  // namespace donord
