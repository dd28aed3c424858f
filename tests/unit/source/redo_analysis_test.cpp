#include "source/redo_analysis.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/encryption_builder.hpp"
#include "support/memory_redo.hpp"
#include "support/redo_records.hpp"
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
  EXPECT_THAT(analysis.unfinished_metadata, IsEmpty());
  EXPECT_EQ(analysis.complete_until, complete);
}

TEST(RedoAnalysis, CountersOfAGroupThatIsNotWholeAreKept) {
  MemoryRedo log;
  log.add(testing::dynamic_metadata());
  Bytes group = testing::make_redo_record(write_u4(SpaceId{7}, 100, 1));
  append(group, testing::make_redo_record(testing::dynamic_metadata()));
  append(group, testing::make_redo_record(write_u4(SpaceId{7}, 100, 2)));
  log.add(group);
  for (std::size_t cut = 0; cut < group.size(); ++cut) {
    MemoryRedo torn;
    torn.add(testing::dynamic_metadata());
    torn.add(Bytes(group.begin(), group.end() - static_cast<std::ptrdiff_t>(cut)));
    const RedoAnalysis analysis = analyze(torn);
    EXPECT_EQ(analysis.dynamic_metadata_records, 1U);
    const std::size_t after_metadata = testing::make_redo_record(write_u4(SpaceId{7}, 100, 2)).size();
    if (cut <= after_metadata)
      EXPECT_THAT(analysis.unfinished_metadata, ElementsAre(make_redo_group(testing::dynamic_metadata()))) << cut;
    else
      EXPECT_THAT(analysis.unfinished_metadata, IsEmpty()) << cut;
  }
}

TEST(RedoAnalysis, ALogInWhichNoGroupBeginsIsCompleteToItsEnd) {
  // As a server leaves it that writes its last records and a checkpoint, but nothing behind that.
  const Lsn block{16'388'096};
  const innodb::RedoBlockBytes bytes = innodb::make_redo_block(block, Bytes(100), 0);
  const auto read = [&bytes](Lsn, MutableBytes into) -> Result<> {
    std::ranges::copy(bytes, into.begin());
    return {};
  };
  const Result<RedoAnalysis> analysis = analyze_redo({block + 112, block + 112}, kPageBytes, read);
  ASSERT_TRUE(analysis);
  EXPECT_EQ(analysis->complete_until, block + 112);
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

}  // namespace
}  // namespace donord
