#pragma once

// The description of an index that precedes the body of many records, so that recovery needs no dictionary. Nobody here
// looks into rows: it is checked and skipped.

#include "innodb/redo_cursor.hpp"

namespace donord::innodb {

/// No index has more columns, those that were dropped and those that InnoDB adds included.
inline constexpr std::uint32_t kMaxIndexFields = 1026;

/// Big-endian:
///
///   size
///      1  version of this description: 1
///      1  flags: 1 compact row format, 2 row versions, 4 columns added by an INSTANT ADD of 8.0.12 to 8.0.28
///      2  n, the number of fields; if compact or with row versions
///      2  columns before the first INSTANT ADD; if compact with flag 4
///      2  n_uniq, how many fields identify a row; if compact
///    2*n  lengths of the fields, bit 15: NOT NULL; if compact
///      2  k, the number of fields with versions; if with row versions
///         k times: 2 logical position, 2 physical position; then 1 version that added it if the latter has bit 15, and
///         1 version that dropped it if it has bit 14
///
/// Source: docs/innodb-files.md, "Index info block IDX".
void skip_index_info(RedoCursor& cursor);

}  // namespace donord::innodb
