#pragma once

// Where a server's logs stand, all at one moment: performance_schema.log_status.

#include <cstdint>
#include <string>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "upstream/upstream_connection.hpp"

namespace donord {

struct LogStatus {
  Lsn lsn;
  Lsn checkpoint;
  std::string binary_log_file;  ///< empty without a binary log
  std::uint64_t binary_log_position = 0;
  std::string gtid_executed;
};

/// For the moment of the query commits and rotations wait, so that redo and binary log belong together: what is among
/// the GTIDs is committed in the redo up to the LSN, and so is what is before the position, but for transactions
/// between their writes to both logs. Needs BACKUP_ADMIN and SELECT on the table.
[[nodiscard]] Result<LogStatus> read_log_status(UpstreamConnection& connection);

}  // namespace donord
