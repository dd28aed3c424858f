#include "live/space_fates.hpp"

namespace donord {

SpaceFates fates_of(const std::vector<LogEvent>& events) {
  SpaceFates fates;
  for (const LogEvent& event : events) {
    SpaceFate& fate = fates[event.space];
    fate.end = event.end;
    switch (event.kind) {
      case LogEventKind::file_created:
        fate.created = true;
        fate.path = event.path;
        break;
      case LogEventKind::undo_made:
        fate.created = true;
        break;
      case LogEventKind::file_renamed:
        fate.path = event.new_path;
        break;
      case LogEventKind::file_removed:
        fate.removed = true;
        fate.removal = event;
        break;
      case LogEventKind::index_loaded:
        fate.index_loaded = event;
        break;
      case LogEventKind::file_imported:
        fate.removed = false;
        fate.imported = event;
        break;
      case LogEventKind::key_written:
        fate.key_written = event;
        break;
    }
  }
  return fates;
}

Result<SpaceFates> fates_of(const PageTracker& tracker, Lsn from, Lsn to) {
  const Result<std::vector<LogEvent>> events = tracker.events(from, to);
  if (!events) return events.error();
  return fates_of(*events);
}

std::filesystem::path place_of(const std::filesystem::path& datadir, const std::filesystem::path& path) {
  return (datadir / path).lexically_normal();
}

}  // namespace donord
