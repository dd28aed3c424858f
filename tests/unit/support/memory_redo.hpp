#pragma once

// A redo log that is in memory, with the range from its first group to its end.

#include <algorithm>

#include "innodb/redo_log.hpp"
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
  [[nodiscard]] innodb::RedoRead read() const {
    return [first = log_.first_block(), blocks = log_.blocks()](Lsn from, MutableBytes into) -> Result<> {
      for (std::size_t at = 0; at < into.size(); at += innodb::kRedoBlockBytes) {
        const std::uint64_t number = (from + at - first) / innodb::kRedoBlockBytes;
        const innodb::RedoBlockBytes block = number < blocks.size() ? blocks[number] : innodb::RedoBlockBytes{};
        std::ranges::copy(block, into.subspan(at).begin());
      }
      return {};
    };
  }

 private:
  RedoLogBuilder log_;
};

}  // namespace donord::testing
