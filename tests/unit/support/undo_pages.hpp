#pragma once

// The undo pages of a small instance: one rollback segment in an undo tablespace, with undo segments from page 10 on.

#include "source/undo_replay.hpp"
#include "support/undo_builder.hpp"

namespace donord::testing {

inline constexpr SpaceId kUndoSpace{4294967279};
inline constexpr PageId kSystemPage{SpaceId{0}, PageNo{5}};
inline constexpr PageId kRollbackSegment{kUndoSpace, PageNo{4}};
inline constexpr std::uint64_t kStoredTransactionId = 5000;

inline constexpr PageId undo_page(std::uint32_t index) {
  return {kUndoSpace, PageNo{10 + index}};
}

/// The segments are in the slots of the same number.
inline UndoPages make_undo_pages(std::vector<UndoSegmentSpec> segments, RollbackSegmentSpec header = {}) {
  UndoPages undo;
  undo.pages[kSystemPage] = make_transaction_system_page(kStoredTransactionId);
  undo.segments.push_back(kRollbackSegment);
  for (std::uint32_t i = 0; i < segments.size(); ++i) {
    segments[i].number = undo_page(i).page;
    header.slots.push_back(segments[i].number.value());
    undo.pages[undo_page(i)] = make_undo_page(segments[i]);
  }
  undo.pages[kRollbackSegment] = make_rollback_segment_page(header);
  return undo;
}

/// The last log of a prepared transaction's undo segment.
inline UndoSegmentSpec prepared_segment(innodb::UndoType type, std::uint64_t transaction, std::uint64_t xid,
                                        innodb::UndoState state = innodb::UndoState::prepared) {
  return {
      .type = type,
      .state = state,
      .logs = {
          {.transaction = transaction, .flags = innodb::kUndoFlagXid, .xid = internal_xid(xid), .record_bytes = 60}}};
}

}  // namespace donord::testing
