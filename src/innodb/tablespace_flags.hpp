#pragma once

// The flags word of a tablespace: which page size its file has and which features it uses.

#include <cstdint>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"

namespace donord::innodb {

/// How the pages of one file look. `logical_bytes` is innodb_page_size, one value per instance; `physical_bytes` is
/// what a page takes in the file, which is less in a ZIP file (ROW_FORMAT=COMPRESSED).
struct PageFormat {
  std::uint32_t logical_bytes = 16384;
  std::uint32_t physical_bytes = 16384;
  bool zip = false;

  bool operator==(const PageFormat&) const = default;

  /// Pages in an extent of a file that is not ZIP: an extent is 1 MiB, 2 MiB with 32K pages, 4 MiB with 64K pages.
  [[nodiscard]] std::uint32_t pages_per_extent() const;
  /// Where page 0 holds the 111 bytes of encryption information: behind the descriptors of its extents.
  [[nodiscard]] std::size_t encryption_info_offset() const;
  /// Where page 0 holds version and root page of the SDI index, 4 bytes each.
  [[nodiscard]] std::size_t sdi_offset() const { return encryption_info_offset() + 115; }
  /// Where page 0 holds an unfinished encryption or decryption: operation, 1 byte, and page number, 4 bytes.
  [[nodiscard]] std::size_t encryption_progress_offset() const { return encryption_info_offset() + 123; }
};

inline constexpr std::size_t kEncryptionInfoBytes = 111;
inline constexpr std::uint32_t kMaxPageBytes = 65536;
inline constexpr std::uint32_t kMinPageBytes = 4096;
inline constexpr std::uint32_t kMinZipPageBytes = 1024;

/// FSP_SPACE_FLAGS, 4 bytes big-endian at offset 54 of page 0.
///
///   bit 0     POST_ANTELOPE           bit 11  SHARED: a general, system or dictionary tablespace
///   bits 1-4  ZIP_SSIZE               bit 12  TEMPORARY
///   bit 5     ATOMIC_BLOBS            bit 13  ENCRYPTION
///   bits 6-9  PAGE_SSIZE              bit 14  SDI present
///   bit 10    DATA_DIR                bits 15-31 zero
///
/// Source: docs/innodb-files.md, "FSP header".
class TablespaceFlags {
 public:
  constexpr TablespaceFlags() = default;
  constexpr explicit TablespaceFlags(std::uint32_t value) : value_(value) {}

  [[nodiscard]] constexpr std::uint32_t value() const { return value_; }
  [[nodiscard]] constexpr bool data_directory() const { return bit(10); }
  [[nodiscard]] constexpr bool shared() const { return bit(11); }
  [[nodiscard]] constexpr bool temporary() const { return bit(12); }
  [[nodiscard]] constexpr bool encrypted() const { return bit(13); }
  [[nodiscard]] constexpr bool has_sdi() const { return bit(14); }

  /// `Errc::malformed` for page sizes that do not exist and for unknown bits.
  [[nodiscard]] Result<PageFormat> page_format() const;

  constexpr auto operator<=>(const TablespaceFlags&) const = default;

 private:
  [[nodiscard]] constexpr bool bit(unsigned n) const { return ((value_ >> n) & 1U) != 0; }

  std::uint32_t value_ = 0;
};

}  // namespace donord::innodb
