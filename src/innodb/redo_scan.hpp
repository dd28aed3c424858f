#pragma once

// Finds where one redo record ends: no record says how long it is, every type has its own rule. What a record claims is
// compared with what can be, so that a parse that has lost its place stops early.

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "innodb/redo_record.hpp"

namespace donord::innodb {

enum class RedoScanState {
  complete,
  incomplete,   ///< the bytes end before the record does
  malformed,    ///< no record begins with these bytes
  unsupported,  ///< a record of a server before 8.0.28
};

struct RedoScan {
  RedoScanState state = RedoScanState::incomplete;
  RedoType type = RedoType::dummy_record;
  bool single = false;
  SpaceId space;
  PageNo page;
  std::size_t body_at = 0;        ///< offset of the body
  std::size_t bytes = 0;          ///< of the whole record; if incomplete, at least so many are necessary
  const char* problem = nullptr;  ///< of a malformed or unsupported one; never freed
};

/// Looks at the record that `bytes` begin with. It may be DUMMY or MULTI_REC_END. A complete file operation, INDEX_LOAD
/// or TABLE_DYNAMIC_META can be decoded (`redo_decode.hpp`) without an error. `page_bytes`: the logical page size, or
/// the largest there is.
[[nodiscard]] RedoScan scan_redo_record(ByteView bytes, std::uint32_t page_bytes);

/// No record is longer: the longest are copies of whole pages' rows.
inline constexpr std::size_t kMaxRedoRecordBytes = std::size_t{512} << 10;

}  // namespace donord::innodb
