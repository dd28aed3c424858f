#pragma once

// Log events: what the log says about a tablespace's file, and not only about its pages.

#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/redo_parser.hpp"
#include "innodb/space_id.hpp"

namespace donord {

enum class LogEventKind : std::uint8_t {
  file_created = 1,   ///< the file exists when this is logged; not all that is in it need be in the log
  file_renamed = 2,   ///< the file is renamed afterwards
  file_removed = 3,   ///< the file is removed afterwards
  index_loaded = 4,   ///< pages were written that are not in the log; they are in the file
  key_written = 5,    ///< encryption information was written into page 0
  file_imported = 6,  ///< pages of a file that was removed are named again: ALTER TABLE ... IMPORT TABLESPACE
  undo_made = 7,      ///< page 0 of an undo tablespace was made: all that CREATE UNDO TABLESPACE logs of the file
};

/// "file_created".
[[nodiscard]] std::string_view name_of(LogEventKind kind);

struct LogEvent {
  static constexpr std::string_view kName = "LogEvent";
  static constexpr std::size_t kSmallestBytes = 25;

  Lsn lsn;  ///< where the group of records begins
  Lsn end;  ///< where it ends
  LogEventKind kind = LogEventKind::file_created;
  SpaceId space;
  std::string path;      ///< of file operations, as the server holds it; of a renamed file the old one
  std::string new_path;  ///< of a renamed file

  bool operator==(const LogEvent&) const = default;

  /// Big-endian: 8 lsn, 8 end, 1 kind, 4 space, and both paths with 2 bytes of length in front.
  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.u64be("lsn", m.lsn);
    io.u64be("end", m.end);
    io.u8("kind", m.kind);
    if (io.ok() && name_of(m.kind).empty()) io.fail("kind", "unknown");
    io.u32be("space", m.space);
    text(io, "path", m.path);
    text(io, "new_path", m.new_path);
  }

 private:
  template <class Io, class Text>
  static void text(Io& io, std::string_view field, Text& value) {
    auto length = static_cast<std::uint16_t>(value.size());
    io.u16be(field, length);
    io.text(field, length, value);
  }
};

[[nodiscard]] constexpr bool makes_undo_tablespace(const innodb::RedoRecord& record) {
  return record.type == innodb::RedoType::init_file_page2 && record.page == PageNo{0} &&
         innodb::kind_of(record.space) == innodb::SpaceKind::undo;
}

/// Whether a record of this type can be an event.
[[nodiscard]] constexpr bool may_be_event(const innodb::RedoRecord& record) {
  using innodb::RedoType;
  return innodb::is_file_operation(record.type) || record.type == RedoType::index_load ||
         (record.type == RedoType::write_string && record.page == PageNo{0}) || makes_undo_tablespace(record);
}

/// The event that a record of the group is; nothing if it is none, as FILE_EXTEND. That a file was imported, no record
/// says alone. Fails for no record that a `RedoParser` hands out.
[[nodiscard]] Result<std::optional<LogEvent>> find_log_event(const innodb::RedoGroup& group,
                                                             const innodb::RedoRecord& record);

}  // namespace donord
