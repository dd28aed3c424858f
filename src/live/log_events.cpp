#include "live/log_events.hpp"

#include "innodb/redo_decode.hpp"

namespace donord {

std::string_view name_of(LogEventKind kind) {
  switch (kind) {
    case LogEventKind::file_created:
      return "file_created";
    case LogEventKind::file_renamed:
      return "file_renamed";
    case LogEventKind::file_removed:
      return "file_removed";
    case LogEventKind::index_loaded:
      return "index_loaded";
    case LogEventKind::key_written:
      return "key_written";
    case LogEventKind::file_imported:
      return "file_imported";
    case LogEventKind::undo_made:
      return "undo_made";
  }
  return {};
}

Result<std::optional<LogEvent>> find_log_event(const innodb::RedoGroup& group, const innodb::RedoRecord& record) {
  LogEvent event{.lsn = group.start, .end = group.end, .space = record.space};
  switch (record.type) {
    case innodb::RedoType::file_create: {
      const Result<innodb::FileCreate> create = innodb::decode_file_create(record);
      if (!create) return create.error();
      event.kind = LogEventKind::file_created;
      event.path = create->path;
      return event;
    }
    case innodb::RedoType::file_rename: {
      const Result<innodb::FileRename> rename = innodb::decode_file_rename(record);
      if (!rename) return rename.error();
      event.kind = LogEventKind::file_renamed;
      event.path = rename->old_path;
      event.new_path = rename->new_path;
      return event;
    }
    case innodb::RedoType::file_delete: {
      const Result<innodb::FileDelete> removal = innodb::decode_file_delete(record);
      if (!removal) return removal.error();
      event.kind = LogEventKind::file_removed;
      event.path = removal->path;
      return event;
    }
    case innodb::RedoType::index_load:
      event.kind = LogEventKind::index_loaded;
      return event;
    case innodb::RedoType::write_string: {
      const Result<std::optional<innodb::EncryptionWrite>> write = innodb::find_encryption_write(record);
      if (!write) return write.error();
      if (!*write) return std::nullopt;
      event.kind = LogEventKind::key_written;
      return event;
    }
    case innodb::RedoType::init_file_page2:
      if (!makes_undo_tablespace(record)) return std::nullopt;
      event.kind = LogEventKind::undo_made;
      return event;
    default:
      return std::nullopt;
  }
}

}  // namespace donord
