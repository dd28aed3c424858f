#pragma once

// What a binary log decides about transactions that a crash left prepared in InnoDB: the same that the server would do
// with them when it starts again.

#include <cstdint>
#include <limits>
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
  /// Behind this commit time only what InnoDB does not know of counts as executed: it may not be in the source.
  std::int64_t executed_until_us = std::numeric_limits<std::int64_t>::max();
};

/// What the commit times in a log say, in microseconds since 1970; 0 is none.
struct CommitTimes {
  std::int64_t newest_us = 0;  ///< of what InnoDB prepared just before it was logged
  /// Where one that was asked for was logged first, and where such a one that was not asked for was logged last behind
  /// it. The server commits in the order of its log, so that these are next to each other.
  std::int64_t first_wanted_us = 0;
  std::int64_t last_unwanted_us = 0;
};

struct Decisions {
  std::map<std::uint64_t, Decision> internal;
  std::map<Xid, Decision> external;
  GtidSet gtids;  ///< of all transactions that are whole, until `executed_until_us`: the server has executed them
  /// Those that InnoDB may not have written down: of transactions that were asked for, and of statements and
  /// transactions that were none of InnoDB's.
  GtidSet unrecorded_gtids;
  CommitTimes times;
  std::uint64_t end_position = 0;  ///< behind the last event that counts
};

/// Reads the log to its end, torn or not. `Errc::malformed` for events in an order in which no server writes them: it
/// would not start on such a log. The other errors are those of `LogWalk`, `visit_payload()` and the decoders.
[[nodiscard]] Result<Decisions> read_decisions(ByteSource source, const Wanted& wanted);

}  // namespace donord::binlog
