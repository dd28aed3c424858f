#pragma once

// What a binary log decides about transactions that a crash left prepared in InnoDB: the same that the server would do
// with them when it starts again.

#include <cstdint>
#include <map>
#include <set>

#include "base/result.hpp"
#include "binlog/gtid_set.hpp"
#include "binlog/log_walk.hpp"
#include "binlog/xid.hpp"

namespace donord::binlog {

/// What became of a transaction last. One that is not in the log at all was never committed, nor prepared for good.
enum class Outcome : std::uint8_t {
  committed,
  prepared,  ///< XA PREPARE: it waits for its client
  rolled_back,
};

struct Decision {
  Outcome outcome = Outcome::committed;
  std::uint64_t order = 0;  ///< smaller in those that were logged before
};

/// The transactions to look for: a log may have millions of others.
struct Wanted {
  std::set<std::uint64_t> internal;  ///< as in `Xid::internal_number()`
  std::set<Xid> external;
};

struct Decisions {
  std::map<std::uint64_t, Decision> internal;
  std::map<Xid, Decision> external;
  GtidSet gtids;  ///< of all transactions that are whole: the server has executed them
  /// Those that InnoDB may not have written down: of transactions that were asked for, and of statements and
  /// transactions that were none of InnoDB's.
  GtidSet unrecorded_gtids;
  std::uint64_t end_position = 0;  ///< behind the last event that counts
};

/// Reads the log to its end, torn or not. `Errc::malformed` for events in an order in which no server writes them: it
/// would not start on such a log. The other errors are those of `LogWalk`, `visit_payload()` and the decoders.
[[nodiscard]] Result<Decisions> read_decisions(ByteSource source, const Wanted& wanted);

}  // namespace donord::binlog
