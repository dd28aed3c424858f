#pragma once

// The binary log of the server that a directory belongs to, as far as it bears on a clone: it is not cloned, but after
// a crash it decides about transactions that were only prepared in InnoDB.

#include <cstdint>
#include <filesystem>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "binlog/log_walk.hpp"
#include "source/datadir_options.hpp"

namespace donord {

/// The newest file of the binary log, if no server has closed it: it was in use at the crash. Nothing when there is
/// none, `Errc::conflict` when there are several. One that does not say counts, unless it has the name of a relay log.
///
/// What `log_bin_index` or `log_bin` name is looked at; without them every index in the datadir. A file is expected
/// beside its index, else in the datadir or where `log_bin` says. Elsewhere it may be that of the original, of which
/// the directory is a copy: `Errc::conflict`, unless the operator named the logs.
[[nodiscard]] Result<std::optional<std::filesystem::path>> binary_log_in_use(const DatadirOptions& options);

/// Options say which the binary log is.
[[nodiscard]] bool is_binary_log_named(const DatadirOptions& options);

enum class BinaryLogState : std::uint8_t {
  closed,  ///< by its server, or no binary log
  in_use,
  unknown,  ///< encrypted, or too short to tell
};

/// What the first bytes of a file say.
[[nodiscard]] BinaryLogState state_of_binary_log(ByteView file_start);

/// Keeps the file open.
[[nodiscard]] Result<binlog::ByteSource> open_binary_log(const std::filesystem::path& path);

}  // namespace donord
