#include "base/file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <system_error>
#include <unistd.h>

namespace donord {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLeastRead = 4095;

}  // namespace

UniqueFd::~UniqueFd() {
  if (fd_ >= 0) ::close(fd_);
}

Error io_error(std::string_view what, const fs::path& path, int error_number) {
  const Errc code = error_number == ENOENT                            ? Errc::not_found
                    : error_number == EACCES || error_number == EPERM ? Errc::denied
                                                                      : Errc::io;
  return Error{code,
               fmt::format("cannot {} {}: {}", what, path.string(), std::generic_category().message(error_number))};
}

Result<UniqueFd> open_for_reading(const fs::path& path) {
  UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
  if (!fd) return io_error("open", path, errno);
  struct stat status = {};
  if (::fstat(fd.get(), &status) != 0) return io_error("stat", path, errno);
  if (!S_ISREG(status.st_mode)) return Error{Errc::malformed, fmt::format("{} is not a regular file", path.string())};
  return fd;
}

Result<> read_exactly(const UniqueFd& fd, const fs::path& path, std::uint64_t offset, MutableBytes into) {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t got = ::pread(fd.get(), into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("read", path, errno);
    if (got == 0)
      return Error{Errc::truncated, fmt::format("{} ends at {}: expected {} bytes at offset {}", path.string(),
                                                offset + done, into.size(), offset)};
    done += static_cast<std::size_t>(got);
  }
  return {};
}

bool read_if_cached(const UniqueFd& fd, std::uint64_t offset, MutableBytes into) {
  const iovec target{into.data(), into.size()};
  return ::preadv2(fd.get(), &target, 1, static_cast<off_t>(offset), RWF_NOWAIT) == static_cast<ssize_t>(into.size());
}

Result<Bytes> read_file(const fs::path& path, std::uint64_t limit_bytes) {
  const Result<UniqueFd> fd = open_for_reading(path);
  if (!fd) return fd.error();
  struct stat status = {};
  if (::fstat(fd->get(), &status) != 0) return io_error("stat", path, errno);
  const auto too_long = [&](std::uint64_t size) {
    return Error{Errc::unavailable,
                 fmt::format("{} has {} bytes, more than the {} allowed", path.string(), size, limit_bytes)};
  };
  if (const auto size = static_cast<std::uint64_t>(status.st_size); size > limit_bytes) return too_long(size);
  // Files in /proc have size 0 whatever is in them; one byte more shows that the file has ended.
  Bytes content(std::max(static_cast<std::size_t>(status.st_size), kLeastRead) + 1);
  std::size_t done = 0;
  for (;;) {
    const ssize_t got = ::pread(fd->get(), content.data() + done, content.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("read", path, errno);
    done += static_cast<std::size_t>(got);
    if (done > limit_bytes) return too_long(done);
    if (got == 0) break;
    if (done == content.size()) content.resize(2 * content.size());
  }
  content.resize(done);
  return content;
}

Result<> write_exactly(const UniqueFd& fd, const fs::path& path, std::uint64_t offset, ByteView content) {
  while (!content.empty()) {
    const ssize_t put = ::pwrite(fd.get(), content.data(), content.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return io_error("write", path, errno);
    offset += static_cast<std::uint64_t>(put);
    content = content.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

namespace {

Result<> sync_directory(const fs::path& directory) {
  const UniqueFd fd{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd || ::fsync(fd.get()) != 0) return io_error("sync", directory, errno);
  return {};
}

}  // namespace

Result<> write_file_atomically(const fs::path& path, ByteView content, unsigned mode) {
  const fs::path directory = path.has_parent_path() ? path.parent_path() : fs::path{"."};
  std::string temporary = (directory / (path.filename().string() + ".XXXXXX")).string();
  const UniqueFd fd{::mkostemp(temporary.data(), O_CLOEXEC)};
  if (!fd) return io_error("create", temporary, errno);

  Result<> done = write_exactly(fd, temporary, 0, content);
  if (done && ::fchmod(fd.get(), mode) != 0) done = io_error("chmod", temporary, errno);
  if (done && ::fsync(fd.get()) != 0) done = io_error("sync", temporary, errno);
  if (done && ::rename(temporary.c_str(), path.c_str()) != 0) done = io_error("rename to", path, errno);
  if (!done) {
    ::unlink(temporary.c_str());
    return done;
  }
  return sync_directory(directory);
}

}  // namespace donord
