#include "source/page_replay.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "innodb/first_page.hpp"
#include "innodb/page_check.hpp"
#include "support/crashed_datadir.hpp"
#include "support/memory_redo.hpp"

namespace donord {
namespace {

using ::testing::HasSubstr;
using testing::make_redo_group;
using testing::MemoryRedo;
using testing::write_u2;
using testing::write_u4;

constexpr std::uint32_t kPageBytes = 16384;

class FirstPageReplayTest : public ::testing::Test {
 protected:
  static constexpr SpaceId kSpace{7};

  /// Page 0 after recovery of the log.
  ReplayedPage replay(Bytes page) const {
    std::map<SpaceId, ReplayedPage> pages{{kSpace, {.page = std::move(page)}}};
    const Result<> replayed = replay_first_pages(log_.range(), kPageBytes, log_.read(), pages);
    EXPECT_TRUE(replayed) << replayed.error().what;
    return std::move(pages.begin()->second);
  }

  static void expect_intact(const ReplayedPage& replay, const innodb::PageFormat& format = {}) {
    const auto state = innodb::check_page(replay.page, {format, kSpace}, PageNo{0});
    ASSERT_TRUE(state) << state.error().what;
    EXPECT_EQ(*state, innodb::PageState::intact);
  }

  MemoryRedo log_;
};

TEST_F(FirstPageReplayTest, APageGetsEveryChangeAndTheLsnOfTheLast) {
  log_.add(write_u4(kSpace, 46, 9));
  log_.add(write_u4(kSpace, 46, 11, PageNo{1}));
  log_.add(write_u4(SpaceId{8}, 46, 12));
  const Lsn last = log_.add(make_redo_group({write_u4(kSpace, 46, 10), write_u2(kSpace, 5000, 77)}));
  log_.add(testing::index_load(kSpace, PageNo{0}));
  log_.add(testing::file_extend(kSpace, 131072, 16384));
  const ReplayedPage after = replay(testing::make_first_page({}));
  EXPECT_TRUE(after.changed);
  EXPECT_EQ(load_u32be(after.page, 46), 10U);
  EXPECT_EQ(load_u16be(after.page, 5000), 77U);
  EXPECT_EQ(load_u64be(after.page, innodb::kPageLsnOffset), last.value());
  expect_intact(after);
}

TEST_F(FirstPageReplayTest, WhatThePageHasAlreadyIsNotRepeated) {
  const Lsn first = log_.add(write_u4(kSpace, 46, 9));
  const Lsn second = log_.add(make_redo_group({write_u4(kSpace, 46, 10), write_u4(kSpace, 50, 10)}));
  const Bytes newest = testing::make_first_page({.lsn = second});
  const ReplayedPage same = replay(newest);
  EXPECT_FALSE(same.changed);
  EXPECT_EQ(same.page, newest);

  const ReplayedPage after = replay(testing::make_first_page({.pages = 20, .lsn = first}));
  EXPECT_TRUE(after.changed);
  EXPECT_EQ(load_u32be(after.page, 46), 10U);
  EXPECT_EQ(load_u32be(after.page, 50), 10U);
}

TEST_F(FirstPageReplayTest, APageThatNeverWasIsMadeFromItsFirstRecords) {
  const Lsn end = log_.add(testing::first_page_group(kSpace, 0x6021, 7));
  const ReplayedPage after = replay(Bytes(kPageBytes));
  const Result<innodb::FirstPage> page0 = innodb::decode_first_page(after.page);
  ASSERT_TRUE(page0) << page0.error().what;
  EXPECT_EQ(page0->space(), kSpace);
  EXPECT_EQ(page0->fsp.size_pages, 7U);
  EXPECT_EQ(page0->server_version(), 90704U);
  EXPECT_EQ(page0->header.lsn, end);
  expect_intact(after);
}

TEST_F(FirstPageReplayTest, APageOfAZipFileIsSealedAsOne) {
  log_.add(write_u4(kSpace, 46, 10));
  const ReplayedPage after = replay(testing::make_first_page({.flags = 0x4029}));
  EXPECT_EQ(after.page.size(), 8192U);
  expect_intact(after, {16384, 8192, true});
}

TEST_F(FirstPageReplayTest, WhatCannotHappenToAPage0IsRefused) {
  log_.add(testing::RedoRecordSpec{.type = innodb::RedoType::comp_page_create, .space = kSpace});
  std::map<SpaceId, ReplayedPage> pages{{kSpace, {.page = testing::make_first_page({})}}};
  EXPECT_EQ(replay_first_pages(log_.range(), kPageBytes, log_.read(), pages).error().code, Errc::unsupported_version);
}

TEST_F(FirstPageReplayTest, WritesBehindTheEndOfAPageAreRefused) {
  log_.add(write_u4(kSpace, 9000, 10));
  std::map<SpaceId, ReplayedPage> pages{{kSpace, {.page = testing::make_first_page({.flags = 0x4029})}}};
  EXPECT_EQ(replay_first_pages(log_.range(), kPageBytes, log_.read(), pages).error().code, Errc::malformed);
}

TEST_F(FirstPageReplayTest, APageThatIsNoPage0AfterwardsIsRefused) {
  log_.add(write_u2(kSpace, 24, 17855));
  std::map<SpaceId, ReplayedPage> pages{{kSpace, {.page = testing::make_first_page({})}}};
  const Result<> replayed = replay_first_pages(log_.range(), kPageBytes, log_.read(), pages);
  ASSERT_FALSE(replayed);
  EXPECT_THAT(replayed.error().what, HasSubstr("page 0 of space 7 after recovery: the first page has type INDEX"));
}

}  // namespace
}  // namespace donord
