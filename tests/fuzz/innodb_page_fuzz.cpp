// Any bytes as a page: page 0, compressed pages, ZIP pages, blocks of pages. The first four bytes choose the flags of
// the tablespace and with them the format.

#include "base/endian.hpp"
#include "innodb/first_page.hpp"
#include "innodb/page_check.hpp"
#include "innodb/page_checksum.hpp"
#include "innodb/page_compression.hpp"
#include "innodb/page_header.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace donord;
  if (size < 4) return 0;
  const innodb::TablespaceFlags flags{load_u32be({data, 4}, 0)};
  const ByteView bytes{data + 4, size - 4};
  (void)innodb::decode_first_page(bytes);

  const Result<innodb::PageFormat> format = flags.page_format();
  if (!format) return 0;
  Bytes expanded(bytes.size());
  (void)innodb::expand_page(bytes, expanded);
  (void)innodb::find_legacy_doublewrite(bytes, *format);

  // As it is, and again with a right checksum and identity, so that what lies behind those checks is reached too.
  const innodb::PageExpectation expected{*format, SpaceId{7}};
  Bytes pages(bytes.begin(), bytes.end());
  pages.resize((bytes.size() + format->physical_bytes - 1) / format->physical_bytes * format->physical_bytes);
  (void)innodb::check_pages(pages, expected, PageNo{3});
  for (std::size_t at = 0; at < pages.size(); at += format->physical_bytes) {
    const MutableBytes page = MutableBytes{pages}.subspan(at, format->physical_bytes);
    store_u32be(page, innodb::kPageNumberOffset, static_cast<std::uint32_t>(3 + at / format->physical_bytes));
    store_u32be(page, innodb::kPageSpaceOffset, 7);
    innodb::seal_page(page, *format);
  }
  (void)innodb::check_pages(pages, expected, PageNo{3});
  return 0;
}
