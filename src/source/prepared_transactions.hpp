#pragma once

// The transactions that a crash left prepared: InnoDB would commit them as well as roll them back. What decides is the
// binary log.

#include <optional>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "binlog/xid.hpp"
#include "innodb/undo_page.hpp"
#include "source/undo_replay.hpp"

namespace donord {

/// One of the undo logs of a transaction that has not ended.
struct OpenUndoLog {
  std::uint32_t slot = 0;  ///< of its undo segment in the rollback segment
  PageId page;             ///< first of the undo segment
  innodb::UndoSegment segment;
  innodb::UndoLog log;
};

struct PreparedTransaction {
  std::uint64_t id = 0;
  binlog::Xid xid;
  PageId rollback_segment;
  std::optional<OpenUndoLog> insert;
  /// Of everything but inserts. It may be active and empty: a server that commits a transaction of inserts adds one,
  /// for the GTID.
  std::optional<OpenUndoLog> update;

  /// InnoDB knows already that the transaction is to stay.
  [[nodiscard]] bool in_coordinator() const {
    return (insert ? *insert : *update).segment.state == innodb::UndoState::prepared_in_coordinator;
  }
};

/// In the order of their ids.
[[nodiscard]] Result<std::vector<PreparedTransaction>> find_prepared_transactions(const UndoPages& undo);

}  // namespace donord
