#include "source/open_files.hpp"

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace donord {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMaxInfoBytes = 64 * 1024;
constexpr std::string_view kFlags = "flags:\t";

std::optional<int> to_number(const fs::path& name) {
  const std::string text = name.string();
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_file(const fs::path& link, const FileStamp& file) {
  struct stat status = {};
  return ::stat(link.c_str(), &status) == 0 && status.st_dev == file.device && status.st_ino == file.inode;
}

/// What open(2) was told, in octal digits.
bool is_for_writing(const OpenFile& open) {
  const Result<Bytes> info = read_file(fmt::format("/proc/{}/fdinfo/{}", open.pid, open.fd), kMaxInfoBytes);
  if (!info) return false;
  const std::string_view text = as_text(*info);
  const std::size_t at = text.find(kFlags);
  if (at == std::string_view::npos) return false;
  const std::string digits{text.substr(at + kFlags.size(), text.find('\n', at) - at - kFlags.size())};
  constexpr int kOctal = 8;
  return (std::strtoul(digits.c_str(), nullptr, kOctal) & O_ACCMODE) != O_RDONLY;
}

}  // namespace

std::optional<OpenFile> find_open_file(pid_t pid, const fs::path& path, const FileStamp& file) {
  std::error_code error;
  const fs::path directory = fmt::format("/proc/{}/fd", pid);
  for (fs::directory_iterator entry{directory, error}; !error && entry != fs::directory_iterator{};
       entry.increment(error)) {
    // The name is enough to pass over files elsewhere, on file systems that may hang.
    std::error_code ignored;
    if (fs::read_symlink(entry->path(), ignored).filename() != path.filename()) continue;
    const std::optional<int> fd = to_number(entry->path().filename());
    if (!fd || !is_file(entry->path(), file)) continue;
    const OpenFile open{pid, *fd};
    if (is_for_writing(open)) return open;
  }
  return std::nullopt;
}

std::optional<OpenFile> find_writing_process(const fs::path& path, const FileStamp& file) {
  std::error_code error;
  for (fs::directory_iterator entry{"/proc", error}; !error && entry != fs::directory_iterator{};
       entry.increment(error)) {
    const std::optional<int> pid = to_number(entry->path().filename());
    if (!pid || *pid == ::getpid()) continue;
    if (const std::optional<OpenFile> open = find_open_file(*pid, path, file)) return open;
  }
  return std::nullopt;
}

bool is_still_open(const OpenFile& open, const FileStamp& file) {
  return is_file(fmt::format("/proc/{}/fd/{}", open.pid, open.fd), file);
}

}  // namespace donord
