#pragma once

// A frame: what the groups of records in one piece of the log change. Frames follow each other without gaps.

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "innodb/redo_parser.hpp"
#include "live/log_events.hpp"
#include "live/page_set.hpp"

namespace donord {

/// By which a group is known again.
struct GroupMark {
  Lsn start;
  Lsn end;
  std::uint32_t checksum = 0;  ///< CRC-32C of type, space, page and body of its records

  bool operator==(const GroupMark&) const = default;
};

[[nodiscard]] GroupMark mark_of(const innodb::RedoGroup& group);

/// From `from`, or what began in the same block before, to `to`, where its last group ends.
///
///   offset size
///        0    8  from
///        8    8  to
///       16    8  start of the marked group
///       24    8  end of the marked group
///       32    4  checksum of the marked group
///       36    4  number of events
///       40       `LogEvent` each, in the order of the log
///                `PageSet`, to the end
struct TrackedFrame {
  static constexpr std::string_view kName = "TrackedFrame";

  Lsn from;
  Lsn to;
  GroupMark mark;                ///< one of its last groups
  std::vector<LogEvent> events;  ///< in the order of the log
  PageSet pages;

  bool operator==(const TrackedFrame&) const = default;

  /// Adds what follows.
  void append(const TrackedFrame& next);
  /// Leaves the groups up to the marked one, and possibly more pages.
  void end_at_mark();
  [[nodiscard]] std::size_t memory_bytes() const;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.u64be("from", m.from);
    io.u64be("to", m.to);
    if (io.ok() && m.from >= m.to) io.fail("to", "not behind from");
    io.u64be("mark_start", m.mark.start);
    io.u64be("mark_end", m.mark.end);
    if (io.ok() && (m.mark.start >= m.mark.end || m.mark.end <= m.from || m.mark.end > m.to))
      io.fail("mark_end", "not a group of the frame");
    io.u32be("mark_checksum", m.mark.checksum);
    auto events = static_cast<std::uint32_t>(m.events.size());
    io.u32be("number of events", events);
    io.repeat("events", events, LogEvent::kSmallestBytes, m.events);
    Bytes pages;
    if constexpr (!Io::kDecoding) pages = m.pages.encode();
    io.rest("pages", pages);
    if constexpr (Io::kDecoding) {
      if (!io.ok()) return;
      Result<PageSet> decoded = PageSet::decode(pages);
      if (!decoded) return io.fail("pages", decoded.error().what);
      m.pages = std::move(*decoded);
    }
  }
};

/// A frame that is closed, and shared by those who look at it.
using SharedFrame = std::shared_ptr<const TrackedFrame>;

}  // namespace donord
