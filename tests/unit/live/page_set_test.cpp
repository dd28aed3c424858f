#include "live/page_set.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "base/endian.hpp"
#include "live/page_collector.hpp"
#include "support/hex.hpp"
#include "support/seeded_random.hpp"

namespace donord {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::SeededRandom;

using Pages = std::set<PageId>;

constexpr SpaceId kSpace{7};

Pages listed(const PageSet& set) {
  std::vector<PageId> pages;
  set.for_each([&](PageId page) { pages.push_back(page); });
  EXPECT_TRUE(std::ranges::is_sorted(pages));
  EXPECT_EQ(set.count(), pages.size());
  return {pages.begin(), pages.end()};
}

PageSet set_of(const Pages& pages) {
  PageSet set;
  for (const PageId& page : pages) set.insert(page.space, page.page);
  return set;
}

/// Pages in few and in many chunks, dense and sparse, at the ends of chunks and of everything.
PageId random_page(SeededRandom& random) {
  constexpr std::array<std::uint32_t, 5> kSpaces = {0, 1, 7, 0xFFFFFFFE, 0xFFFFFFFF};
  const SpaceId space{kSpaces.at(random.below(kSpaces.size()))};
  if (random.one_in(50)) return {space, PageNo{random.number<std::uint32_t>()}};
  const std::uint64_t chunk = random.one_in(10) ? 65535 : random.below(3);
  return {space, PageNo{static_cast<std::uint32_t>(chunk << 16 | random.below(chunk == 1 ? 65536 : 6000))}};
}

Pages random_pages(SeededRandom& random) {
  constexpr std::array<std::size_t, 5> kCounts = {0, 1, 50, 5'000, 60'000};
  Pages pages;
  for (std::size_t i = kCounts.at(random.below(kCounts.size())); i > 0; --i) pages.insert(random_page(random));
  return pages;
}

PageSet random_set(SeededRandom& random) {
  PageSet set = set_of(random_pages(random));
  if (random.one_in(3)) set.insert_all(SpaceId{static_cast<std::uint32_t>(random.below(9))});
  return set;
}

TEST(PageSet, AnEmptyOneHasNoPage) {
  const PageSet set;
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.count(), 0U);
  EXPECT_FALSE(set.contains(SpaceId{0}, PageNo{0}));
  EXPECT_EQ(set, *PageSet::decode(set.encode()));
}

TEST(PageSet, HasWhatWasInsertedInWhateverOrder) {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    SeededRandom random{seed};
    const Pages pages = random_pages(random);
    std::vector<PageId> shuffled{pages.begin(), pages.end()};
    for (std::size_t i = shuffled.size(); i > 1; --i) std::swap(shuffled[i - 1], shuffled[random.below(i)]);
    PageSet set;
    for (const PageId& page : shuffled) {
      set.insert(page.space, page.page);
      if (random.one_in(4)) set.insert(page.space, page.page);
    }
    ASSERT_EQ(listed(set), pages) << "seed " << seed;
    ASSERT_EQ(set, set_of(pages)) << "seed " << seed;
    for (int i = 0; i < 1000; ++i) {
      const PageId page = random_page(random);
      ASSERT_EQ(set.contains(page.space, page.page), pages.contains(page)) << "seed " << seed;
    }
  }
}

TEST(PageSet, ChangesItsFormAtTheBoundaryWithoutLosingAPage) {
  for (const std::uint32_t count : {4095U, 4096U, 4097U, 65'535U, 65'536U}) {
    PageSet ascending;
    PageSet descending;
    for (std::uint32_t i = 0; i < count; ++i) {
      ascending.insert(kSpace, PageNo{0x50000 + i});
      descending.insert(kSpace, PageNo{0x50000 + count - 1 - i});
    }
    EXPECT_EQ(ascending, descending);
    EXPECT_EQ(ascending.count(), count);
    EXPECT_TRUE(ascending.contains(kSpace, PageNo{0x50000 + count - 1}));
    EXPECT_FALSE(ascending.contains(kSpace, PageNo{0x50000 + count}));
    EXPECT_EQ(*PageSet::decode(ascending.encode()), ascending);
    EXPECT_LT(ascending.memory_bytes(), 20'000U);
  }
}

TEST(PageSet, MergesAsSetsDo) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SeededRandom random{seed};
    const Pages one = random_pages(random);
    const Pages other = random_pages(random);
    PageSet merged = set_of(one);
    merged.merge(set_of(other));
    Pages both = one;
    both.insert(other.begin(), other.end());
    ASSERT_EQ(listed(merged), both) << "seed " << seed;
    ASSERT_EQ(merged, set_of(both)) << "seed " << seed;
    merged.merge(merged);
    ASSERT_EQ(merged, set_of(both)) << "seed " << seed;
  }
}

TEST(PageSet, AWholeTablespaceTakesThePlaceOfItsPages) {
  PageSet set;
  set.insert(SpaceId{6}, PageNo{0xFFFFFFFF});
  set.insert(kSpace, PageNo{3});
  set.insert(kSpace, PageNo{0xFFFFFFFF});
  set.insert(SpaceId{8}, PageNo{0});
  set.insert_all(kSpace);
  set.insert(kSpace, PageNo{5});
  EXPECT_THAT(set.whole_spaces(), ElementsAre(kSpace));
  EXPECT_TRUE(set.contains(kSpace, PageNo{1'000'000}));
  EXPECT_EQ(listed(set), (Pages{{SpaceId{6}, PageNo{0xFFFFFFFF}}, {SpaceId{8}, PageNo{0}}}));

  PageSet pages;
  pages.insert(kSpace, PageNo{3});
  PageSet merged = pages;
  merged.merge(set);
  EXPECT_EQ(merged, set);
  merged = set;
  merged.merge(pages);
  EXPECT_EQ(merged, set);
}

