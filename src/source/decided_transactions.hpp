#pragma once

// What a server would log if it did with its prepared transactions what its binary log says: a recipient that recovers
// this log finds them committed, rolled back, or prepared for good, and their GTIDs executed.

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "binlog/decisions.hpp"
#include "source/prepared_transactions.hpp"

namespace donord {

/// Groups of redo records in order, to follow the log that `undo` is the result of.
struct DecidedTransactions {
  std::vector<Bytes> groups;
  std::uint64_t committed = 0;
  std::uint64_t prepared = 0;     ///< XA transactions that wait for their clients
  std::uint64_t rolled_back = 0;  ///< XA transactions
  std::uint64_t undecided = 0;    ///< not in the binary log: recovery rolls them back, or knows that they are to stay
  std::uint64_t gtid_logs = 0;    ///< undo logs that only hold GTIDs of the binary log
};

/// What the binary log has to be asked for.
[[nodiscard]] binlog::Wanted wanted_decisions(const std::vector<PreparedTransaction>& prepared);

/// `undo` is changed as the groups change it. `Errc::exhausted` when there is no place for a GTID.
[[nodiscard]] Result<DecidedTransactions> carry_out(const binlog::Decisions& decisions,
                                                    const std::vector<PreparedTransaction>& prepared, UndoPages& undo);

}  // namespace donord
