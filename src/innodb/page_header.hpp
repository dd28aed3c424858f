#pragma once

// The header that every page of every tablespace begins with, and the types of pages.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"

namespace donord::innodb {

enum class PageType : std::uint16_t {
  allocated = 0,
  undo_log = 2,
  inode = 3,
  change_buffer_free_list = 4,
  change_buffer_bitmap = 5,
  system = 6,
  transaction_system = 7,
  fsp_header = 8,
  extent_descriptor = 9,
  blob = 10,
  zblob_first = 11,
  zblob = 12,
  unknown = 13,
  compressed = 14,
  encrypted = 15,
  compressed_and_encrypted = 16,
  encrypted_rtree = 17,
  sdi_blob = 18,
  sdi_zblob = 19,
  legacy_doublewrite = 20,
  rollback_segment_array = 21,
  lob_index = 22,
  lob_data = 23,
  lob_first = 24,
  zlob_first = 25,
  zlob_data = 26,
  zlob_index = 27,
  zlob_fragment = 28,
  zlob_fragment_entry = 29,
  sdi = 17853,
  rtree = 17854,
  index = 17855,
};

/// "INDEX", "FSP_HDR"; "type 4711" for a number without a name.
[[nodiscard]] std::string name_of(PageType type);

[[nodiscard]] constexpr bool is_encrypted(PageType type) {
  return type == PageType::encrypted || type == PageType::compressed_and_encrypted || type == PageType::encrypted_rtree;
}

inline constexpr std::size_t kPageHeaderBytes = 38;
inline constexpr std::size_t kPageTrailerBytes = 8;

/// Offsets of single fields, for code that looks at one of them in many pages.
inline constexpr std::size_t kPageChecksumOffset = 0;
inline constexpr std::size_t kPageNumberOffset = 4;
inline constexpr std::size_t kPageLsnOffset = 16;
inline constexpr std::size_t kPageTypeOffset = 24;
inline constexpr std::size_t kPageFlushLsnOffset = 26;
inline constexpr std::size_t kPageSpaceOffset = 34;

/// The FIL header: the first 38 bytes of a page, big-endian, in the clear even where the page is encrypted.
///
///   offset size
///        0    4  checksum (docs/innodb-files.md, "Checksums")
///        4    4  page number
///        8    4  previous page of the index; on page 0 the version of the server that made the tablespace: 90704
///       12    4  next page of the index; on page 0 the version of the tablespace format: 1
///       16    8  LSN at the end of the last logged change of the page
///       24    2  type
///       26    8  on page 0 of space 0 the LSN of the last clean shutdown; on compressed and encrypted pages what is
///                needed to read them; not covered by the checksum
///       34    4  space id
///
/// All but ZIP pages end with a trailer of 8 bytes: a second checksum and the low 32 bits of the LSN.
/// Source: docs/innodb-files.md, "FIL header and trailer".
struct PageHeader {
  static constexpr std::string_view kName = "PageHeader";

  std::uint32_t checksum = 0;
  PageNo page;
  std::uint32_t previous = 0;
  std::uint32_t next = 0;
  Lsn lsn;
  PageType type = PageType::allocated;
  std::uint64_t flush_lsn = 0;
  SpaceId space;

  bool operator==(const PageHeader&) const = default;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.u32be("checksum", m.checksum);
    io.u32be("page", m.page);
    io.u32be("previous", m.previous);
    io.u32be("next", m.next);
    io.u64be("lsn", m.lsn);
    io.u16be("type", m.type);
    io.u64be("flush_lsn", m.flush_lsn);
    io.u32be("space", m.space);
  }
};

/// The header of the page that begins at `page[0]`.
[[nodiscard]] Result<PageHeader> decode_page_header(ByteView page);

}  // namespace donord::innodb
