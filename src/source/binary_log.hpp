#pragma once

// The binary log of the server that a directory belongs to, as far as it bears on a clone: it is not cloned, but after
// a crash it decides about transactions that were only prepared in InnoDB.

#include <filesystem>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "binlog/log_walk.hpp"
#include "source/datadir_options.hpp"

namespace donord {

/// The newest file of the binary log, if no server has closed it: it was in use at the crash. Nothing when there is
/// none, `Errc::conflict` when there are several. An encrypted one counts, since it does not say.
///
/// What `log_bin_index` or `log_bin` name is looked at; without them every index in the datadir. A file is expected
/// beside its index, and else where the index says: that may be the place of the original.
[[nodiscard]] Result<std::optional<std::filesystem::path>> binary_log_in_use(const DatadirOptions& options);

/// Whether the first bytes of a binary log file say that it is in use, or cannot say anything, being encrypted.
[[nodiscard]] bool is_binary_log_in_use(ByteView file_start);

/// Keeps the file open.
[[nodiscard]] Result<binlog::ByteSource> open_binary_log(const std::filesystem::path& path);

}  // namespace donord
