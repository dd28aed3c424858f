#include "innodb/empty_page.hpp"

#include <algorithm>

#include "base/endian.hpp"
#include "innodb/page_checksum.hpp"
#include "innodb/page_header.hpp"
#include "innodb/redo_file_header.hpp"

namespace donord::innodb {

namespace {

constexpr std::uint32_t kNoPage = 0xFFFFFFFF;
constexpr std::size_t kPreviousOffset = 8;
constexpr std::size_t kNextOffset = 12;

}  // namespace

void make_empty_page(MutableBytes page, const PageFormat& format, SpaceId space, PageNo number) {
  std::ranges::fill(page, std::uint8_t{0});
  store_u32be(page, kPageNumberOffset, number.value());
  store_u32be(page, kPreviousOffset, kNoPage);
  store_u32be(page, kNextOffset, kNoPage);
  store_u64be(page, kPageLsnOffset, kFirstLsn.value());
  store_u16be(page, kPageTypeOffset, static_cast<std::uint16_t>(PageType::allocated));
  store_u32be(page, kPageSpaceOffset, space.value());
  seal_page(page, format);
}

}  // namespace donord::innodb
