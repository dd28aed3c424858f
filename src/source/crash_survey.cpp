#include "source/crash_survey.hpp"

#include <set>

#include "source/key_replay.hpp"

namespace donord {

Result<std::shared_ptr<const CrashSurvey>> CrashSurvey::make(const DatadirOptions& options, const RedoSurvey& redo,
                                                             std::uint32_t page_size_bytes) {
  std::shared_ptr<CrashSurvey> survey{new CrashSurvey};
  survey->range_ = {*redo.checkpoint, *redo.end};
  survey->page_size_bytes_ = page_size_bytes;
  survey->redo_ = redo;

  Result<DoublewriteFiles> doublewrite = DoublewriteFiles::index(options.doublewrite_directory(), page_size_bytes);
  if (!doublewrite) return doublewrite.error();
  survey->state_ = {*redo.checkpoint, std::make_shared<const DoublewriteFiles>(std::move(*doublewrite))};

  const Result<innodb::RedoRead> log = open_surveyed_redo(redo);
  if (!log) return log.error();
  Result<RedoAnalysis> analysis = analyze_redo(survey->range_, page_size_bytes, *log);
  if (!analysis) {
    Error error = analysis.error().within(redo.directory.string());
    if (error.hint.empty())
      error.hint = "the log is damaged: restore from a backup, or let the server try to start on a copy";
    return error;
  }
  survey->analysis_ = std::move(*analysis);
  const auto open = [&redo = survey->redo_] { return open_surveyed_redo(redo); };
  survey->rescue_.emplace(survey->state_, FirstPageRescue::Log{survey->range_, open, &survey->analysis_},
                          page_size_bytes);
  return std::shared_ptr<const CrashSurvey>{std::move(survey)};
}

Result<> CrashSurvey::bring_keys_up_to_date(std::vector<TablespaceFile>& files) const {
  std::set<SpaceId> touched;
  for (const innodb::EncryptionWrite& write : analysis_.encryption_writes) touched.insert(write.space);
  std::map<SpaceId, TablespaceFile*> concerned;
  for (TablespaceFile& file : files)
    if (file.page0 && touched.contains(file.space)) concerned.emplace(file.space, &file);
  if (concerned.empty()) return {};
  const Result<innodb::RedoRead> log = open_surveyed_redo(redo_);
  if (!log) return log.error();
  return replay_keys(range_, page_size_bytes_, *log, concerned);
}

std::vector<Error> CrashSurvey::missing_tablespaces(const std::vector<TablespaceFile>& files) const {
  std::set<SpaceId> present;
  for (const TablespaceFile& file : files) present.insert(file.space);
  return donord::missing_tablespaces(analysis_, present);
}

}  // namespace donord
