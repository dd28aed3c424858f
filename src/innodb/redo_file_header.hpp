#pragma once

// The first 2048 bytes of a redo file: four blocks of 512 bytes, namely the header proper, a checkpoint, the encryption
// information and a second checkpoint. Log data begins behind them.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"

namespace donord::innodb {

inline constexpr std::size_t kRedoBlockBytes = 512;
inline constexpr std::size_t kRedoHeaderBytes = 4 * kRedoBlockBytes;
inline constexpr std::uint32_t kRedoFormat = 6;  ///< since 8.0.30
inline constexpr std::uint64_t kMinRedoFileBytes = 65536;
inline constexpr std::uint64_t kMaxRedoFileBytes = std::uint64_t{16} << 30;
inline constexpr Lsn kFirstLsn{8192};  ///< of a new instance
/// Where the header has the encryption information (innodb/encryption_info.hpp), and how much of it there can be.
inline constexpr std::size_t kRedoEncryptionInfoOffset = 2 * kRedoBlockBytes + 48;
inline constexpr std::size_t kMaxRedoEncryptionInfoBytes = 115;

/// Flags of a redo file's header.
enum class RedoFlag : std::uint32_t {
  logging_disabled = 1,  ///< ALTER INSTANCE DISABLE INNODB REDO_LOG
  crash_unsafe = 2,      ///< the server was not shut down cleanly while logging was disabled
  not_initialised = 4,
  file_full = 8,  ///< a newer file exists
};

/// Block 0, big-endian.
///
///   offset size
///        0    4  format: 6 since 8.0.30
///        4    4  uuid of the log, the same in all its files, never 0
///        8    8  LSN of the first data byte, at offset 2048; a multiple of 512
///       16   32  creator, padded with zeros: "MySQL 9.7.4", "MySQL Clone"
///       48    4  flags
///      508    4  CRC-32C of bytes 0 to 507
///
/// Source: docs/innodb-files.md, "8.0.30+ files".
struct RedoFileHeader {
  std::uint32_t format = kRedoFormat;
  std::uint32_t uuid = 0;
  Lsn start_lsn;
  std::string creator;
  std::uint32_t flags = 0;

  [[nodiscard]] bool has(RedoFlag flag) const { return (flags & static_cast<std::uint32_t>(flag)) != 0; }

  bool operator==(const RedoFileHeader&) const = default;
};

/// All four blocks. A checkpoint is a block of zeros but for the LSN at offset 8 and the CRC-32C at 508; 0 is written
/// into the slots of a new file and means none. The encryption block has its information at offset 48 and no checksum.
struct RedoFileStart {
  RedoFileHeader header;
  std::array<std::optional<Lsn>, 2> checkpoints;  ///< slots with a wrong checksum are empty
  std::array<std::uint8_t, kMaxRedoEncryptionInfoBytes> encryption_info{};

  [[nodiscard]] bool has_encryption_info() const { return encryption_info[0] == 'l' && encryption_info[1] == 'C'; }
};

using RedoFileStartBytes = std::array<std::uint8_t, kRedoHeaderBytes>;

/// Decodes block 0, whatever its format. `Errc::checksum` when it does not match its checksum.
[[nodiscard]] Result<RedoFileHeader> decode_redo_file_header(ByteView block);

/// Decodes the first 2048 bytes of a redo file. `Errc::checksum` when block 0 does not match its checksum,
/// `Errc::unsupported_version` with the number found when the format is not 6.
[[nodiscard]] Result<RedoFileStart> decode_redo_file_start(ByteView bytes);

/// The first 2048 bytes of a redo file, both checkpoint slots alike. The creator is cut to 31 bytes.
[[nodiscard]] RedoFileStartBytes encode_redo_file_start(const RedoFileHeader& header, Lsn checkpoint);

}  // namespace donord::innodb
