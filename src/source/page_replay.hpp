#pragma once

// Pages brought up to date with the redo log, as recovery will have them: those that donord has to know or to change.

#include <map>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/redo_log.hpp"
#include "innodb/redo_parser.hpp"
#include "source/redo_packer.hpp"

namespace donord {

/// A page and what the log adds to it.
struct ReplayedPage {
  Bytes page;  ///< in: as it is on disk, or zeros if it never was there; out: as it is after recovery
  bool changed = false;
};

/// Repeats a record of a group that ends at `group_end` on its page, unless that has it already. `Errc::malformed` when
/// it does not fit, `Errc::unsupported_version` for a record that cannot be repeated.
[[nodiscard]] Result<> replay_record(const innodb::RedoRecord& record, Lsn group_end, ReplayedPage& replay);

/// Whether a record changes the page that it names: file operations and INDEX_LOAD do not.
[[nodiscard]] bool changes_a_page(const innodb::RedoRecord& record);

/// Brings pages 0 up to date and seals them. `Errc::unsupported_version` when the log changes one of them in a way that
/// page 0 of a tablespace never is.
[[nodiscard]] Result<> replay_first_pages(const RedoRange& range, std::uint32_t page_size_bytes,
                                          const innodb::RedoRead& read, std::map<SpaceId, ReplayedPage>& pages);

}  // namespace donord
