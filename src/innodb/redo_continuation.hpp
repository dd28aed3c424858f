#pragma once

// A log that goes on where the last complete group ends, otherwise than it does in its files: what stands there of an
// unfinished group, which recovery ignores, is replaced.

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/redo_block.hpp"
#include "innodb/redo_log.hpp"

namespace donord::innodb {

class RedoContinuation {
 public:
  /// `until` is the position behind the last complete group. `log` is asked for its block, unless that begins there.
  [[nodiscard]] static Result<RedoContinuation> make(Lsn until, const RedoRead& log);

  void add(ByteView group);

  /// Behind the last group.
  [[nodiscard]] Lsn end() const;

  /// The new blocks, the first being the one that `until` lies in. The last one is there even if it is empty.
  [[nodiscard]] std::vector<RedoBlockBytes> blocks() const;

  /// `log` with these blocks in place of its own, as they are now. Behind them there is nothing.
  [[nodiscard]] RedoRead over(RedoRead log) const;

 private:
  RedoContinuation() = default;

  Lsn first_block_;
  std::uint16_t first_rec_group_ = 0;  ///< of the first block, as it was; 0 for none before `until`
  Bytes payload_;                      ///< from the first block's on
  std::vector<Lsn> starts_;            ///< of the groups that were added, and of the next one
};

}  // namespace donord::innodb
