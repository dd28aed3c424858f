#pragma once

// The rollback segments of an instance, and the first pages of their undo segments, brought up to date with the redo
// log. Which pages these are changes as the log goes on, so that they are followed: the transaction system page and
// page 3 of each undo tablespace name rollback segments, these name undo segments. A page is made in the group of
// records in which it is named, so that what the log said of it before does not matter.

#include <map>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/mini_transaction.hpp"
#include "source/page_reader.hpp"
#include "source/page_replay.hpp"

namespace donord {

/// Pages as they are after recovery; checksums are not brought up to date.
struct UndoPages {
  innodb::PageMap pages;         ///< the transaction system page, rollback segments, first pages of undo segments
  std::vector<PageId> segments;  ///< rollback segments
};

/// `undo_spaces` are the undo tablespaces that there are at the end of the log.
[[nodiscard]] Result<UndoPages> replay_undo_pages(const RedoRange& range, std::uint32_t page_size_bytes,
                                                  const innodb::RedoRead& read, PageReader& pages,
                                                  const std::vector<SpaceId>& undo_spaces);

}  // namespace donord
