#pragma once

// Undo tablespaces that come and go: the dictionary knows of it later, and the log does not name all of their files.

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "live/live_files.hpp"
#include "live/live_survey.hpp"
#include "live/space_fates.hpp"

namespace donord {

/// The file of an undo tablespace comes and goes before the dictionary has it in the log, by a moment: a server commits
/// that behind the removal of its sign (`truncates_undo()`).
class UndoSettling {
 public:
  explicit UndoSettling(std::chrono::milliseconds moment) : moment_(moment) {}

  /// Whether that has passed since each of the undo tablespaces was first seen here to have come, or to have gone. To
  /// be asked only while there is no sign.
  [[nodiscard]] bool has_settled(const SpaceFates& now);

 private:
  enum class What { came, went };

  const std::chrono::milliseconds moment_;
  std::map<std::pair<SpaceId, What>, std::chrono::steady_clock::time_point> first_seen_;
};

/// Looks for the files of the undo tablespaces that were created somewhere and that a clone has not got. A server has
/// written all of their pages when it removes its sign of a truncation (`truncates_undo()`).
class UndoSearch {
 public:
  explicit UndoSearch(std::chrono::milliseconds on_its_way) : on_its_way_(on_its_way) {}

  /// Those that the clone, which has `files` of `spaces`, lacks. Nothing when one of them is not there yet, an error
  /// when one has not been for longer than it may be on its way.
  [[nodiscard]] Result<std::optional<std::vector<TablespaceFile>>> find(const LiveSurvey& survey,
                                                                        const LiveFiles& files,
                                                                        const std::set<SpaceId>& spaces,
                                                                        const SpaceFates& now);

 private:
  struct Missing {
    SpaceId space;
    std::chrono::steady_clock::time_point since;
  };

  const std::chrono::milliseconds on_its_way_;
  std::optional<Missing> missing_;
};

}  // namespace donord
