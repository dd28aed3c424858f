#include "source/crash_decisions.hpp"

#include "source/binary_log.hpp"

namespace donord {

namespace {

constexpr std::string_view kLetTheServer =
    "let the server itself recover the directory: start it once and shut it down cleanly. Or serve it with "
    "--without-binary-log: recipients then roll these transactions back, though they may have been acknowledged";

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

/// Finds the log and what it says. Nothing when there is none, and no internal transaction waits for it.
Result<std::optional<binlog::Decisions>> ask_binary_log(const DatadirOptions& options, const binlog::Wanted& wanted,
                                                        CrashDecisions& decisions) {
  const Result<std::optional<std::filesystem::path>> log = binary_log_in_use(options);
  if (!log) return with_hint(log.error());
  if (!*log) {
    if (wanted.internal.empty()) return std::optional<binlog::Decisions>{};
    return Error{Errc::not_found,
                 fmt::format("{} transactions were prepared for a binary log, and no index in {} names one that was in "
                             "use: whether they were committed is not known",
                             wanted.internal.size(), options.datadir.string()),
                 fmt::format("if it is in another directory, say where: --log-bin-index. Otherwise {}", kLetTheServer)};
  }
  const Result<FileStamp> stamp = stamp_of(**log);
  if (!stamp) return with_hint(stamp.error());
  Result<binlog::ByteSource> source = open_binary_log(**log);
  if (!source) return with_hint(source.error());
  Result<binlog::Decisions> read = binlog::read_decisions(std::move(*source), wanted);
  if (!read) return with_hint(read.error().within(fmt::format("binary log {}", (*log)->string())));
  decisions.binary_log = **log;
  decisions.binary_log_stamp = *stamp;
  return std::optional{std::move(*read)};
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
  const Result<std::optional<binlog::Decisions>> said =
      ask_binary_log(options, wanted_decisions(*prepared), *decisions);
  if (!said) return said.error();
  if (!*said) return std::shared_ptr<const CrashDecisions>{decisions};

  Result<DecidedTransactions> decided = carry_out(**said, *prepared, *undo);
  if (!decided) return with_hint(decided.error());
  decisions->decided = std::move(*decided);
  if (decisions->decided.groups.empty()) return std::shared_ptr<const CrashDecisions>{decisions};
  Result<innodb::RedoContinuation> continuation = innodb::RedoContinuation::make(crash.analysis().complete_until, *log);
  if (!continuation) return continuation.error();
  for (const Bytes& group : crash.analysis().unfinished_metadata) continuation->add(group);
  for (const Bytes& group : decisions->decided.groups) continuation->add(group);
  decisions->continuation = std::move(*continuation);
  return std::shared_ptr<const CrashDecisions>{decisions};
}

}  // namespace donord
