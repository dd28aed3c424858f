#pragma once

// Rollback segments: each has undo segments, in slots, and the list of the undo logs of transactions that were
// committed and are not purged yet. Which rollback segments there are stands in the transaction system page, page 5 of
// the system tablespace, and in page 3 of every undo tablespace.
//
// Source: docs/innodb-files.md, "Undo logs".

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/undo_page.hpp"

namespace donord::innodb {

inline constexpr PageNo kRollbackSegmentArrayPage{3};
inline constexpr std::size_t kRollbackSegments = 128;  ///< at most, of a tablespace and in the transaction system page

/// The transaction system page.
///
///   offset size
///       38    8  transaction ids and numbers: no server used one that is so much larger than this (see below)
///       46   10  file segment
///       56 1024  128 rollback segments: tablespace, page, 4 bytes each; no page for none
inline constexpr std::size_t kTransactionIdOffset = 38;
/// Servers write the number when it is a multiple of this, and when they start they go on at twice as much behind it.
inline constexpr std::uint64_t kTransactionIdMargin = 256;
[[nodiscard]] Result<std::vector<PageId>> rollback_segments_of_system(ByteView page);

/// Page 3 of an undo tablespace.
///
///   offset size
///       38    8  "RSEH" and a version
///       46   10  file segment
///       56  512  128 rollback segments: page; no page ends them
/// There are none in a page that was not taken into use.
[[nodiscard]] Result<std::vector<PageNo>> rollback_segments_of_array(ByteView page);

/// The header of a rollback segment.
///
///   offset size
///       38    4  largest number of pages
///       42    4  pages of undo segments that are in the history list only
///       46   16  history list, the newest first: length, first, last
///       62   10  file segment
///       72       slots, 4 bytes each, one for every 16 bytes of the page's size: first page of an undo segment
///            8   largest transaction number in the history list, behind the slots
inline constexpr std::size_t kHistoryPagesOffset = 42;
inline constexpr std::size_t kHistoryLengthOffset = 46;
inline constexpr std::size_t kHistoryFirstOffset = 50;
inline constexpr std::size_t kHistoryLastOffset = 56;
inline constexpr std::size_t kUndoSlotsOffset = 72;
inline constexpr std::uint32_t kNoPage = 0xFFFFFFFF;

[[nodiscard]] constexpr std::size_t undo_slots(std::size_t page_bytes) {
  return page_bytes / 16;
}
[[nodiscard]] constexpr std::uint16_t undo_slot_offset(std::size_t slot) {
  return static_cast<std::uint16_t>(kUndoSlotsOffset + 4 * slot);
}
[[nodiscard]] constexpr std::uint16_t largest_number_offset(std::size_t page_bytes) {
  return undo_slot_offset(undo_slots(page_bytes));
}

struct UndoSlot {
  std::uint32_t slot = 0;
  PageNo page;
};

/// The slots in use.
[[nodiscard]] std::vector<UndoSlot> undo_slots_of(ByteView rollback_segment);

[[nodiscard]] FileAddress load_address(ByteView page, std::size_t offset);

}  // namespace donord::innodb
