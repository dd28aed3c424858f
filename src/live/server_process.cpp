#include "live/server_process.hpp"

#include <fmt/format.h>

#include "source/file_lock.hpp"

namespace donord {

namespace {

constexpr std::uint64_t kMaxStatBytes = 4096;
constexpr int kFieldsBeforeStartTime = 19;  // counted from behind the name of the program

/// Field 22 of /proc/PID/stat: two processes with the same id differ in it.
std::string start_time_of(pid_t pid) {
  if (pid < 1) return {};
  const Result<Bytes> stat = read_file(fmt::format("/proc/{}/stat", pid), kMaxStatBytes);
  if (!stat) return {};
  std::string_view rest = as_text(*stat);
  const std::size_t name_end = rest.rfind(')');
  if (name_end == std::string_view::npos) return {};
  rest.remove_prefix(name_end + 1);
  for (int field = 0; field < kFieldsBeforeStartTime + 1; ++field) {
    const std::size_t space = rest.find(' ');
    if (space == std::string_view::npos) return {};
    rest.remove_prefix(space + 1);
  }
  return std::string{rest.substr(0, rest.find(' '))};
}

}  // namespace

Result<ServerProcess> ServerProcess::find(const std::filesystem::path& locked_file) {
  Result<UniqueFd> fd = open_for_reading(locked_file);
  if (!fd) return fd.error();
  const Result<std::optional<LockHolder>> holder = find_writer(*fd, locked_file);
  if (!holder) return holder.error();
  if (!*holder)
    return Error{Errc::unavailable, fmt::format("no server runs on {}", locked_file.parent_path().string()),
                 "start it, or serve the directory with --live auto or no"};
  const Result<FileStamp> file = stamp_of(*fd, locked_file);
  if (!file) return file.error();
  return ServerProcess{locked_file, std::move(*fd), *file, (*holder)->pid};
}

ServerProcess::ServerProcess(std::filesystem::path path, UniqueFd fd, FileStamp file, pid_t pid)
    : path_(std::move(path)),
      fd_(std::move(fd)),
      file_(file),
      pid_(pid),
      started_(start_time_of(pid)),
      open_(find_open_file(pid, path_, file)) {}

Result<> ServerProcess::still_runs() const {
  const Result<std::optional<LockHolder>> holder = find_lock_holder(fd_, path_);
  if (!holder) return holder.error();
  const bool same = *holder ? (*holder)->pid == pid_ : open_ && is_still_open(*open_, file_);
  if (same && start_time_of(pid_) == started_) return {};
  return Error{Errc::conflict,
               fmt::format("the server on {} {}", path_.parent_path().string(),
                           *holder ? "was started again while it was cloned" : "was stopped while it was cloned"),
               "clone again"};
}

}  // namespace donord
