#include "live/unlisted_files.hpp"

#include <set>
#include <utility>

#include "source/datadir_scan.hpp"

namespace donord {

UnlistedFiles find_unlisted(const LiveSurvey& survey, const LiveFiles& files, const SpaceFates& now) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> known;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::shared_ptr<const TablespaceFile> file = files.file(i);
    const auto fate = now.find(file->space);
    if (fate == now.end() || !fate->second.removed) known.emplace(file->stamp.device, file->stamp.inode);
  }
  UnlistedFiles unlisted;
  for (const ScannedFile& one : scan_datadir(survey.options).candidates) {
    const Result<FileStamp> stamp = stamp_of(one.path);
    if (!stamp || known.contains({stamp->device, stamp->inode})) continue;
    Result<TablespaceFile> file = identify_live(survey, one);
    if (!file)
      unlisted.unidentified.push_back(one.path);
    else if (is_served(*file))
      unlisted.files.push_back(std::move(*file));
  }
  return unlisted;
}

}  // namespace donord
