#include "catalog/process_identity.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <sstream>
#include <unistd.h>

#include "base/file.hpp"

namespace donord {
namespace {

constexpr const char* kBootIdPath = "/proc/sys/kernel/random/boot_id";

/// The files of /proc announce a size of 0, so they are read to their end.
Result<std::string> read_proc(const std::string& path) {
  const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) return io_error("open", path, errno);
  std::string content;
  std::array<char, 1024> buffer{};
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("read", path, errno);
    if (got == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

Result<std::string> read_boot_id() {
  Result<std::string> id = read_proc(kBootIdPath);
  if (id) id->erase(id->find_last_not_of('\n') + 1);
  return id;
}

struct ProcessStat {
  char state = 0;  ///< 'Z' and 'X': ended
  std::uint64_t start_ticks = 0;
};

/// From /proc/<pid>/stat (proc(5)): field 3 is the state, field 22 the start time. Field 2 is the command in
/// parentheses and may hold blanks and parentheses, so counting begins behind the last one.
std::optional<ProcessStat> process_stat(std::int64_t pid) {
  const Result<std::string> line = read_proc(fmt::format("/proc/{}/stat", pid));
  if (!line) return std::nullopt;
  const std::size_t command_end = line->rfind(')');
  if (command_end == std::string::npos) return std::nullopt;
  std::istringstream fields{line->substr(command_end + 1)};
  ProcessStat stat;
  fields >> stat.state;
  std::string skipped;
  for (int field = 4; field < 22; ++field) fields >> skipped;
  fields >> stat.start_ticks;
  if (!fields) return std::nullopt;
  return stat;
}

}  // namespace

Result<ProcessIdentity> ProcessIdentity::self() {
  Result<std::string> boot = read_boot_id();
  if (!boot) return boot.error();
  const std::int64_t pid = ::getpid();
  const std::optional<ProcessStat> stat = process_stat(pid);
  if (!stat) return Error{Errc::io, fmt::format("cannot read the start time of process {} from /proc", pid)};
  return ProcessIdentity{std::move(*boot), pid, stat->start_ticks};
}

bool ProcessIdentity::alive() const {
  const Result<std::string> boot = read_boot_id();
  if (!boot || *boot != boot_id) return false;
  const std::optional<ProcessStat> stat = process_stat(pid);
  return stat && stat->start_ticks == start_ticks && stat->state != 'Z' && stat->state != 'X';
}

}  // namespace donord
