#pragma once

// Whether a binary log is that of a crash. A directory may be a copy whose original goes on logging, or have the log of
// an earlier crash; XIDs begin at 1 with each start of a server, so that any log has them.

#include <cstdint>
#include <filesystem>
#include <span>

#include "base/result.hpp"
#include "binlog/decisions.hpp"
#include "source/file_stamp.hpp"
#include "source/redo_directory.hpp"
#include "source/tablespace_file.hpp"

namespace donord {

/// When the files of a directory were written last, in microseconds since 1970. In a copy that did not keep the times
/// this is too late, which only means that less is noticed.
struct LastWrites {
  std::int64_t redo_us = 0;
  std::int64_t any_us = 0;  ///< redo or data
};
[[nodiscard]] LastWrites last_writes_of(const RedoSurvey& redo, std::span<const TablespaceFile> files);

/// How the log was found.
enum class BinaryLogOrigin : std::uint8_t { named_by_options, found_in_datadir };

/// `Errc::conflict` for a log that a process is writing, that goes on behind the crash, or that ended long before it.
/// `read` is what it decides about `wanted`.
[[nodiscard]] Result<> check_binary_log(const std::filesystem::path& log, const FileStamp& stamp,
                                        BinaryLogOrigin origin, const binlog::Wanted& wanted,
                                        const binlog::Decisions& read, const LastWrites& writes);

}  // namespace donord
