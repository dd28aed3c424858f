#pragma once

// Takes records out of a redo log without moving anything: each of their bytes becomes a DUMMY record, one byte long,
// which may stand anywhere in the log and does nothing (docs/innodb-files.md, "Groups").

#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"

namespace donord {

/// One record, from its first byte to the byte behind its last.
struct RedoBlank {
  Lsn start;
  Lsn end;
};

class RedoBlanks {
 public:
  RedoBlanks() = default;
  /// Whole records, in the order of the log.
  explicit RedoBlanks(std::vector<RedoBlank> blanks) : blanks_(std::move(blanks)) {}

  /// Blanks what lies in the 512 bytes of the block at `block`; true when there was anything. The checksum of the block
  /// is then the caller's to renew.
  bool apply(Lsn block, MutableBytes bytes) const;

 private:
  std::vector<RedoBlank> blanks_;
};

}  // namespace donord
