#include "source/prepared_transactions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/undo_pages.hpp"

namespace donord {
namespace {

using innodb::UndoState;
using innodb::UndoType;
using ::testing::IsEmpty;
using testing::make_undo_pages;
using testing::prepared_segment;

std::vector<PreparedTransaction> find(const UndoPages& undo) {
  const Result<std::vector<PreparedTransaction>> found = find_prepared_transactions(undo);
  EXPECT_TRUE(found) << found.error().what;
  return *found;
}

TEST(PreparedTransactions, HaveUpToTwoLogs) {
  const UndoPages undo =
      make_undo_pages({prepared_segment(UndoType::update, 4002, 62), prepared_segment(UndoType::insert, 4001, 61),
                       prepared_segment(UndoType::insert, 4002, 62), prepared_segment(UndoType::update, 4003, 63)});
  const std::vector<PreparedTransaction> found = find(undo);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].id, 4001U);
  EXPECT_EQ(found[0].xid.internal_number(), 61U);
  EXPECT_EQ(found[0].rollback_segment, testing::kRollbackSegment);
  ASSERT_TRUE(found[0].insert);
  EXPECT_EQ(found[0].insert->page, testing::undo_page(1));
  EXPECT_EQ(found[0].insert->slot, 1U);
  EXPECT_FALSE(found[0].update);

  EXPECT_EQ(found[1].xid.internal_number(), 62U);
  EXPECT_EQ(found[1].insert->page, testing::undo_page(2));
  EXPECT_EQ(found[1].update->page, testing::undo_page(0));

  EXPECT_EQ(found[2].xid.internal_number(), 63U);
  EXPECT_FALSE(found[2].insert);
  EXPECT_EQ(found[2].update->page, testing::undo_page(3));
}

TEST(PreparedTransactions, AreInAnyOfTheStatesThatVersionsHave) {
  for (const UndoState state : {UndoState::prepared_80028, UndoState::prepared, UndoState::prepared_in_coordinator}) {
    const std::vector<PreparedTransaction> found =
        find(make_undo_pages({prepared_segment(UndoType::update, 4001, 61, state)}));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].update->segment.state, state);
  }
  for (const UndoState state : {UndoState::active, UndoState::cached, UndoState::to_free, UndoState::to_purge})
    EXPECT_THAT(find(make_undo_pages({prepared_segment(UndoType::update, 4001, 61, state)})), IsEmpty());
}

TEST(PreparedTransactions, ExternalOnesHaveTheNameThatTheirClientGave) {
  testing::UndoSegmentSpec segment = prepared_segment(UndoType::update, 4001, 0);
  segment.logs[0].xid = {.format_id = 7, .gtrid = "ours", .bqual = "branch"};
  const std::vector<PreparedTransaction> found = find(make_undo_pages({segment}));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].xid, (binlog::Xid{7, "ours", "branch"}));
}

TEST(PreparedTransactions, OnlyTheLastLogOfASegmentCounts) {
  testing::UndoSegmentSpec segment = prepared_segment(UndoType::update, 4001, 61);
  segment.logs.insert(segment.logs.begin(), {.transaction = 3000, .record_bytes = 500});
  const std::vector<PreparedTransaction> found = find(make_undo_pages({segment}));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].id, 4001U);
  EXPECT_GT(found[0].update->log.offset, innodb::kUndoSegmentHeaderEnd);
}

TEST(PreparedTransactions, AnUpdateLogWithoutRecordsBelongsToThemBeforeItIsPrepared) {
  // A server adds it to a transaction of inserts when it commits that: for the GTID.
  testing::UndoSegmentSpec added{.type = UndoType::update, .state = UndoState::active, .logs = {{.transaction = 4001}}};
  std::vector<PreparedTransaction> found = find(make_undo_pages({prepared_segment(UndoType::insert, 4001, 61), added}));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0].update);

  added.logs[0].transaction = 4002;
  found = find(make_undo_pages({prepared_segment(UndoType::insert, 4001, 61), added}));
  ASSERT_EQ(found.size(), 1U) << "4002 is active";
  EXPECT_FALSE(found[0].update);
}

TEST(PreparedTransactions, PagesThatAreNoUndoPagesAreRefused) {
  UndoPages undo = make_undo_pages({prepared_segment(UndoType::update, 4001, 61)});
  store_u16be(undo.pages[testing::undo_page(0)], innodb::kUndoLastLogOffset, 16'380);
  EXPECT_EQ(find_prepared_transactions(undo).error().code, Errc::malformed);
  undo.pages[testing::undo_page(0)] = Bytes(16384);
  EXPECT_EQ(find_prepared_transactions(undo).error().code, Errc::malformed);
}

}  // namespace
}  // namespace donord
