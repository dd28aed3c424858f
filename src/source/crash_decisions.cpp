#include "source/crash_decisions.hpp"

#include <algorithm>

#include "source/binary_log.hpp"
#include "source/binary_log_check.hpp"

namespace donord {

namespace {

constexpr std::string_view kLetTheServer =
    "let the server itself recover the directory: start it once and shut it down cleanly. Or serve it with "
    "--without-binary-log: recipients then roll these transactions back, though they may have been acknowledged";
constexpr std::string_view kGtidsMayBeMissing =
    "no transaction waits for it, but GTIDs of statements that changed nothing in InnoDB may be missing in recipients";
constexpr std::string_view kXaMayHaveEnded =
    "they stay prepared in recipients. If the server had a binary log, XA COMMIT or XA ROLLBACK of some may be in it: "
    "say "
    "where it is, --log-bin-index";

std::vector<SpaceId> undo_spaces_of(const std::vector<TablespaceFile>& files) {
  std::vector<SpaceId> spaces;
  for (const TablespaceFile& file : files)
    if (file.role == FileRole::undo) spaces.push_back(file.space);
  return spaces;
}

Error with_hint(Error error) {
  if (error.hint.empty()) error.hint = kLetTheServer;
  return error;
}

/// Without a log. Transactions that are in the coordinator stay prepared, whether or not there is one.
Result<> accept_no_log(const DatadirOptions& options, const std::vector<PreparedTransaction>& prepared,
                       CrashDecisions& decisions) {
  const auto waiting = std::ranges::count_if(prepared, [](const PreparedTransaction& transaction) {
    return transaction.xid.internal_number() || !transaction.in_coordinator();
  });
  const std::string nowhere =
      fmt::format("no index in {} names a binary log that was in use", options.datadir.string());
  if (waiting > 0)
    return Error{
        Errc::not_found,
        fmt::format("{} transactions were prepared for a binary log, and {}: whether they were committed is not "
                    "known",
                    waiting, nowhere),
        fmt::format("if it is in another directory, say where: --log-bin-index. Otherwise {}", kLetTheServer)};
  if (!prepared.empty())
    decisions.warning =
        Error{Errc::not_found, fmt::format("{} XA transactions are prepared, and {}", prepared.size(), nowhere),
              std::string{kXaMayHaveEnded}};
  return {};
}

/// What `log` says, if it is that of this crash.
Result<binlog::Decisions> read_log(const std::filesystem::path& log, const FileStamp& stamp,
                                   const DatadirOptions& options, const binlog::Wanted& wanted,
                                   const LastWrites& writes) {
  Result<binlog::ByteSource> source = open_binary_log(log);
  if (!source) return source.error();
  Result<binlog::Decisions> read = binlog::read_decisions(std::move(*source), wanted);
  if (!read) return read.error().within(fmt::format("binary log {}", log.string()));
  const BinaryLogOrigin origin =
      is_binary_log_named(options) ? BinaryLogOrigin::named_by_options : BinaryLogOrigin::found_in_datadir;
  if (Result<> checked = check_binary_log(log, stamp, origin, wanted, *read, writes); !checked) return checked.error();
  return read;
}

/// Finds the log and does what it says.
Result<> follow_binary_log(const DatadirOptions& options, const LastWrites& writes, const CrashSurvey& crash,
                           const innodb::RedoRead& redo, const std::vector<PreparedTransaction>& prepared,
                           UndoPages& undo, CrashDecisions& decisions) {
  const Result<std::optional<std::filesystem::path>> log = binary_log_in_use(options);
  if (!log) return log.error();
  if (!*log) return accept_no_log(options, prepared, decisions);
  const Result<FileStamp> stamp = stamp_of(**log);
  if (!stamp) return stamp.error();
  binlog::Wanted wanted = wanted_decisions(prepared);
  wanted.executed_until_us = writes.redo_us;
  const Result<binlog::Decisions> said = read_log(**log, *stamp, options, wanted, writes);
  if (!said) return said.error();
  Result<DecidedTransactions> decided = carry_out(*said, prepared, undo);
  if (!decided) return decided.error();
  if (!decided->groups.empty()) {
    Result<innodb::RedoContinuation> continuation =
        innodb::RedoContinuation::make(crash.analysis().complete_until, redo);
    if (!continuation) return continuation.error();
    for (const Bytes& group : crash.analysis().unfinished_metadata) continuation->add(group);
    for (const Bytes& group : decided->groups) continuation->add(group);
    decisions.continuation = std::move(*continuation);
  }
  decisions.decided = std::move(*decided);
  decisions.binary_log = **log;
  decisions.binary_log_stamp = *stamp;
  return {};
}

}  // namespace

bool CrashDecisions::is_current() const {
  if (!binary_log) return true;
  const Result<FileStamp> now = stamp_of(*binary_log);
  return now && now->same_content(*binary_log_stamp);
}

Result<std::shared_ptr<const CrashDecisions>> decide_prepared_transactions(const DatadirOptions& options,
                                                                           const RedoSurvey& redo,
                                                                           std::uint32_t page_size_bytes,
                                                                           const CrashSurvey& crash,
                                                                           const std::vector<TablespaceFile>& files) {
  const Result<innodb::RedoRead> log = open_surveyed_redo(redo);
  if (!log) return log.error();
  const PageFilter filter{crash.state()};
  PageReader pages{files, filter};
  Result<UndoPages> undo =
      replay_undo_pages({*redo.checkpoint, *redo.end}, page_size_bytes, *log, pages, undo_spaces_of(files));
  if (!undo) return undo.error().within("undo logs");
  const Result<std::vector<PreparedTransaction>> prepared = find_prepared_transactions(*undo);
  if (!prepared) return prepared.error().within("undo logs");

  auto decisions = std::make_shared<CrashDecisions>();
  decisions->prepared = prepared->size();
  decisions->decided.undecided = prepared->size();
  if (options.binary_log == BinaryLogUse::ignored) return std::shared_ptr<const CrashDecisions>{decisions};
  const Result<> followed =
      follow_binary_log(options, last_writes_of(redo, files), crash, *log, *prepared, *undo, *decisions);
  if (!followed && !prepared->empty()) return with_hint(followed.error());
  if (!followed)
    decisions->warning = Error{followed.error().code, followed.error().what, std::string{kGtidsMayBeMissing}};
  return std::shared_ptr<const CrashDecisions>{decisions};
}

}  // namespace donord
