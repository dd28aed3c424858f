#include "live/tracked_frame.hpp"

#include <array>

#include "base/crc32c.hpp"
#include "base/endian.hpp"

namespace donord {

GroupMark mark_of(const innodb::RedoGroup& group) {
  GroupMark mark{.start = group.start, .end = group.end};
  for (const innodb::RedoRecord& record : group.records) {
    std::array<std::uint8_t, 9> head{static_cast<std::uint8_t>(record.type)};
    store_u32be(head, 1, record.space.value());
    store_u32be(head, 5, record.page.value());
    mark.checksum = crc32c_extend(crc32c_extend(mark.checksum, head), record.body);
  }
  return mark;
}

void TrackedFrame::append(const TrackedFrame& next) {
  to = next.to;
  mark = next.mark;
  events.insert(events.end(), next.events.begin(), next.events.end());
  pages.merge(next.pages);
}

void TrackedFrame::end_at_mark() {
  to = mark.end;
  std::erase_if(events, [&](const LogEvent& event) { return event.lsn >= to; });
}

std::size_t TrackedFrame::memory_bytes() const {
  std::size_t bytes = sizeof(*this) + pages.memory_bytes() + events.capacity() * sizeof(LogEvent);
  for (const LogEvent& event : events) bytes += event.path.capacity() + event.new_path.capacity();
  return bytes;
}

}  // namespace donord
