#pragma once

// A page that is valid and holds nothing, as it takes the place of one that was never written.

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "innodb/tablespace_flags.hpp"

namespace donord::innodb {

/// Fills `page`, which has `format.physical_bytes`, with zeros, page number, space id, no neighbours, type ALLOCATED,
/// the first LSN there is and the checksums. Recovery applies any redo record to such a page, since each is newer, but
/// never takes it for one that a doublewrite buffer has to restore, as it does with a page of zeros
/// (docs/clone-stream.md, "Crash-consistent sources").
void make_empty_page(MutableBytes page, const PageFormat& format, SpaceId space, PageNo number);

}  // namespace donord::innodb
