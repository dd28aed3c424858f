#pragma once

// Files: descriptors that close themselves, whole reads at an offset, and writes that are either complete or absent.

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace donord {

/// Owns a file descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd();

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// `Errc::io` (or `not_found`, `denied`) with "what path: reason of the operating system".
[[nodiscard]] Error io_error(std::string_view what, const std::filesystem::path& path, int error_number);

/// Opens for reading. The file must be a regular one.
[[nodiscard]] Result<UniqueFd> open_for_reading(const std::filesystem::path& path);

/// Fills `into` from `offset`; `Errc::truncated` when the file ends before.
[[nodiscard]] Result<> read_exactly(const UniqueFd& fd, const std::filesystem::path& path, std::uint64_t offset,
                                    MutableBytes into);

/// The same of what is in the page cache, without waiting for a disk: false when not all of it is, or when the file
/// system cannot tell. What is not there may be on its way afterwards.
[[nodiscard]] bool read_if_cached(const UniqueFd& fd, std::uint64_t offset, MutableBytes into);

/// Writes all of `content` at `offset`.
[[nodiscard]] Result<> write_exactly(const UniqueFd& fd, const std::filesystem::path& path, std::uint64_t offset,
                                     ByteView content);

/// The whole file, refused with `Errc::unavailable` when it is longer than `limit_bytes`.
[[nodiscard]] Result<Bytes> read_file(const std::filesystem::path& path, std::uint64_t limit_bytes);

/// Writes under a temporary name in the same directory, syncs, renames over `path`, syncs the directory.
[[nodiscard]] Result<> write_file_atomically(const std::filesystem::path& path, ByteView content, unsigned mode);

}  // namespace donord
