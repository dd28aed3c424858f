#pragma once

// Where a group of redo records ends.

#include <cstdint>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/redo_log.hpp"

namespace donord {

/// The first end of a group at or behind `needed`; `from`, where one ends as well, is not behind it. `read` gives
/// plain blocks and must have such a group.
[[nodiscard]] Result<Lsn> group_end_at(Lsn from, Lsn needed, std::uint32_t page_size_bytes,
                                       const innodb::RedoRead& read);

/// The log as if it ended at `end`, where a group ends.
[[nodiscard]] innodb::RedoRead redo_until(Lsn end, innodb::RedoRead read);

}  // namespace donord
