#pragma once

// A block of the redo log. Its LSN determines its number and its epoch, so that a block which an earlier use of the
// file left behind is recognised although its checksum is right.

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/redo_file_header.hpp"

namespace donord::innodb {

inline constexpr std::uint16_t kRedoBlockHeaderBytes = 12;

/// 512 bytes, big-endian.
///
///   offset size
///        0    4  number: 1 + (LSN / 512) mod 2^30; bit 31 is not part of it
///        4    2  data length: 512 when full, else the bytes in use, this header included; bit 15: encrypted
///        6    2  offset of the first group of records that begins in this block, 0 when none does
///        8    4  epoch: 1 + (LSN / 512) / 2^30; before 8.0.30 the low half of a checkpoint's number
///       12  496  log bytes
///      508    4  CRC-32C of bytes 0 to 507; 0xDEADBEEF under innodb_log_checksums=OFF
///
/// Source: docs/innodb-files.md, "Log block".
struct RedoBlockHeader {
  std::uint32_t number = 0;
  std::uint16_t data_bytes = 0;
  bool encrypted = false;
  std::uint16_t first_rec_group = 0;
  std::uint32_t epoch = 0;

  bool operator==(const RedoBlockHeader&) const = default;

  [[nodiscard]] bool full() const { return data_bytes == kRedoBlockBytes; }
};

[[nodiscard]] std::uint32_t redo_block_number(Lsn lsn);
[[nodiscard]] std::uint32_t redo_block_epoch(Lsn lsn);

/// What the bytes at the place of a block are.
enum class RedoBlockState {
  current,    ///< the block that belongs there
  other,      ///< a block left from earlier, zeros, or anything else: the log ends before it
  damaged,    ///< number and epoch are right, checksum or length are not: the log ends before it, perhaps torn
  encrypted,  ///< the block that belongs there as far as can be seen without the key
};

struct RedoBlock {
  RedoBlockState state = RedoBlockState::other;
  RedoBlockHeader header;
};

using RedoBlockBytes = std::array<std::uint8_t, kRedoBlockBytes>;

/// Looks at the 512 bytes that are stored where the block beginning at `lsn`, a multiple of 512, belongs.
[[nodiscard]] RedoBlock look_at_redo_block(ByteView bytes, Lsn lsn);

/// The same for a log from before 8.0.30, whose blocks have no epoch.
[[nodiscard]] RedoBlock look_at_old_redo_block(ByteView bytes, Lsn lsn);

/// Stores the right checksum, whatever stood there.
void seal_redo_block(std::span<std::uint8_t, kRedoBlockBytes> block);

/// Lets the block end after `used_bytes`, its header included, and stores the right checksum. What lies behind is
/// zeros.
void cut_redo_block(std::span<std::uint8_t, kRedoBlockBytes> block, std::uint16_t used_bytes);

/// A block at `lsn` with `payload` (at most 496 bytes) and a right checksum.
[[nodiscard]] RedoBlockBytes make_redo_block(Lsn lsn, ByteView payload, std::uint16_t first_rec_group);

}  // namespace donord::innodb
