#pragma once

// What the file system says about a file: enough to notice that it was replaced, resized or written.

#include <cstdint>
#include <filesystem>

#include "base/file.hpp"
#include "base/result.hpp"

namespace donord {

struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size_bytes = 0;
  std::int64_t modified_ns = 0;  ///< since 1970
  std::uint64_t allocated_bytes = 0;
  std::uint32_t block_size_bytes = 0;  ///< preferred for input and output

  /// The same file with the same content, as far as can be told without reading it.
  [[nodiscard]] bool same_content(const FileStamp& other) const {
    return device == other.device && inode == other.inode && size_bytes == other.size_bytes &&
           modified_ns == other.modified_ns;
  }
};

[[nodiscard]] Result<FileStamp> stamp_of(const UniqueFd& fd, const std::filesystem::path& path);
[[nodiscard]] Result<FileStamp> stamp_of(const std::filesystem::path& path);

}  // namespace donord
