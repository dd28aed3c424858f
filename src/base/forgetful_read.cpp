#include "base/forgetful_read.hpp"

#include <algorithm>
#include <fcntl.h>

namespace donord {

namespace {

constexpr std::size_t kStepBytes = std::size_t{64} << 10;

}  // namespace

Result<> read_and_forget(const UniqueFd& fd, const std::filesystem::path& path, std::uint64_t offset,
                         MutableBytes into) {
  const auto step = [&](std::size_t at) { return into.subspan(at, std::min(kStepBytes, into.size() - at)); };
  std::size_t at = 0;
  while (at < into.size()) {
    const std::size_t begin = at;  // of what is not cached; all of it is read at once
    while (at < into.size() && !read_if_cached(fd, offset + at, step(at))) at += step(at).size();
    if (at > begin) {
      if (Result<> read = read_exactly(fd, path, offset + begin, into.subspan(begin, at - begin)); !read) return read;
      // Advice only: a file system that ignores it costs nothing but memory.
      ::posix_fadvise(fd.get(), static_cast<off_t>(offset + begin), static_cast<off_t>(at - begin),
                      POSIX_FADV_DONTNEED);
    }
    if (at < into.size()) at += step(at).size();
  }
  return {};
}

}  // namespace donord
