#include "source/redo_analysis.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "innodb/first_page.hpp"
#include "innodb/page_check.hpp"
#include "support/crashed_datadir.hpp"
#include "support/encryption_builder.hpp"
#include "support/memory_redo.hpp"
#include "support/served_redo.hpp"

namespace donord {
namespace {

using ::testing::ElementsAre;
using testing::file_create;
using testing::file_delete;
using testing::file_rename;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using testing::make_redo_group;
using testing::MemoryRedo;
using testing::write_string;
using testing::write_u2;
using testing::write_u4;

constexpr std::uint32_t kPageBytes = 16384;
constexpr Lsn kFirstBlock{16'388'096};
constexpr std::size_t kInfoOffset = 10390;
const Bytes kInfo(innodb::kEncryptionInfoBytes, 'k');

RedoAnalysis analyze(const MemoryRedo& log) {
  const Result<RedoAnalysis> analysis = analyze_redo(log.range(), kPageBytes, log.read());
  EXPECT_TRUE(analysis) << analysis.error().what;
  return *analysis;
}

TEST(RedoAnalysis, AnEmptyLogSaysNothing) {
  const RedoAnalysis analysis = analyze(MemoryRedo{});
  EXPECT_THAT(analysis.spaces, IsEmpty());
  EXPECT_EQ(analysis.counts.groups, 0U);
  EXPECT_EQ(analysis.complete_until, MemoryRedo{}.end());
}

TEST(RedoAnalysis, NotesEveryTablespaceAndWhereItAppearsFirst) {
  MemoryRedo log;
  const Lsn first = log.end();
  const Lsn second = log.add(write_u4(SpaceId{7}, 100, 1, PageNo{3}));
  log.add(write_u4(SpaceId{2}, 100, 1, PageNo{3}));
  log.add(write_u4(SpaceId{7}, 100, 2, PageNo{4}));
  log.add(testing::dynamic_metadata());
  log.add(testing::index_load(SpaceId{7}));
  const RedoAnalysis analysis = analyze(log);
  EXPECT_THAT(analysis.spaces, ElementsAre(Key(SpaceId{2}), Key(SpaceId{7})));
  EXPECT_EQ(analysis.spaces.at(SpaceId{7}).first, first);
  EXPECT_EQ(analysis.spaces.at(SpaceId{2}).first, second);
  EXPECT_EQ(analysis.spaces.at(SpaceId{7}).path, "");
  EXPECT_EQ(analysis.dynamic_metadata_records, 1U);
  EXPECT_EQ(analysis.index_load_records, 1U);
  EXPECT_EQ(analysis.counts.records, 5U);
  EXPECT_EQ(analysis.complete_until, log.end());
}

TEST(RedoAnalysis, TheLastFileOperationNamesTheFile) {
  MemoryRedo log;
  log.add(file_create(SpaceId{7}, "./db/new.ibd"));
  log.add(file_rename(SpaceId{8}, "./db/a.ibd", "./db/b.ibd"));
  log.add(file_rename(SpaceId{7}, "./db/new.ibd", "./db/t.ibd"));
  log.add(file_delete(SpaceId{9}, "./db/gone.ibd"));
  log.add(testing::file_extend(SpaceId{10}, 114688, 16384));
  const RedoAnalysis analysis = analyze(log);
  EXPECT_EQ(analysis.spaces.at(SpaceId{7}).path, "./db/t.ibd");
  EXPECT_TRUE(analysis.spaces.at(SpaceId{7}).created);
  EXPECT_FALSE(analysis.spaces.at(SpaceId{7}).deleted);
  EXPECT_EQ(analysis.spaces.at(SpaceId{8}).path, "./db/b.ibd");
  EXPECT_FALSE(analysis.spaces.at(SpaceId{8}).created);
  EXPECT_EQ(analysis.spaces.at(SpaceId{9}).path, "./db/gone.ibd");
  EXPECT_TRUE(analysis.spaces.at(SpaceId{9}).deleted);
  EXPECT_EQ(analysis.spaces.at(SpaceId{10}).path, "");
}

TEST(RedoAnalysis, AGroupThatIsNotWholeDoesNotCount) {
  MemoryRedo log;
  log.add(write_u4(SpaceId{2}, 100, 1, PageNo{3}));
  const Lsn complete = log.end();
  Bytes group = make_redo_group({write_u4(SpaceId{7}, 100, 1), write_string(SpaceId{7}, kInfoOffset, kInfo)});
  group.pop_back();
  log.add(group);
  const RedoAnalysis analysis = analyze(log);
  EXPECT_THAT(analysis.spaces, ElementsAre(Key(SpaceId{2})));
  EXPECT_THAT(analysis.encryption_writes, IsEmpty());
  EXPECT_EQ(analysis.complete_until, complete);
}

TEST(RedoAnalysis, FindsWhereKeysAreWritten) {
  MemoryRedo log;
  log.add(write_u4(SpaceId{7}, 100, 1));
  const Lsn single = log.end();
  log.add(write_string(SpaceId{7}, kInfoOffset, kInfo));
  log.add(write_string(SpaceId{7}, kInfoOffset, kInfo, PageNo{1}));
  log.add(write_string(SpaceId{7}, 2000, Bytes(110)));
  const Lsn group = log.end();
  log.add(make_redo_group({write_u4(SpaceId{8}, 54, 0x6021), write_string(SpaceId{8}, kInfoOffset, kInfo)}));
  const RedoAnalysis analysis = analyze(log);
  ASSERT_EQ(analysis.encryption_writes.size(), 2U);
  EXPECT_EQ(analysis.encryption_writes[0].space, SpaceId{7});
  EXPECT_EQ(analysis.encryption_writes[0].offset, kInfoOffset);
  EXPECT_EQ(analysis.encryption_writes[0].body, single + 3) << "behind type, space and page";
  EXPECT_EQ(analysis.encryption_writes[1].space, SpaceId{8});
  EXPECT_EQ(analysis.encryption_writes[1].body, innodb::advance_redo(group, 3 + 2 + 3 + 3));
}

TEST(RedoAnalysis, FindsWhereKeysAreWrittenWhateverBlockTheyCross) {
  for (std::size_t before = 300; before < 520; ++before) {
    MemoryRedo log;
    const Lsn start = log.add(testing::padding_record(before));
    log.add(write_string(SpaceId{7}, kInfoOffset, kInfo));
    const RedoAnalysis analysis = analyze(log);
    ASSERT_EQ(analysis.encryption_writes.size(), 1U);
    ASSERT_EQ(analysis.encryption_writes[0].body, innodb::advance_redo(start, 3)) << before;
    ASSERT_TRUE(innodb::is_redo_position(analysis.encryption_writes[0].body)) << before;
  }
}

TEST(RedoAnalysis, ReadsLogsOfEveryLength) {
  for (const std::size_t bytes : {1U, 480U, 481U, 482U, 1500U, 16'000U, 16'384U}) {
    MemoryRedo log;
    for (std::size_t i = 0; i < 40; ++i) log.add(testing::padding_record(bytes));
    const RedoAnalysis analysis = analyze(log);
    EXPECT_EQ(analysis.counts.groups, 40U) << bytes;
    EXPECT_EQ(analysis.complete_until, log.end()) << bytes;
  }
}

TEST(RedoAnalysis, ALogThatEndsWithAFullBlockMayLackTheNext) {
  MemoryRedo log;
  log.add(testing::padding_record(innodb::kRedoPayloadBytes - testing::kPaddingOverhead));
  ASSERT_EQ(log.end() - log.end().block_start(), innodb::kRedoBlockHeaderBytes);
  EXPECT_EQ(analyze(log).counts.groups, 1U);
}

TEST(RedoAnalysis, BytesThatAreNoRedoAreRefused) {
  MemoryRedo log;
  log.add(Bytes{0x7F, 1, 1, 1});
  const Result<RedoAnalysis> analysis = analyze_redo(log.range(), kPageBytes, log.read());
  ASSERT_FALSE(analysis);
  EXPECT_EQ(analysis.error().code, Errc::malformed);
  EXPECT_THAT(analysis.error().what, HasSubstr(fmt::format("at LSN {}", log.range().checkpoint)));
}

TEST(RedoAnalysis, ReadErrorsAreErrors) {
  const auto broken = [](Lsn, MutableBytes) -> Result<> { return Error{Errc::io, "input/output error"}; };
  EXPECT_EQ(analyze_redo(MemoryRedo{}.range(), kPageBytes, broken).error().code, Errc::io);
}

TEST(RedoWithoutKeys, MovesNothingWhereverTheKeysAre) {
  // All ways in which offset, length and bytes of the record can cross the boundary of a block.
  for (std::size_t before = 330; before <= 500; ++before) {
    MemoryRedo log;
    const Bytes secret = encode(testing::wrap(testing::make_tablespace_key(), testing::random_secret(32, 9)));
    log.add(make_redo_group({write_u4(SpaceId{7}, 200, 1), write_string(SpaceId{7}, 2000, Bytes(before))}));
    log.add(make_redo_group({write_string(SpaceId{7}, kInfoOffset, secret), write_u4(SpaceId{7}, 54, 0x6021)}));
    log.add(write_string(SpaceId{7}, kInfoOffset, secret));
    log.add(write_u4(SpaceId{7}, 100, 1, PageNo{3}));

    const std::vector<innodb::RedoBlockBytes> original = log.blocks();
    std::vector<innodb::RedoBlockBytes> served = original;
    const RedoPatches patches = without_keys(analyze(log));
    Bytes all;
    for (std::size_t i = 0; i < served.size(); ++i) {
      patches.apply(kFirstBlock + i * 512, served[i]);
      ASSERT_TRUE(std::equal(served[i].begin() + 508, served[i].end(), original[i].begin() + 508)) << before;
      ASSERT_TRUE(std::equal(served[i].begin(), served[i].begin() + 12, original[i].begin())) << before;
      append(all, ByteView{served[i]}.subspan(12, innodb::kRedoPayloadBytes));
    }
    ASSERT_EQ(testing::records_of(served, kFirstBlock), testing::records_of(original, kFirstBlock));
    const ByteView key = ByteView{secret}.subspan(innodb::EncryptionInfo::kKeyOffset, 16);
    ASSERT_TRUE(std::ranges::search(all, key).empty()) << before;
    ASSERT_TRUE(std::ranges::search(all, as_bytes("lCC")).empty()) << before;
  }
}

class FirstPageReplayTest : public ::testing::Test {
 protected:
  static constexpr SpaceId kSpace{7};

