#pragma once

// Repeats redo records on a page, so that page 0 of a tablespace, and the pages of undo logs, can be had as they will
// be after recovery. Records of indexes need much more of InnoDB and are refused.

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "innodb/redo_record.hpp"

namespace donord::innodb {

/// Whether `apply_to_page()` can: WRITE_STRING, 1BYTE, 2BYTES, 4BYTES, 8BYTES, INIT_FILE_PAGE, INIT_FILE_PAGE2, and the
/// records of undo pages (`undo_apply.hpp`).
[[nodiscard]] bool can_apply_to_page(RedoType type);

/// Changes `page`, the physical page `record.page` of `record.space`, as the record says. LSN and checksum of the page
/// are the caller's business: a record is to be applied when its group ends behind the page's LSN, in the order of the
/// log, and the page then gets the end of the group as its LSN.
///
/// `Errc::unsupported_version` for every other type, `Errc::malformed` when the record writes outside of the page, or
/// does not fit what it holds.
[[nodiscard]] Result<> apply_to_page(const RedoRecord& record, MutableBytes page);

}  // namespace donord::innodb
