#pragma once

// Changes a few bytes of a redo log without moving anything.

#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"

namespace donord {

/// New log bytes from a position on; they may cross blocks.
struct RedoPatch {
  Lsn at;  ///< a position as in innodb/redo_lsn.hpp
  Bytes bytes;
};

class RedoPatches {
 public:
  RedoPatches() = default;
  /// In the order of the log, without overlaps.
  explicit RedoPatches(std::vector<RedoPatch> patches) : patches_(std::move(patches)) {}

  /// Changes what lies in the block that begins at `block`; `bytes` are its 512. The checksum is the caller's to renew.
  void apply(Lsn block, MutableBytes bytes) const;

 private:
  std::vector<RedoPatch> patches_;
};

}  // namespace donord
