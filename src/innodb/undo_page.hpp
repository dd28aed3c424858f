#pragma once

// Undo logs: what a transaction needs to be rolled back, and other transactions to see rows as they were. A transaction
// has up to two, one for inserts and one for everything else. Each lies in an undo segment, a list of pages, of which
// the first has the header; a segment for updates may have several logs on that page, one behind the other, of which
// only the last is one of a transaction that has not ended.
//
// Source: docs/innodb-files.md, "Undo logs".

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"

namespace donord::innodb {

/// Where a node of a list is: a page of the same tablespace and an offset in it.
struct FileAddress {
  PageNo page{0xFFFFFFFF};
  std::uint16_t offset = 0;

  bool operator==(const FileAddress&) const = default;

  [[nodiscard]] bool empty() const { return page == PageNo{0xFFFFFFFF}; }
};

enum class UndoType : std::uint16_t { insert = 1, update = 2 };

enum class UndoState : std::uint16_t {
  active = 1,
  cached = 2,          ///< without a transaction, for the next one
  to_free = 3,         ///< of inserts, not needed any more
  to_purge = 4,        ///< of updates, to be freed when its log has been purged
  prepared_80028 = 5,  ///< as servers before 8.0.29 wrote it
  prepared = 6,        ///< the transaction coordinator may not know yet
  prepared_in_coordinator = 7,
};

[[nodiscard]] constexpr bool is_prepared(UndoState state) {
  return state == UndoState::prepared_80028 || state == UndoState::prepared ||
         state == UndoState::prepared_in_coordinator;
}

/// Every undo page, and then the first of a segment.
///
///   offset size
///       38    2  type
///       40    2  where the records of the last log begin on this page
///       42    2  first free byte
///       44   12  node of the list of the segment's pages
///       56    2  state
///       58    2  where the header of the last log is
///       60   10  file segment
///       70   16  list of the segment's pages: length, first, last
struct UndoSegment {
  UndoType type = UndoType::insert;
  UndoState state = UndoState::active;
  std::uint16_t free = 0;
  std::uint16_t last_log = 0;
  std::uint32_t pages = 0;
};

inline constexpr std::size_t kUndoTypeOffset = 38;
inline constexpr std::size_t kUndoStartOffset = 40;
inline constexpr std::size_t kUndoFreeOffset = 42;
inline constexpr std::size_t kUndoPageHeaderEnd = 56;
inline constexpr std::size_t kUndoStateOffset = 56;
inline constexpr std::size_t kUndoLastLogOffset = 58;
inline constexpr std::size_t kUndoPageCountOffset = 70;
inline constexpr std::size_t kUndoSegmentHeaderEnd = 86;

/// `page` is the first page of a segment. `Errc::malformed` when it is none.
[[nodiscard]] Result<UndoSegment> decode_undo_segment(ByteView page);

/// The name of a distributed transaction.
struct UndoXid {
  std::uint32_t format_id = 0;
  std::string gtrid;
  std::string bqual;
};

/// Header of a log; offsets are from its begin.
///
///   offset size
///        0    8  transaction id
///        8    8  transaction number, once it is committed
///       16    2  1: there may be rows to purge
///       18    2  where the records of the log begin on the page of the header
///       20    1  flags: 1 XID, 2 GTID, 4 GTID of XA PREPARE
///       21    1  1: of the data dictionary
///       22    8  unused
///       30    2  header of the next log on the page, 0 for none
///       32    2  header of the previous log
///       34   12  node of the history list, once it is committed: previous, next
///       46    4  XID: format id, where there is one
///       50    4  length of gtrid
///       54    4  length of bqual
///       58  128  gtrid, bqual
///      186    1  version of the GTIDs, where there is room for them
///      187   64  GTID
///      251   64  GTID of XA PREPARE
struct UndoLog {
  std::uint16_t offset = 0;  ///< on the page
  std::uint64_t transaction = 0;
  std::uint16_t records = 0;
  std::uint8_t flags = 0;
  std::optional<UndoXid> xid;

  /// The header has room for the GTID of a commit, whether there is one or not.
  [[nodiscard]] bool has_room_for_gtid() const;
  [[nodiscard]] std::uint16_t at(std::size_t field) const { return static_cast<std::uint16_t>(offset + field); }
};

inline constexpr std::size_t kUndoTransactionOffset = 0;
inline constexpr std::size_t kUndoNumberOffset = 8;
inline constexpr std::size_t kUndoToPurgeOffset = 16;
inline constexpr std::size_t kUndoRecordsOffset = 18;
inline constexpr std::size_t kUndoFlagsOffset = 20;
inline constexpr std::size_t kUndoDictionaryOffset = 21;
inline constexpr std::size_t kUndoNextLogOffset = 30;
inline constexpr std::size_t kUndoPreviousLogOffset = 32;
inline constexpr std::size_t kUndoHistoryNodeOffset = 34;
inline constexpr std::size_t kUndoPlainHeaderBytes = 46;
inline constexpr std::size_t kUndoXidOffset = 46;
inline constexpr std::size_t kUndoGtidVersionOffset = 186;
inline constexpr std::size_t kUndoGtidOffset = 187;
inline constexpr std::size_t kUndoGtidHeaderBytes = 251;
inline constexpr std::size_t kUndoLongestHeaderBytes = 315;

inline constexpr std::uint8_t kUndoFlagXid = 1;
inline constexpr std::uint8_t kUndoFlagGtid = 2;

/// The log whose header is at `offset` of the page. `Errc::malformed` when that cannot be.
[[nodiscard]] Result<UndoLog> decode_undo_log(ByteView page, std::uint16_t offset);

/// A node of a list: 6 bytes previous, 6 bytes next; each a page number and an offset.
inline constexpr std::size_t kListPreviousOffset = 0;
inline constexpr std::size_t kListNextOffset = 6;
inline constexpr std::size_t kListNodeBytes = 12;

/// A server makes room for the longest header there is, and 100 bytes to spare.
[[nodiscard]] bool has_room_for_undo_header(ByteView page, std::size_t free);

}  // namespace donord::innodb
