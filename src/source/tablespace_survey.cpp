#include "source/tablespace_survey.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>

#include "source/wire_name.hpp"

namespace donord {

namespace {

constexpr std::size_t kFilesPerThread = 64;  // fewer are not worth a thread
constexpr unsigned kMaxThreads = 16;

/// The file with the name that it has on the wire; nothing for one that recovery ignores.
using Found = Result<std::optional<TablespaceFile>>;

Found identify_or_rescue(const ScannedFile& candidate, const CrashSurvey* crash) {
  Result<TablespaceFile> file = identify_tablespace(candidate);
  if (!file && file.error().code == Errc::not_found)  // it was listed a moment ago
    return Error{Errc::conflict, file.error().what, "leave the directory alone while it is served"};
  const bool unreadable_page0 = !file && (file.error().code == Errc::malformed || file.error().code == Errc::truncated);
  if (crash != nullptr && unreadable_page0) return crash->rescue(candidate, file.error());
  if (crash != nullptr && file && file->problem) return crash->rescue(candidate, *file->problem);
  if (!file) return file.error();
  return std::optional{std::move(*file)};
}

Found identify(const ScannedFile& candidate, const TablespaceSurveyContext& context) {
  if (const Result<FileStamp> stamp = stamp_of(candidate.path); stamp)
    if (const TablespaceFile* known = context.known.find(candidate.path, *stamp)) return std::optional{*known};
  Found file = identify_or_rescue(candidate, context.crash);
  if (!file || !*file) return file;
  Result<std::string> name = wire_name(**file, *context.path_map);
  if (!name) return name.error();
  (*file)->name = std::move(*name);
  return file;
}

std::vector<Found> identify_all(const std::vector<ScannedFile>& candidates, const TablespaceSurveyContext& context) {
  std::vector<Found> results(candidates.size(), std::optional<TablespaceFile>{});
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < candidates.size(); i = next++) results[i] = identify(candidates[i], context);
  };
  const std::size_t wanted = std::min<std::size_t>(
      {std::max(std::thread::hardware_concurrency(), 1U), kMaxThreads, candidates.size() / kFilesPerThread + 1});
  std::vector<std::jthread> helpers;
  for (std::size_t i = 1; i < wanted; ++i) helpers.emplace_back(work);
  work();
  helpers.clear();
  return results;
}

bool is_temporary(const TablespaceFile& file) {
  return file.flags.temporary() || innodb::kind_of(file.space) == innodb::SpaceKind::temporary;
}

}  // namespace

KnownTablespaces::KnownTablespaces(const std::vector<TablespaceFile>& files) {
  for (const TablespaceFile& file : files)
    if (file.page0 && !file.problem && !file.replaced_page0 && !file.page0->initial)
      by_inode_.emplace(std::pair{file.stamp.device, file.stamp.inode}, &file);
}

const TablespaceFile* KnownTablespaces::find(const std::filesystem::path& path, const FileStamp& stamp) const {
  const auto found = by_inode_.find({stamp.device, stamp.inode});
  if (found == by_inode_.end() || !found->second->stamp.same_content(stamp) || found->second->path != path)
    return nullptr;
  return found->second;
}

TablespaceSurvey survey_tablespaces(const std::vector<ScannedFile>& candidates,
                                    const TablespaceSurveyContext& context) {
  TablespaceSurvey survey;
  std::vector<Found> all = identify_all(candidates, context);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!all[i]) {
      survey.problems.push_back(all[i].error());
      continue;
    }
    if (!*all[i]) {
      survey.ignored.push_back(fmt::format("{} was created but never written", candidates[i].path.string()));
      continue;
    }
    TablespaceFile& file = **all[i];
    if (is_temporary(file)) continue;
    if (context.page_size_bytes != 0 && file.format.logical_bytes != context.page_size_bytes)
      survey.problems.push_back({Errc::malformed,
                                 fmt::format("{} has pages of {} bytes, the instance of {}", file.path.string(),
                                             file.format.logical_bytes, context.page_size_bytes),
                                 "move the file out of the directory: it comes from another instance"});
    else
      survey.files.push_back(std::move(file));
  }
  std::ranges::stable_sort(survey.files, {}, &TablespaceFile::role);
  return survey;
}

}  // namespace donord
