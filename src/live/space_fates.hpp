#pragma once

// What became of tablespaces in a piece of the log: which came, went, got another name, or have pages that the log does
// not tell of.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "live/log_events.hpp"

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
};

using SpaceFates = std::map<SpaceId, SpaceFate>;

/// `events` in the order of the log.
[[nodiscard]] SpaceFates fates_of(const std::vector<LogEvent>& events);

}  // namespace donord