TEST(PageSet, ACopyIsIndependent) {
  PageSet set;
  set.insert(kSpace, PageNo{1});
  const PageSet copy = set;
  set.insert(kSpace, PageNo{2});
  EXPECT_EQ(copy.count(), 1U);
}

TEST(PageSet, IsWrittenAsDocumented) {
  PageSet set;
  set.insert(SpaceId{2}, PageNo{0x10005});
  set.insert(SpaceId{2}, PageNo{4});
  set.insert(SpaceId{2}, PageNo{0x10007});
  set.insert_all(SpaceId{3});
  EXPECT_EQ(testing::to_hex(set.encode()), testing::to_hex(testing::from_hex("00000002"
                                                                             "00000002 00000002"
                                                                             "0000 0000 0004"
                                                                             "0001 0001 0005 0007"
                                                                             "00000003 00000000")));
  PageSet many;
  for (std::uint32_t page = 0; page < 4097; ++page) many.insert(kSpace, PageNo{page});
  const Bytes bytes = many.encode();
  ASSERT_EQ(bytes.size(), 4U + 8 + 4 + 8192);
  EXPECT_EQ(load_u16be(bytes, 14), 4096);
  EXPECT_EQ(bytes[16], 0xFF);
  EXPECT_EQ(bytes[16 + 511], 0xFF);
  EXPECT_EQ(bytes[16 + 512], 0x01);
  EXPECT_EQ(bytes[16 + 513], 0x00);
}

TEST(PageSet, ReadsAsItWasWritten) {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    SeededRandom random{seed};
    const PageSet set = random_set(random);
    const Result<PageSet> read = PageSet::decode(set.encode());
    ASSERT_TRUE(read) << read.error().what << ", seed " << seed;
    ASSERT_EQ(*read, set) << "seed " << seed;
  }
}

TEST(PageSet, DamageIsRefusedOrAnotherSet) {
  PageSet set;
  for (const std::uint32_t page : {0U, 5U, 6U, 70'000U}) set.insert(kSpace, PageNo{page});
  for (std::uint32_t page = 0; page < 5000; ++page) set.insert(SpaceId{9}, PageNo{page * 3});
  set.insert_all(SpaceId{11});
  const Bytes whole = set.encode();
  for (std::size_t length = 0; length < whole.size(); ++length)
    ASSERT_FALSE(PageSet::decode(ByteView{whole}.first(length))) << length;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Bytes damaged = whole;
    damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ 1 << at % 8);
    const Result<PageSet> read = PageSet::decode(damaged);
    if (!read) continue;
    ASSERT_NE(*read, set) << at;
    ASSERT_EQ(read->encode(), damaged) << at;
  }
}

TEST(PageSet, CountsThatCannotBeAreRefusedBeforeAnythingIsAllocated) {
  const auto complaint = [](std::string_view hex) {
    const Result<PageSet> read = PageSet::decode(testing::from_hex(hex));
    return read ? std::string{} : read.error().what;
  };
  EXPECT_THAT(complaint("ffffffff 00000001 00000000"), HasSubstr("number of tablespaces at 4: too many"));
  EXPECT_THAT(complaint("00000001 00000001 ffffffff 0000 0000 0004"), HasSubstr("number of chunks at 12: too many"));
  EXPECT_THAT(complaint("00000002 00000003 00000000 00000003 00000000"), HasSubstr("tablespace at 20: not ascending"));
  EXPECT_THAT(complaint("00000001 00000001 00000002 0001 0000 0004 0001 0000 0005"),
              HasSubstr("chunk at 20: not ascending"));
  EXPECT_THAT(complaint("00000001 00000001 00000001 0001 0001 0004 0004"), HasSubstr("list of pages"));
  EXPECT_THAT(complaint("00000001 00000001 00000001 0001 ffff 0004"), HasSubstr("bitmap of pages"));
  EXPECT_THAT(complaint("00000000 00"), HasSubstr("1 bytes left over"));
}

TEST(PageCollector, GathersWhatASetWould) {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    SeededRandom random{seed};
    PageCollector collector;
    for (int round = 0; round < 3; ++round) {
      PageSet expected;
      std::vector<PageId> recent(1 + random.below(300));
      for (std::size_t i = random.below(30'000); i > 0; --i) {
        PageId& page = recent[random.below(recent.size())];
        if (random.one_in(3)) page = random_page(random);
        collector.insert(page.space, page.page);
        expected.insert(page.space, page.page);
        if (!random.one_in(5000)) continue;
        collector.insert_all(page.space);
        expected.insert_all(page.space);
      }
      ASSERT_EQ(collector.take(), expected) << "seed " << seed;
    }
  }
}

TEST(PageCollector, DoesNotOverlookTheLastPageOfAll) {
  PageCollector collector;
  collector.insert(SpaceId{0xFFFFFFFF}, PageNo{0xFFFFFFFF});
  EXPECT_TRUE(collector.take().contains(SpaceId{0xFFFFFFFF}, PageNo{0xFFFFFFFF}));
}

}  // namespace
}  // namespace donord
