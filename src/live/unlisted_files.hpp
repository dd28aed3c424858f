#pragma once

// The files in a server's directories that a clone does not have: those that came since its list was made, by whatever
// way.

#include <filesystem>
#include <vector>

#include "live/live_files.hpp"
#include "live/live_survey.hpp"
#include "live/space_fates.hpp"

namespace donord {

struct UnlistedFiles {
  std::vector<TablespaceFile> files;
  std::vector<std::filesystem::path> unidentified;  ///< their page 0 cannot be used: just being made, or damaged
};

/// Scans the directories. `now` tells which of the clone's files were removed: the number of such a file's inode may
/// have been given to another one.
[[nodiscard]] UnlistedFiles find_unlisted(const LiveSurvey& survey, const LiveFiles& files, const SpaceFates& now);

}  // namespace donord
