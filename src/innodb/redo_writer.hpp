#pragma once

// Redo records written, the reverse of `redo_decode.hpp`.

#include <cstdint>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "innodb/redo_record.hpp"

namespace donord::innodb {

/// Bodies of records, as `RedoRecord::body` has them. `type` is one of 1BYTE, 2BYTES, 4BYTES and 8BYTES.
[[nodiscard]] Bytes integer_write_body(RedoType type, std::uint16_t offset, std::uint64_t value);
/// Of WRITE_STRING: at most 65535 bytes.
[[nodiscard]] Bytes string_write_body(std::uint16_t offset, ByteView bytes);
/// Of UNDO_HDR_CREATE.
[[nodiscard]] Bytes undo_header_body(std::uint64_t transaction);

/// A group of records, which recovery applies together or not at all.
class RedoGroupWriter {
 public:
  /// `type` names a page.
  void add(RedoType type, PageId page, ByteView body);
  /// `type` names none.
  void add(RedoType type, ByteView body);

  [[nodiscard]] std::uint64_t records() const { return records_; }
  /// Closed: of one record, which says so, or ended by MULTI_REC_END. There is at least one.
  [[nodiscard]] Bytes finish() &&;

 private:
  Bytes bytes_;
  std::uint64_t records_ = 0;
};

}  // namespace donord::innodb
