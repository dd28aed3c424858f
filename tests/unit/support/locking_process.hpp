#pragma once

// A process that locks a file, as a running mysqld does.

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

namespace donord::testing {

inline struct flock write_lock() {
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

enum class Locked { yes, lost };

/// A process that has a file open and holds a write lock on it as mysqld does, for as long as the object lives; or that
/// has lost the lock, because it has closed another descriptor of the file.
class LockingProcess {
 public:
  explicit LockingProcess(const std::filesystem::path& path, Locked locked = Locked::yes) {
    int ready[2];
    if (::pipe(ready) != 0 || ::pipe(end_) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      const int fd = ::open(path.c_str(), O_RDWR);
      struct flock lock = write_lock();
      char byte = ::fcntl(fd, F_SETLK, &lock) == 0 ? 'y' : 'n';
      if (locked == Locked::lost) ::close(::open(path.c_str(), O_RDONLY));
      if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
      ::close(end_[1]);
      ::_exit(::read(end_[0], &byte, 1) == 0 ? 0 : 1);
    }
    char byte = 0;
    locked_ = ::read(ready[0], &byte, 1) == 1 && byte == 'y';
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~LockingProcess() {
    ::close(end_[0]);
    ::close(end_[1]);
    ::waitpid(pid_, nullptr, 0);
  }

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool locked() const { return locked_; }

 private:
  int end_[2] = {};
  pid_t pid_ = -1;
  bool locked_ = false;
};

}  // namespace donord::testing
