#pragma once

// Rollback segments and undo pages, as a server has them, without checksums.

#include <initializer_list>
#include <vector>

#include "base/endian.hpp"
#include "innodb/page_header.hpp"
#include "innodb/rollback_segment.hpp"
#include "innodb/undo_page.hpp"

namespace donord::testing {

inline Bytes make_bare_page(SpaceId space, PageNo number, innodb::PageType type, std::size_t page_bytes = 16384,
                            Lsn lsn = Lsn{16'000'000}) {
  Bytes page(page_bytes);
  store_u32be(page, innodb::kPageNumberOffset, number.value());
  store_u64be(page, innodb::kPageLsnOffset, lsn.value());
  store_u16be(page, innodb::kPageTypeOffset, static_cast<std::uint16_t>(type));
  store_u32be(page, innodb::kPageSpaceOffset, space.value());
  return page;
}

inline Bytes make_transaction_system_page(std::uint64_t next_transaction, const std::vector<PageId>& segments = {}) {
  Bytes page = make_bare_page(SpaceId{0}, PageNo{5}, innodb::PageType::transaction_system);
  store_u64be(page, innodb::kTransactionIdOffset, next_transaction);
  std::fill_n(page.begin() + 56, 8 * 256, std::uint8_t{0xFF});
  for (std::size_t i = 0; i < segments.size(); ++i) {
    store_u32be(page, 56 + 8 * i, segments[i].space.value());
    store_u32be(page, 60 + 8 * i, segments[i].page.value());
  }
  return page;
}

inline Bytes make_segment_array_page(SpaceId space, const std::vector<std::uint32_t>& segments) {
  Bytes page = make_bare_page(space, PageNo{3}, innodb::PageType::rollback_segment_array);
  std::fill_n(page.begin() + 56, 4 * 128 + 200, std::uint8_t{0xFF});
  for (std::size_t i = 0; i < segments.size(); ++i) store_u32be(page, 56 + 4 * i, segments[i]);
  return page;
}

inline void store_address(MutableBytes page, std::size_t at, const innodb::FileAddress& address) {
  store_u32be(page, at, address.page.value());
  store_u16be(page, at + 4, address.offset);
}

struct RollbackSegmentSpec {
  SpaceId space{4294967279};
  PageNo number{4};
  std::vector<std::uint32_t> slots = {};
  std::uint32_t history = 0;
  innodb::FileAddress first = {};
  innodb::FileAddress last = {};
};

inline Bytes make_rollback_segment_page(const RollbackSegmentSpec& spec) {
  Bytes page = make_bare_page(spec.space, spec.number, innodb::PageType::system);
  store_u32be(page, innodb::kHistoryLengthOffset, spec.history);
  store_address(page, innodb::kHistoryFirstOffset, spec.first);
  store_address(page, innodb::kHistoryLastOffset, spec.last);
  for (std::size_t slot = 0; slot < innodb::undo_slots(page.size()); ++slot)
    store_u32be(page, innodb::undo_slot_offset(slot),
                slot < spec.slots.size() ? spec.slots[slot] : std::uint32_t{0xFFFFFFFF});
  return page;
}

struct UndoLogSpec {
  std::uint64_t transaction = 0;
  std::size_t header_bytes = 251;  ///< with room for a GTID; 186 without, 315 for two
  std::uint8_t flags = 0;
  innodb::UndoXid xid = {};
  std::size_t record_bytes = 0;  ///< of undo records behind the header
};

struct UndoSegmentSpec {
  SpaceId space{4294967279};
  PageNo number{10};
  innodb::UndoType type = innodb::UndoType::update;
  innodb::UndoState state = innodb::UndoState::cached;
  std::uint32_t pages = 1;
  std::vector<UndoLogSpec> logs = {};
};

/// The internal XID of a transaction.
inline innodb::UndoXid internal_xid(std::uint64_t number) {
  std::string gtrid = "MySQLXid";
  gtrid.resize(24);
  gtrid[8] = 1;
  for (std::size_t i = 0; i < 8; ++i) gtrid[16 + i] = static_cast<char>(number >> (8 * i));
  return {.format_id = 1, .gtrid = gtrid};
}

inline Bytes make_undo_page(const UndoSegmentSpec& spec) {
  Bytes page = make_bare_page(spec.space, spec.number, innodb::PageType::undo_log);
  store_u16be(page, innodb::kUndoTypeOffset, static_cast<std::uint16_t>(spec.type));
  store_u16be(page, innodb::kUndoStateOffset, static_cast<std::uint16_t>(spec.state));
  store_u32be(page, innodb::kUndoPageCountOffset, spec.pages);
  std::size_t at = innodb::kUndoSegmentHeaderEnd;
  std::size_t previous = 0;
  for (const UndoLogSpec& log : spec.logs) {
    const std::size_t records = at + log.header_bytes;
    store_u16be(page, innodb::kUndoStartOffset, static_cast<std::uint16_t>(records));
    store_u16be(page, innodb::kUndoLastLogOffset, static_cast<std::uint16_t>(at));
    store_u64be(page, at, log.transaction);
    store_u16be(page, at + innodb::kUndoToPurgeOffset, 1);
    store_u16be(page, at + innodb::kUndoRecordsOffset, static_cast<std::uint16_t>(records));
    page[at + innodb::kUndoFlagsOffset] = log.flags;
    store_u16be(page, at + innodb::kUndoPreviousLogOffset, static_cast<std::uint16_t>(previous));
    if (previous != 0) store_u16be(page, previous + innodb::kUndoNextLogOffset, static_cast<std::uint16_t>(at));
    if ((log.flags & innodb::kUndoFlagXid) != 0) {
      store_u32be(page, at + 46, log.xid.format_id);
      store_u32be(page, at + 50, static_cast<std::uint32_t>(log.xid.gtrid.size()));
      store_u32be(page, at + 54, static_cast<std::uint32_t>(log.xid.bqual.size()));
      std::ranges::copy(log.xid.gtrid + log.xid.bqual, page.begin() + static_cast<std::ptrdiff_t>(at + 58));
    }
    previous = at;
    at = records + log.record_bytes;
  }
  store_u16be(page, innodb::kUndoFreeOffset, static_cast<std::uint16_t>(at));
  return page;
}

}  // namespace donord::testing
