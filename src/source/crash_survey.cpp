#include "source/crash_survey.hpp"

#include <set>

#include "source/binary_log.hpp"

namespace donord {

namespace {

/// The tablespaces that are there without a file that is served, or whose absence recovery does not mind: an undo
/// tablespace may be truncated at any time, and leaves its old id behind.
bool may_be_missing(SpaceId space) {
  const innodb::SpaceKind kind = innodb::kind_of(space);
  return kind == innodb::SpaceKind::undo || kind == innodb::SpaceKind::temporary;
}

Result<Bytes> first_page_of(const TablespaceFile& file) {
  if (file.replaced_page0) return *file.replaced_page0;
  Bytes page(file.format.physical_bytes);
  const Result<UniqueFd> fd = open_for_reading(file.path);
  if (!fd) return fd.error();
  if (const Result<> read = read_exactly(*fd, file.path, 0, page); !read) return read.error();
  return page;
}

}  // namespace

Result<std::shared_ptr<const CrashSurvey>> CrashSurvey::make(const DatadirOptions& options, const RedoSurvey& redo,
                                                             std::uint32_t page_size_bytes) {
  std::shared_ptr<CrashSurvey> survey{new CrashSurvey};
  survey->range_ = {*redo.checkpoint, *redo.end};
  survey->page_size_bytes_ = page_size_bytes;
  survey->redo_ = redo;
  survey->binary_log_ = binary_log_in_use(options.datadir);

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
  std::map<SpaceId, FirstPageReplay> pages;
  for (const TablespaceFile& file : files) {
    if (!file.page0 || !touched.contains(file.space)) continue;
    Result<Bytes> page = first_page_of(file);
    if (!page) return page.error();
    pages.emplace(file.space, FirstPageReplay{.page = std::move(*page)});
  }
  if (pages.empty()) return {};
  const Result<innodb::RedoRead> log = open_surveyed_redo(redo_);
  if (!log) return log.error();
  if (Result<> replayed = replay_first_pages(range_, page_size_bytes_, *log, pages); !replayed) return replayed;

  for (TablespaceFile& file : files) {
    const auto found = file.page0 ? pages.find(file.space) : pages.end();
    if (found == pages.end() || !found->second.changed) continue;
    Result<TablespaceFile> again =
        identify_tablespace({file.path, file.name}, std::make_shared<const Bytes>(std::move(found->second.page)));
    if (!again) return again.error();
    if (again->problem) return *again->problem;
    file = std::move(*again);
  }
  return {};
}

std::vector<Error> CrashSurvey::missing_tablespaces(const std::vector<TablespaceFile>& files) const {
  std::set<SpaceId> present;
  for (const TablespaceFile& file : files) present.insert(file.space);
  std::vector<Error> missing;
  for (const auto& [id, space] : analysis_.spaces) {
    if (space.deleted || may_be_missing(id) || present.contains(id)) continue;
    missing.push_back(Error{
        Errc::not_found,
        fmt::format("the redo log changes tablespace {}{} from LSN {} on, and no file has it", id,
                    space.path.empty() ? "" : fmt::format(" ({})", space.path), space.first),
        "if it is in another directory, give it in innodb_directories; a server would not start without it either"});
  }
  return missing;
}

}  // namespace donord
