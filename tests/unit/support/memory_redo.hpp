#pragma once

// A redo log that is in memory, with the range from its first group to its end.

#include "source/redo_packer.hpp"
#include "support/redo_builder.hpp"

namespace donord::testing {

class MemoryRedo {
 public:
  explicit MemoryRedo(Lsn first_block = Lsn{16'388'096}) : log_(first_block) {}

  /// Adds a group. Returns where it ends.
  Lsn add(const Bytes& group) {
    log_.add(group);
    return log_.end();
  }
  Lsn add(const RedoRecordSpec& record) { return add(make_redo_group(record)); }

  [[nodiscard]] Lsn end() const { return log_.end(); }
  [[nodiscard]] RedoRange range() const { return {log_.first_block() + innodb::kRedoBlockHeaderBytes, log_.end()}; }
  [[nodiscard]] std::vector<innodb::RedoBlockBytes> blocks() const { return log_.blocks(); }

  /// Of the log as it is now. Beyond its end there are zeros.
  [[nodiscard]] innodb::RedoRead read() const { return read_of(log_); }

 private:
  RedoLogBuilder log_;
};

}  // namespace donord::testing
