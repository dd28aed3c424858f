#pragma once

// Packs the redo of a directory of 8.0.17 to 8.0.29 for a recipient of that age. There is nothing to recover, so that
// it is a header, a checkpoint and the block of that checkpoint. Not tried on a real server (docs/clone-stream.md,
// "Before 8.0.30").

#include <cstdint>

#include "innodb/old_redo.hpp"
#include "innodb/redo_block.hpp"
#include "innodb/redo_log.hpp"
#include "source/packed_redo.hpp"

namespace donord {

class OldRedoPacker final : public PackedRedo {
 public:
  struct Options {
    std::uint32_t format = 0;      ///< that of the source: a recipient of the same version knows it
    std::uint64_t file_bytes = 0;  ///< the source's innodb_log_file_size, as such a donor has it
  };

  /// The log ends at `checkpoint`. `read` gives plain blocks; the only one is read here.
  [[nodiscard]] static Result<OldRedoPacker> make(const Options& options, const innodb::OldCheckpoint& checkpoint,
                                                  const innodb::RedoRead& read);

  [[nodiscard]] RedoPlan plan() const override;
  [[nodiscard]] Result<> read(std::uint32_t file, std::uint64_t offset_bytes, MutableBytes into) const override;

  /// The bytes that the files will take.
  [[nodiscard]] static std::uint64_t capacity_bytes(std::uint64_t file_bytes) { return kFileCount * file_bytes; }

 private:
  static constexpr std::uint32_t kFileCount = 2;  ///< a server of that age does not start with less

  explicit OldRedoPacker(std::uint64_t file_bytes) : file_bytes_(file_bytes) {}

  std::uint64_t file_bytes_;
  Bytes used_;  // the beginning of file 0; everything behind is zero
};

}  // namespace donord
