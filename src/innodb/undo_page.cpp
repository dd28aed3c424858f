#include "innodb/undo_page.hpp"

#include "base/endian.hpp"
#include "innodb/page_header.hpp"

namespace donord::innodb {

namespace {

constexpr std::size_t kXidBytes = 128;
constexpr std::size_t kSpareBytes = 100;

Error malformed(ByteView page, std::string_view what) {
  return Error{Errc::malformed, fmt::format("page {} of space {}: {}", load_u32be(page, kPageNumberOffset),
                                            load_u32be(page, kPageSpaceOffset), what)};
}

Result<UndoXid> decode_xid(ByteView page, ByteView header) {
  UndoXid xid{.format_id = load_u32be(header, kUndoXidOffset)};
  const std::uint32_t gtrid_bytes = load_u32be(header, kUndoXidOffset + 4);
  const std::uint32_t bqual_bytes = load_u32be(header, kUndoXidOffset + 8);
  if (gtrid_bytes > kXidBytes || bqual_bytes > kXidBytes - gtrid_bytes)
    return malformed(page, fmt::format("an XID of {} and {} bytes", gtrid_bytes, bqual_bytes));
  const ByteView bytes = header.subspan(kUndoXidOffset + 12, kXidBytes);
  xid.gtrid = as_text(bytes.first(gtrid_bytes));
  xid.bqual = as_text(bytes.subspan(gtrid_bytes, bqual_bytes));
  return xid;
}

}  // namespace

bool has_room_for_undo_header(ByteView page, std::size_t free) {
  return free + kUndoLongestHeaderBytes + kSpareBytes < page.size();
}

bool UndoLog::has_room_for_gtid() const {
  return records >= offset + kUndoGtidHeaderBytes;
}

Result<UndoSegment> decode_undo_segment(ByteView page) {
  if (load_u16be(page, kPageTypeOffset) != static_cast<std::uint16_t>(PageType::undo_log))
    return malformed(page, "it is no undo page");
  UndoSegment segment{.type = UndoType{load_u16be(page, kUndoTypeOffset)},
                      .state = UndoState{load_u16be(page, kUndoStateOffset)},
                      .free = load_u16be(page, kUndoFreeOffset),
                      .last_log = load_u16be(page, kUndoLastLogOffset),
                      .pages = load_u32be(page, kUndoPageCountOffset)};
  if (segment.type != UndoType::insert && segment.type != UndoType::update)
    return malformed(page, fmt::format("an undo page of type {}", load_u16be(page, kUndoTypeOffset)));
  if (segment.state < UndoState::active || segment.state > UndoState::prepared_in_coordinator)
    return malformed(page, fmt::format("an undo segment of state {}", load_u16be(page, kUndoStateOffset)));
  if (segment.free < kUndoPageHeaderEnd || segment.free > page.size() - kPageTrailerBytes)
    return malformed(page, fmt::format("an undo page that is free from {} on", segment.free));
  return segment;
}

Result<UndoLog> decode_undo_log(ByteView page, std::uint16_t offset) {
  if (offset < kUndoSegmentHeaderEnd || offset + kUndoLongestHeaderBytes > page.size())
    return malformed(page, fmt::format("an undo log at {}", offset));
  const ByteView header = page.subspan(offset, kUndoLongestHeaderBytes);
  UndoLog log{.offset = offset,
              .transaction = load_u64be(header, kUndoTransactionOffset),
              .records = load_u16be(header, kUndoRecordsOffset),
              .flags = header[kUndoFlagsOffset]};
  if (log.records < offset + kUndoPlainHeaderBytes || log.records > page.size())
    return malformed(page, fmt::format("an undo log at {} with records at {}", offset, log.records));
  if ((log.flags & kUndoFlagXid) == 0) return log;
  Result<UndoXid> xid = decode_xid(page, header);
  if (!xid) return xid.error();
  log.xid = std::move(*xid);
  return log;
}

}  // namespace donord::innodb