  /// Page 0 after recovery of the log.
  FirstPageReplay replay(Bytes page) const {
    std::map<SpaceId, FirstPageReplay> pages{{kSpace, {.page = std::move(page)}}};
    const Result<> replayed = replay_first_pages(log_.range(), kPageBytes, log_.read(), pages);
    EXPECT_TRUE(replayed) << replayed.error().what;
    return std::move(pages.begin()->second);
  }

  static void expect_intact(const FirstPageReplay& replay, const innodb::PageFormat& format = {}) {
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
  const FirstPageReplay after = replay(testing::make_first_page({}));
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
  const FirstPageReplay same = replay(newest);
  EXPECT_FALSE(same.changed);
  EXPECT_EQ(same.page, newest);

  const FirstPageReplay after = replay(testing::make_first_page({.pages = 20, .lsn = first}));
  EXPECT_TRUE(after.changed);
  EXPECT_EQ(load_u32be(after.page, 46), 10U);
  EXPECT_EQ(load_u32be(after.page, 50), 10U);
}

TEST_F(FirstPageReplayTest, APageThatNeverWasIsMadeFromItsFirstRecords) {
  const Lsn end = log_.add(testing::first_page_group(kSpace, 0x6021, 7));
  const FirstPageReplay after = replay(Bytes(kPageBytes));
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
  const FirstPageReplay after = replay(testing::make_first_page({.flags = 0x4029}));
  EXPECT_EQ(after.page.size(), 8192U);
  expect_intact(after, {16384, 8192, true});
}

TEST_F(FirstPageReplayTest, WhatCannotHappenToAPage0IsRefused) {
  log_.add(testing::RedoRecordSpec{.type = innodb::RedoType::comp_page_create, .space = kSpace});
  std::map<SpaceId, FirstPageReplay> pages{{kSpace, {.page = testing::make_first_page({})}}};
  EXPECT_EQ(replay_first_pages(log_.range(), kPageBytes, log_.read(), pages).error().code, Errc::unsupported_version);
}

TEST_F(FirstPageReplayTest, WritesBehindTheEndOfAPageAreRefused) {
  log_.add(write_u4(kSpace, 9000, 10));
  std::map<SpaceId, FirstPageReplay> pages{{kSpace, {.page = testing::make_first_page({.flags = 0x4029})}}};
  EXPECT_EQ(replay_first_pages(log_.range(), kPageBytes, log_.read(), pages).error().code, Errc::malformed);
}

TEST_F(FirstPageReplayTest, APageThatIsNoPage0AfterwardsIsRefused) {
  log_.add(write_u2(kSpace, 24, 17855));
  std::map<SpaceId, FirstPageReplay> pages{{kSpace, {.page = testing::make_first_page({})}}};
  const Result<> replayed = replay_first_pages(log_.range(), kPageBytes, log_.read(), pages);
  ASSERT_FALSE(replayed);
  EXPECT_THAT(replayed.error().what, HasSubstr("page 0 of space 7 after recovery: the first page has type INDEX"));
}

}  // namespace
}  // namespace donord
