#include "innodb/undo_apply.hpp"

#include <algorithm>

#include "base/endian.hpp"
#include "innodb/page_header.hpp"
#include "innodb/redo_cursor.hpp"
#include "innodb/undo_page.hpp"

namespace donord::innodb {

namespace {

constexpr auto kActive = static_cast<std::uint16_t>(UndoState::active);
constexpr std::size_t kSmallestBytes = 1024;  // much less than any, and enough for every header

Error refuse(const RedoRecord& record, std::string_view why) {
  return Error{Errc::malformed,
               fmt::format("{} (page {} of space {}): {}", describe(record), record.page, record.space, why)};
}

/// A page is made an undo page.
void init(std::uint32_t type, MutableBytes page) {
  store_u16be(page, kUndoTypeOffset, static_cast<std::uint16_t>(type));
  store_u16be(page, kUndoStartOffset, kUndoPageHeaderEnd);
  store_u16be(page, kUndoFreeOffset, kUndoPageHeaderEnd);
  store_u16be(page, kPageTypeOffset, static_cast<std::uint16_t>(PageType::undo_log));
}

/// What both ways to begin a log have in common; room for an XID is made by records of its own.
void begin_log(MutableBytes page, std::uint16_t at, std::uint64_t transaction) {
  const auto end = static_cast<std::uint16_t>(at + kUndoPlainHeaderBytes);
  store_u16be(page, kUndoStartOffset, end);
  store_u16be(page, kUndoFreeOffset, end);
  store_u16be(page, kUndoStateOffset, kActive);
  store_u64be(page, at + kUndoTransactionOffset, transaction);
  store_u16be(page, at + kUndoRecordsOffset, end);
  page[at + kUndoFlagsOffset] = 0;
  page[at + kUndoDictionaryOffset] = 0;
}

Result<> create_header(const RedoRecord& record, std::uint64_t transaction, MutableBytes page) {
  const std::uint16_t at = load_u16be(page, kUndoFreeOffset);
  const std::uint16_t previous = load_u16be(page, kUndoLastLogOffset);
  if (at < kUndoSegmentHeaderEnd || !has_room_for_undo_header(page, at))
    return refuse(record, "there is no room for it");
  if (previous + kUndoPlainHeaderBytes > page.size()) return refuse(record, "the log before it is nowhere");
  begin_log(page, at, transaction);
  if (previous != 0) store_u16be(page, previous + kUndoNextLogOffset, at);
  store_u16be(page, kUndoLastLogOffset, at);
  store_u16be(page, at + kUndoToPurgeOffset, 1);
  store_u16be(page, at + kUndoNextLogOffset, 0);
  store_u16be(page, at + kUndoPreviousLogOffset, previous);
  return {};
}

Result<> reuse_header(const RedoRecord& record, std::uint64_t transaction, MutableBytes page) {
  if (!has_room_for_undo_header(page, kUndoSegmentHeaderEnd)) return refuse(record, "there is no room for it");
  begin_log(page, kUndoSegmentHeaderEnd, transaction);
  return {};
}

/// An undo record has its neighbours' offsets before and behind it.
Result<> insert(const RedoRecord& record, ByteView bytes, MutableBytes page) {
  const std::size_t at = load_u16be(page, kUndoFreeOffset);
  const std::size_t end = at + bytes.size() + 4;
  if (at < kUndoPageHeaderEnd || end > page.size()) return refuse(record, "there is no room for it");
  store_u16be(page, at, static_cast<std::uint16_t>(end));
  std::ranges::copy(bytes, page.subspan(at + 2).begin());
  store_u16be(page, end - 2, static_cast<std::uint16_t>(at));
  store_u16be(page, kUndoFreeOffset, static_cast<std::uint16_t>(end));
  return {};
}

Result<> erase_end(const RedoRecord& record, MutableBytes page) {
  const std::size_t at = load_u16be(page, kUndoFreeOffset);
  const std::size_t end = page.size() - kPageTrailerBytes;
  if (at > end) return refuse(record, "there is nothing to erase");
  std::ranges::fill(page.subspan(at, end - at), std::uint8_t{0xFF});
  return {};
}

}  // namespace

Result<> apply_undo_record(const RedoRecord& record, MutableBytes page) {
  if (page.size() < kSmallestBytes) return refuse(record, "it is smaller than any undo page");
  RedoCursor body{record.body};
  if (record.type == RedoType::undo_init) {
    init(body.compressed32(), page);
    return body.good() ? Result<>{} : refuse(record, "its body is too short");
  }
  if (load_u16be(page, kPageTypeOffset) != static_cast<std::uint16_t>(PageType::undo_log))
    return refuse(record, "it is no undo page");
  if (record.type == RedoType::undo_erase_end) return erase_end(record, page);
  if (record.type == RedoType::undo_insert) {
    const ByteView bytes = body.take(body.u2());
    return body.good() ? insert(record, bytes, page) : refuse(record, "its body is too short");
  }
  const std::uint64_t transaction = body.compressed64();
  if (!body.good()) return refuse(record, "its body is too short");
  return record.type == RedoType::undo_hdr_create ? create_header(record, transaction, page)
                                                  : reuse_header(record, transaction, page);
}

}  // namespace donord::innodb
