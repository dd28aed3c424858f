#pragma once

// One file of an instance and what its first page says about it.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/encryption_info.hpp"
#include "innodb/first_page.hpp"
#include "innodb/page_check.hpp"
#include "innodb/page_compression.hpp"
#include "innodb/space_id.hpp"
#include "innodb/tablespace_cipher.hpp"
#include "source/datadir_scan.hpp"
#include "source/file_stamp.hpp"

namespace donord {

enum class FileRole { buffer_pool_dump, system, undo, dictionary, user };

[[nodiscard]] std::string_view name_of(FileRole role);

struct TablespaceFile {
  std::filesystem::path path;
  std::string name;  ///< on the wire
  FileStamp stamp;
  FileRole role = FileRole::user;
  SpaceId space = innodb::kNoSpace;
  innodb::PageFormat format;
  innodb::TablespaceFlags flags;
  Lsn max_lsn = innodb::kNoMaxLsn;  ///< end of the redo log that belongs to the file
  PageNo first_page;  ///< space-wide number of the page at offset 0; not 0 in the second and later system files
  innodb::PageCompressionAlgorithm compression = innodb::PageCompressionAlgorithm::none;
  std::optional<innodb::FirstPage> page0;  ///< of the first file of a tablespace
  std::optional<innodb::LegacyDoublewrite> legacy_doublewrite;
  std::optional<Error> problem;  ///< what is wrong with page 0 although it can be decoded
  /// Page 0 as it is served where it is not the one of the file: restored, or brought up to date. Null otherwise.
  std::shared_ptr<const Bytes> replaced_page0;
  std::optional<innodb::EncryptionInfo> encryption_info;   ///< of an encrypted tablespace
  std::shared_ptr<const innodb::TablespaceCipher> cipher;  ///< null unless it is encrypted and the key is at hand

  [[nodiscard]] bool is_tablespace() const { return role != FileRole::buffer_pool_dump; }
  /// Whole pages; a file that is no tablespace counts in full.
  [[nodiscard]] std::uint64_t usable_bytes() const {
    return is_tablespace() ? stamp.size_bytes - stamp.size_bytes % format.physical_bytes : stamp.size_bytes;
  }
  [[nodiscard]] std::uint64_t page_count() const { return stamp.size_bytes / format.physical_bytes; }
  /// The space-wide number of the page at `offset_bytes` in this file.
  [[nodiscard]] PageNo page_at(std::uint64_t offset_bytes) const {
    return PageNo{first_page.value() + static_cast<std::uint32_t>(offset_bytes / format.physical_bytes)};
  }
  [[nodiscard]] bool encrypted() const {
    return flags.encrypted() || (page0 && page0->encryption_progress != innodb::EncryptionProgress::none);
  }
  [[nodiscard]] innodb::PageExpectation expectation() const { return {format, space, legacy_doublewrite, max_lsn}; }
};

/// Opens a file that begins a tablespace, decodes and verifies its page 0, and finds out whether its pages are
/// compressed. The error names the file; a page 0 that can be decoded but not verified is the file's `problem`.
/// `page0`, if it is not null, is used in place of the file's own and kept as `replaced_page0`.
[[nodiscard]] Result<TablespaceFile> identify_tablespace(const ScannedFile& file,
                                                         std::shared_ptr<const Bytes> page0 = nullptr);

}  // namespace donord
