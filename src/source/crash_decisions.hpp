#pragma once

// What becomes of the transactions that a crash left prepared. A server that starts again asks its binary log; a
// recipient has none, and would roll them back although they may have been acknowledged. So their end is put into the
// log that the recipient recovers.

#include <filesystem>
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "innodb/redo_continuation.hpp"
#include "source/crash_survey.hpp"
#include "source/decided_transactions.hpp"
#include "source/file_stamp.hpp"

namespace donord {

/// Keeps no file open.
struct CrashDecisions {
  std::size_t prepared = 0;  ///< transactions that were
  /// The log that was read, for its GTIDs also when nothing was prepared. Nothing if it was not to be asked, if there
  /// is none, or if there is a warning about it.
  std::optional<std::filesystem::path> binary_log;
  std::optional<FileStamp> binary_log_stamp;
  /// Why there is no such log, when recipients may lack something by that, but no commit. The hint says what.
  std::optional<Error> warning;
  DecidedTransactions decided;
  /// The log with the end of these transactions; nothing when it goes out as it is.
  std::optional<innodb::RedoContinuation> continuation;

  /// The binary log is still the one that decided.
  [[nodiscard]] bool is_current() const;
};

/// `files` are those of the survey, with their keys. The error names the binary log, or says that there is none
/// although transactions wait for one: those that the server prepared itself, and those of XA PREPARE that InnoDB does
/// not know to be logged.
[[nodiscard]] Result<std::shared_ptr<const CrashDecisions>> decide_prepared_transactions(
    const DatadirOptions& options, const RedoSurvey& redo, std::uint32_t page_size_bytes, const CrashSurvey& crash,
    const std::vector<TablespaceFile>& files);

}  // namespace donord
