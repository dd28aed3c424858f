#pragma once

// The redo log of 8.0.17 to 8.0.29: files of equal size, `ib_logfile0` and up, written round and round like a ring.
// Checkpoints stand in the first file only. Not tried on a real server of that age: none could be had
// (docs/innodb-files.md, "8.0.17 - 8.0.29").

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/redo_log.hpp"

namespace donord::innodb {

inline constexpr std::uint32_t kOldestOldRedoFormat = 3;  ///< since 8.0.3
inline constexpr std::uint32_t kNewestOldRedoFormat = 5;  ///< 8.0.28 and 8.0.29
inline constexpr std::size_t kMinOldRedoFiles = 2;
inline constexpr std::size_t kMaxOldRedoFiles = 100;

/// Blocks 1 and 3 of `ib_logfile0`, big-endian.
///
///   offset size
///        0    8  number, one more for each checkpoint: the largest is the newest
///        8    8  LSN
///       16    8  where that LSN stands: an offset in all files put together, headers included
///       24    8  size of the server's log buffer; informative
///      508    4  CRC-32C of bytes 0 to 507
///
/// Source: docs/innodb-files.md, "8.0.17 - 8.0.29".
struct OldCheckpoint {
  std::uint64_t number = 0;
  Lsn lsn;
  std::uint64_t offset_bytes = 0;
  std::uint64_t log_buffer_bytes = 0;

  bool operator==(const OldCheckpoint&) const = default;
};

/// The first 2048 bytes of `ib_logfile0`. The header is that of newer logs but for the uuid, which is 0.
struct OldRedoStart {
  RedoFileStart start;                                      ///< its checkpoints are the LSNs of those below
  std::array<std::optional<OldCheckpoint>, 2> checkpoints;  ///< slots with a wrong checksum are empty

  /// The checkpoint with the largest number. `Errc::not_found` when there is none.
  [[nodiscard]] Result<OldCheckpoint> newest_checkpoint() const;
};

/// `Errc::unsupported_version` with the number found when the format is none of 3, 4 and 5, `Errc::checksum` when block
/// 0 does not match its checksum.
[[nodiscard]] Result<OldRedoStart> decode_old_redo_start(ByteView bytes);

/// The same without checkpoints, which other files than the first do not have. `Errc::not_found` for a header of zeros,
/// as files have before the log gets there.
[[nodiscard]] Result<RedoFileStart> decode_other_old_redo_start(ByteView bytes);

/// The first 2048 bytes of `ib_logfile0`, both checkpoint slots alike.
[[nodiscard]] RedoFileStartBytes encode_old_redo_start(const RedoFileHeader& header, const OldCheckpoint& checkpoint);

/// N in `ib_logfile<N>`; nothing for any other name.
[[nodiscard]] std::optional<std::uint64_t> old_redo_file_id(std::string_view name);

/// Where LSNs stand in the files: one round, from the block of a checkpoint on.
class OldRedoRing final : public RedoLayout {
 public:
  /// `Errc::malformed` when the checkpoint cannot stand where it says.
  [[nodiscard]] static Result<OldRedoRing> make(std::uint64_t file_bytes, std::size_t file_count,
                                                const OldCheckpoint& checkpoint);

  /// Log bytes in all files.
  [[nodiscard]] std::uint64_t capacity_bytes() const { return file_count_ * data_bytes_; }

  [[nodiscard]] std::optional<Place> find(Lsn lsn) const override;
  [[nodiscard]] RedoBlock look_at(ByteView block, Lsn lsn) const override { return look_at_old_redo_block(block, lsn); }

 private:
  OldRedoRing() = default;

  std::uint64_t data_bytes_ = 0;  // log bytes in a file
  std::uint64_t file_count_ = 0;
  Lsn first_;                         // the block of the checkpoint ...
  std::uint64_t first_position_ = 0;  // ... and where it stands, headers not counted
};

}  // namespace donord::innodb
