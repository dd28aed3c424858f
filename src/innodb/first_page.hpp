#pragma once

// Page 0 of a tablespace: its header tells which space the file belongs to, how many pages it has and how they look.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/page_header.hpp"
#include "innodb/tablespace_flags.hpp"

namespace donord::innodb {

inline constexpr std::size_t kFspHeaderOffset = kPageHeaderBytes;

/// The FSP header: bytes 38 to 61 of page 0, big-endian.
///
///   offset size
///       38    4  space id, again
///       42    4  unused
///       46    4  size of the tablespace in pages; for the system tablespace that of all its files together
///       50    4  pages from here on were never initialised
///       54    4  flags
///       58    4  used pages in the FREE_FRAG list
///
/// Source: docs/innodb-files.md, "FSP header".
struct FspHeader {
  static constexpr std::string_view kName = "FspHeader";
  static constexpr std::size_t kBytes = 24;

  SpaceId space;
  std::uint32_t size_pages = 0;
  std::uint32_t free_limit_pages = 0;
  TablespaceFlags flags;
  std::uint32_t fragment_used_pages = 0;

  bool operator==(const FspHeader&) const = default;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    std::uint32_t flags = m.flags.value();
    io.u32be("space", m.space);
    io.filler("unused", 4);
    io.u32be("size_pages", m.size_pages);
    io.u32be("free_limit_pages", m.free_limit_pages);
    io.u32be("flags", flags);
    io.u32be("fragment_used_pages", m.fragment_used_pages);
    if constexpr (Io::kDecoding) m.flags = TablespaceFlags{flags};
  }
};

enum class EncryptionProgress : std::uint8_t { none = 0, encrypting = 1, decrypting = 2 };

/// What page 0 says about its file.
struct FirstPage {
  PageHeader header;
  FspHeader fsp;
  PageFormat format;
  EncryptionProgress encryption_progress = EncryptionProgress::none;
  /// The page is as the file was made with it: space id, flags, and nothing else. What makes it an FSP_HDR page with a
  /// size is in the redo log only. Seen after a crash, never after a clean shutdown.
  bool initial = false;

  [[nodiscard]] SpaceId space() const { return fsp.space; }
  /// The version of the server that made the tablespace or upgraded it last: 90704.
  [[nodiscard]] std::uint32_t server_version() const { return header.previous; }
};

/// "9.7.4" for 90704.
[[nodiscard]] std::string version_text(std::uint32_t server_version);

/// How much of a file must be read to decode page 0 of whatever page size.
inline constexpr std::size_t kFirstPageReadBytes = kMaxPageBytes;

/// Decodes page 0 from the first bytes of a file, at least a whole page of the file's own size. The page is not
/// verified: `check_page` does that. `Errc::malformed` when it is not page 0 of a tablespace, `Errc::truncated` when
/// bytes are missing.
[[nodiscard]] Result<FirstPage> decode_first_page(ByteView file_start);

}  // namespace donord::innodb
