#include "innodb/empty_page.hpp"

#include <gtest/gtest.h>

#include "innodb/page_check.hpp"
#include "innodb/redo_file_header.hpp"
#include "support/innodb_builder.hpp"

namespace donord::innodb {
namespace {

constexpr PageFormat k16K{};
constexpr PageFormat k4K{4096, 4096, false};
constexpr PageFormat k64K{65536, 65536, false};
constexpr PageFormat kZip8K{16384, 8192, true};
constexpr PageFormat kZip1K{4096, 1024, true};

TEST(EmptyPage, IsIntactInEveryFormat) {
  for (const PageFormat& format : {k16K, k4K, k64K, kZip8K, kZip1K})
    for (const std::uint32_t number : {0U, 7U, 0xFFFFFFFEU}) {
      Bytes page(format.physical_bytes, 0xEE);
      make_empty_page(page, format, SpaceId{0xFFFFFFEF}, PageNo{number});
      const PageExpectation expected{.format = format, .space = SpaceId{0xFFFFFFEF}, .max_lsn = kFirstLsn};
      const Result<PageState> state = check_page(page, expected, PageNo{number});
      ASSERT_TRUE(state) << state.error().what;
      EXPECT_EQ(*state, PageState::intact);
    }
}

TEST(EmptyPage, HoldsNothingButItsPlaceAndTheFirstLsn) {
  Bytes page(4096, 0xEE);
  make_empty_page(page, k4K, SpaceId{7}, PageNo{9});
  const Result<PageHeader> header = decode_page_header(page);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->page, PageNo{9});
  EXPECT_EQ(header->previous, 0xFFFFFFFF);
  EXPECT_EQ(header->next, 0xFFFFFFFF);
  EXPECT_EQ(header->lsn, kFirstLsn);
  EXPECT_EQ(header->type, PageType::allocated);
  EXPECT_EQ(header->flush_lsn, 0U);
  EXPECT_EQ(header->space, SpaceId{7});
  const ByteView body = ByteView{page}.subspan(kPageHeaderBytes, 4096 - kPageHeaderBytes - kPageTrailerBytes);
  EXPECT_TRUE(std::ranges::all_of(body, [](std::uint8_t byte) { return byte == 0; }));
}

TEST(EmptyPage, OfAZipFileHasNoTrailer) {
  Bytes page(8192, 0xEE);
  make_empty_page(page, kZip8K, SpaceId{7}, PageNo{9});
  EXPECT_EQ(load_u64be(page, 8192 - 8), 0U);
}

}  // namespace
}  // namespace donord::innodb
