#include "live/undo_changes.hpp"

#include "live/changed_while_cloned.hpp"
#include "live/unlisted_files.hpp"

namespace donord {

using Clock = std::chrono::steady_clock;

bool UndoSettling::has_settled(const SpaceFates& now) {
  bool settled = true;
  for (const auto& [space, fate] : now) {
    const bool changed = fate.removed || fate.created_somewhere();
    if (!changed || innodb::kind_of(space) != innodb::SpaceKind::undo) continue;
    const auto seen = first_seen_.emplace(std::pair{space, fate.removed ? What::went : What::came}, Clock::now()).first;
    settled = settled && Clock::now() - seen->second > moment_;
  }
  return settled;
}

Result<std::optional<std::vector<TablespaceFile>>> UndoSearch::find(const LiveSurvey& survey, const LiveFiles& files,
                                                                    const std::set<SpaceId>& spaces,
                                                                    const SpaceFates& now) {
  std::set<SpaceId> wanted;
  for (const auto& [space, fate] : now)
    if (fate.created_somewhere() && !fate.removed && !spaces.contains(space)) wanted.insert(space);
  std::vector<TablespaceFile> found;
  if (wanted.empty()) return std::optional{std::move(found)};

  UnlistedFiles unlisted = find_unlisted(survey, files, now);
  for (TablespaceFile& file : unlisted.files)
    if (wanted.erase(file.space) > 0) found.push_back(std::move(file));
  if (wanted.empty()) return std::optional{std::move(found)};
  const SpaceId space = *wanted.begin();
  const bool for_the_first_time = !missing_ || missing_->space != space;
  if (for_the_first_time) missing_ = {space, Clock::now()};
  if (for_the_first_time || Clock::now() - missing_->since <= on_its_way_)
    return std::optional<std::vector<TablespaceFile>>{};
  const bool elsewhere = unlisted.unidentified.empty();
  return Error{Errc::ddl_in_progress,
               fmt::format("the undo tablespace {} was created while it was cloned, and {}", space,
                           elsewhere ? "no file has its id"
                                     : fmt::format("{} cannot be read", unlisted.unidentified.front().string())),
               std::string{elsewhere ? kNameTheDirectory : kCloneAgain}};
}

}  // namespace donord
