#include "innodb/first_page.hpp"

#include <gtest/gtest.h>

#include "support/innodb_builder.hpp"

namespace donord::innodb {
namespace {

using testing::innodb_fixture;
using testing::make_first_page;

struct Golden {
  const char* fixture;
  std::uint32_t space;
  Lsn lsn;
  std::uint32_t physical_bytes;
  bool encrypted = false;
};

TEST(FirstPage, OfARealServerDecodesToWhatItHolds) {
  const Golden goldens[] = {
      {"ibdata1_page0.bin", 0, Lsn{44301123}, 16384},
      {"mysql_ibd_page0.bin", 4294967294, Lsn{44537970}, 16384},
      {"undo_001_page0.bin", 4294967279, Lsn{44441584}, 16384},
      {"general_page0.bin", 115, Lsn{42831992}, 16384},
      {"table_page0.bin", 2, Lsn{21549235}, 16384},
      {"zip4_page0.hex", 38, Lsn{37301631}, 4096},
      {"zip8_page0.hex", 39, Lsn{38818946}, 8192},
      {"encrypted_page0.bin", 126, Lsn{44704295}, 16384, true},
  };
  for (const Golden& golden : goldens) {
    const Result<FirstPage> page = decode_first_page(innodb_fixture(golden.fixture));
    ASSERT_TRUE(page) << golden.fixture << ": " << page.error().what;
    EXPECT_EQ(page->space(), SpaceId{golden.space}) << golden.fixture;
    EXPECT_EQ(page->header.lsn, golden.lsn) << golden.fixture;
    EXPECT_EQ(page->format.logical_bytes, 16384U) << golden.fixture;
    EXPECT_EQ(page->format.physical_bytes, golden.physical_bytes) << golden.fixture;
    EXPECT_EQ(page->fsp.flags.encrypted(), golden.encrypted) << golden.fixture;
    EXPECT_EQ(page->encryption_progress, EncryptionProgress::none) << golden.fixture;
    EXPECT_EQ(version_text(page->server_version()), "9.7.4") << golden.fixture;
  }
}

TEST(FirstPage, NotesTheLsnOfACleanShutdown) {
  EXPECT_EQ(decode_first_page(innodb_fixture("ibdata1_page0.bin"))->header.flush_lsn, 44823997U);
}

TEST(FirstPage, RefusesWhatIsNoFirstPage) {
  EXPECT_EQ(decode_first_page(innodb_fixture("table_index.bin")).error().code, Errc::malformed);
  EXPECT_EQ(decode_first_page(Bytes(16384)).error().what, "page 0 was never written");
  EXPECT_EQ(decode_first_page({}).error().code, Errc::truncated);

  Bytes two_spaces = make_first_page({.space = SpaceId{9}});
  store_u32be(two_spaces, 38, 10);
  EXPECT_NE(decode_first_page(two_spaces).error().what.find("two spaces, 9 and 10"), std::string::npos);
}

TEST(FirstPage, AFileWithAnUnfinishedEncryptionSaysSo) {
  Bytes page = make_first_page({});
  page[PageFormat{}.encryption_progress_offset()] = 1;
  EXPECT_EQ(decode_first_page(page)->encryption_progress, EncryptionProgress::encrypting);
  page[PageFormat{}.encryption_progress_offset()] = 77;
  EXPECT_EQ(decode_first_page(page)->encryption_progress, EncryptionProgress::none);
}

TEST(FirstPage, EveryPrefixIsRefusedUntilThePageIsWhole) {
  const Bytes page = make_first_page({.flags = 0x40E1});
  for (std::size_t length = 0; length < page.size(); ++length)
    ASSERT_FALSE(decode_first_page(ByteView{page}.first(length))) << length;
  EXPECT_TRUE(decode_first_page(page));
}

TEST(FirstPage, EveryFlippedBitOfTheHeaderIsSurvived) {
  const Bytes page = make_first_page({});
  for (std::size_t bit = 0; bit < 150 * 8; ++bit) {
    Bytes damaged = page;
    damaged[bit / 8] = static_cast<std::uint8_t>(damaged[bit / 8] ^ (1U << (bit % 8)));
    const Result<FirstPage> decoded = decode_first_page(damaged);
    if (decoded) {
      ASSERT_LE(decoded->format.physical_bytes, damaged.size()) << "bit " << bit;
    }
  }
}

/// Page 0 as a server makes a file with it, before anything else is known of the tablespace.
Bytes make_initial_page(std::uint32_t flags = 0x4021) {
  Bytes page = make_first_page({.space = SpaceId{9}, .flags = flags, .lsn = Lsn{}});
  store_u16be(page, kPageTypeOffset, static_cast<std::uint16_t>(PageType::allocated));
  store_u32be(page, 46, 0);
  return page;
}

TEST(FirstPage, AFileThatWasJustMadeHasAnInitialOne) {
  const Result<FirstPage> page = decode_first_page(make_initial_page(0x4029));
  ASSERT_TRUE(page) << page.error().what;
  EXPECT_TRUE(page->initial);
  EXPECT_EQ(page->space(), SpaceId{9});
  EXPECT_EQ(page->format.physical_bytes, 8192U);
  EXPECT_FALSE(decode_first_page(make_first_page({}))->initial);
}

TEST(FirstPage, OneThatWasWrittenSinceIsNotInitial) {
  Bytes with_lsn = make_initial_page();
  store_u64be(with_lsn, kPageLsnOffset, 20'000'000);
  EXPECT_EQ(decode_first_page(with_lsn).error().what, "the first page has type ALLOCATED, expected FSP_HDR");
  Bytes with_size = make_initial_page();
  store_u32be(with_size, 46, 7);
  EXPECT_EQ(decode_first_page(with_size).error().code, Errc::malformed);
  Bytes without_size = make_first_page({});
  store_u32be(without_size, 46, 0);
  EXPECT_EQ(decode_first_page(without_size).error().what, "page 0 says the tablespace has no pages");
}

TEST(PageHeader, NamesTypes) {
  EXPECT_EQ(name_of(PageType::index), "INDEX");
  EXPECT_EQ(name_of(PageType{4711}), "type 4711");
}

}  // namespace
}  // namespace donord::innodb
