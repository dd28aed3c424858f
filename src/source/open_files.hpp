#pragma once

// Which process has a file open, from /proc. For the sake of servers that run without their locks: those of fcntl(2)
// that mysqld takes belong to the process and the file, so that closing any descriptor of the file gives them up, and a
// mysqld that was the donor of a clone has done that for all of its files (docs/findings.md).

#include <filesystem>
#include <optional>
#include <sys/types.h>

#include "base/file.hpp"
#include "base/result.hpp"
#include "source/file_stamp.hpp"

namespace donord {

struct OpenFile {
  pid_t pid = -1;
  int fd = -1;  ///< of that process
};

/// A process that has the file open for writing. Seen are those of the same user, or all for root, of this PID
/// namespace.
[[nodiscard]] std::optional<OpenFile> find_writing_process(const std::filesystem::path& path, const FileStamp& file);

/// The same, of one process.
[[nodiscard]] std::optional<OpenFile> find_open_file(pid_t pid, const std::filesystem::path& path,
                                                     const FileStamp& file);

[[nodiscard]] bool is_still_open(const OpenFile& open, const FileStamp& file);

}  // namespace donord
