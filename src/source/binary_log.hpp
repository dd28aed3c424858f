#pragma once

// The binary log of the server that a directory belongs to, as far as it bears on a clone: it is not cloned, but after
// a crash it decides about transactions that were only prepared in InnoDB.

#include <filesystem>
#include <optional>

#include "base/bytes.hpp"

namespace donord {

/// The newest file of a binary log whose index is in `datadir`, if no server has closed it: it was in use at the crash.
/// Nothing when there is no such log; one in another directory is not found.
[[nodiscard]] std::optional<std::filesystem::path> binary_log_in_use(const std::filesystem::path& datadir);

/// Whether the first bytes of a binary log file say that it is in use: the magic number, then the header of the format
/// description event, 19 bytes, little-endian: its type (15) at offset 4, its flags, 2 bytes, at 17; bit 0: in use.
[[nodiscard]] bool is_binary_log_in_use(ByteView file_start);

}  // namespace donord
