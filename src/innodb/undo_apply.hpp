#pragma once

// Repeats the redo records that are of undo pages only.

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "innodb/redo_record.hpp"

namespace donord::innodb {

/// UNDO_INIT, UNDO_HDR_CREATE, UNDO_HDR_REUSE, UNDO_INSERT, UNDO_ERASE_END.
[[nodiscard]] constexpr bool is_undo_record(RedoType type) {
  return type == RedoType::undo_init || type == RedoType::undo_hdr_create || type == RedoType::undo_hdr_reuse ||
         type == RedoType::undo_insert || type == RedoType::undo_erase_end;
}

/// Changes `page` as an `is_undo_record()` says. `Errc::malformed` when it is no undo page, or has no room.
[[nodiscard]] Result<> apply_undo_record(const RedoRecord& record, MutableBytes page);

}  // namespace donord::innodb
