#pragma once

// Packs a range of a redo log into the files that a recipient gets: all of one size, each with a header made here, the
// blocks copied as they are but for patches, and always with a checksum. The recipient numbers the
// files from 0 (docs/clone-stream.md, "REDO_COPY").

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/redo_block.hpp"
#include "innodb/redo_log.hpp"
#include "innodb/tablespace_cipher.hpp"
#include "source/packed_redo.hpp"
#include "source/redo_patches.hpp"

namespace donord {

/// Recovery treats a log by this creator as a clone's: it ignores doublewrite files and the dynamic metadata (such as
/// AUTO_INCREMENT counters) in the log. Right for a log that holds nothing to recover; for any other use "MySQL" and
/// the version of the server that wrote it (docs/innodb-files.md, "Creator string in the redo header").
inline constexpr std::string_view kCloneCreator = "MySQL Clone";

struct RedoRange {
  Lsn checkpoint;  ///< where recovery begins; need not be on a block boundary
  /// Where a group of records ends, and the log for a recipient; at least 12 bytes into its block. The source's own may
  /// go on.
  Lsn end;
};

class RedoPacker final : public PackedRedo {
 public:
  struct Options {
    std::uint64_t file_bytes = 0;  ///< a multiple of the page size, 64 KiB to 16 GiB
    std::uint32_t page_bytes = 0;  ///< innodb_page_size
    std::uint32_t uuid = 0;        ///< the same for the same content; not 0
    std::string creator;
    RedoPatches patches;
    /// If not null, all blocks but the last are encrypted, and the header of the first file has the key in the clear.
    std::shared_ptr<const innodb::TablespaceCipher> cipher;
  };

  /// `read` gives plain blocks, stays in use for as long as the packer lives and is called from any thread. The last
  /// block is read here.
  [[nodiscard]] static Result<RedoPacker> make(const Options& options, const RedoRange& range, innodb::RedoRead read);

  [[nodiscard]] RedoPlan plan() const override;
  [[nodiscard]] Result<> read(std::uint32_t file, std::uint64_t offset_bytes, MutableBytes into) const override;

  static constexpr std::uint64_t kGoodFiles = 100;
  /// `preferred_bytes`, or as much more as it takes to pack the range into so many files.
  [[nodiscard]] static std::uint64_t file_bytes_for(std::uint64_t preferred_bytes, const RedoRange& range,
                                                    std::uint64_t max_files = kGoodFiles);

  /// The bytes that the files will take, without reading anything.
  [[nodiscard]] static std::uint64_t capacity_bytes(std::uint64_t file_bytes, const RedoRange& range);

 private:
  RedoPacker(const Options& options, const RedoRange& range, innodb::RedoRead read);

  [[nodiscard]] Lsn start_of(std::uint32_t file) const { return range_.checkpoint.block_start() + file * data_bytes_; }
  [[nodiscard]] innodb::RedoFileStartBytes header_of(std::uint32_t file) const;
  [[nodiscard]] Result<> read_blocks(Lsn from, MutableBytes into) const;
  [[nodiscard]] Result<> read_aligned(std::uint32_t file, std::uint64_t offset_bytes, MutableBytes into) const;

  Options options_;
  RedoRange range_;
  innodb::RedoRead read_;
  std::uint64_t data_bytes_ = 0;  // log bytes in a file
  std::uint32_t file_count_ = 0;
  innodb::RedoBlockBytes trailer_{};
};

}  // namespace donord
