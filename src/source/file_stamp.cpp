#include "source/file_stamp.hpp"

#include <cerrno>
#include <sys/stat.h>

namespace donord {

namespace {

FileStamp to_stamp(const struct stat& status) {
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  constexpr std::uint64_t kStatBlockBytes = 512;
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size_bytes = static_cast<std::uint64_t>(status.st_size),
          .modified_ns = status.st_mtim.tv_sec * kNanoseconds + status.st_mtim.tv_nsec,
          .allocated_bytes = static_cast<std::uint64_t>(status.st_blocks) * kStatBlockBytes,
          .block_size_bytes = static_cast<std::uint32_t>(status.st_blksize)};
}

}  // namespace

Result<FileStamp> stamp_of(const UniqueFd& fd, const std::filesystem::path& path) {
  struct stat status = {};
  if (::fstat(fd.get(), &status) != 0) return io_error("stat", path, errno);
  return to_stamp(status);
}

Result<FileStamp> stamp_of(const std::filesystem::path& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return io_error("stat", path, errno);
  return to_stamp(status);
}

}  // namespace donord
