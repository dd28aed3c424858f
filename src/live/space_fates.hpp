#pragma once

// What became of tablespaces in a piece of the log: which came, went, got another name, or have pages that the log does
// not tell of.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "live/log_events.hpp"
#include "live/page_tracker.hpp"

namespace donord {

struct SpaceFate {
  bool created = false;                  ///< in this piece of the log
  bool removed = false;                  ///< and is gone for good: ids are not used again, except by an import
  std::optional<LogEvent> removal;       ///< the last one, even if an import followed
  std::string path;                      ///< the last one it got, as the server holds it; empty when it did not get one
  std::optional<LogEvent> index_loaded;  ///< the last one
  std::optional<LogEvent> imported;      ///< the last one: the file is another one than before
  std::optional<LogEvent> key_written;   ///< the last one
  Lsn end;                               ///< of the last event

  /// An undo tablespace, of which the log does not say where: CREATE UNDO TABLESPACE has no record of the file.
  [[nodiscard]] bool created_somewhere() const { return created && path.empty(); }
};

using SpaceFates = std::map<SpaceId, SpaceFate>;

/// `events` in the order of the log.
[[nodiscard]] SpaceFates fates_of(const std::vector<LogEvent>& events);
/// Of the events in [from, to). Errors as of `PageTracker::events()`.
[[nodiscard]] Result<SpaceFates> fates_of(const PageTracker& tracker, Lsn from, Lsn to);

/// Where a file is that the log calls `path`.
[[nodiscard]] std::filesystem::path place_of(const std::filesystem::path& datadir, const std::filesystem::path& path);

}  // namespace donord
