#include "source/decided_transactions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "innodb/redo_apply.hpp"
#include "innodb/redo_parser.hpp"
#include "support/binlog_builder.hpp"
#include "support/memory_redo.hpp"
#include "support/undo_pages.hpp"

namespace donord {
namespace {

using binlog::Decision;
using binlog::Outcome;
using innodb::FileAddress;
using innodb::UndoState;
using innodb::UndoType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kRollbackSegment;
using testing::kSystemPage;
using testing::kUndoSpace;
using testing::make_gtid;
using testing::make_undo_pages;
using testing::prepared_segment;
using testing::undo_page;
using testing::UndoSegmentSpec;

constexpr std::uint64_t kNextNumber = 5120 + 512;  // where a server goes on that finds 5000
constexpr std::uint16_t kFirstNode = innodb::kUndoSegmentHeaderEnd + innodb::kUndoHistoryNodeOffset;
constexpr std::uint32_t kNothing = innodb::kNoPage;

Decision committed(std::uint64_t order) {
  return {Outcome::committed, order};
}

/// A segment for updates that waits for a transaction.
UndoSegmentSpec cached_segment(std::size_t record_bytes = 100) {
  return {.logs = {{.transaction = 3000, .record_bytes = record_bytes}}};
}

/// Repeats groups as a recipient would.
void repeat(const std::vector<Bytes>& groups, innodb::PageMap& pages) {
  struct Applier final : innodb::RedoSink {
    explicit Applier(innodb::PageMap& pages) : pages_(pages) {}
    Result<> group(const innodb::RedoGroup& group) override {
      for (const innodb::RedoRecord& record : group.records) {
        const auto page = pages_.find({record.space, record.page});
        if (page == pages_.end()) continue;
        if (Result<> applied = innodb::apply_to_page(record, page->second); !applied) return applied;
      }
      return {};
    }
    innodb::PageMap& pages_;
  };
  testing::MemoryRedo log;
  for (const Bytes& group : groups) log.add(group);
  Applier applier{pages};
  innodb::RedoParser parser{log.range().checkpoint, {.page_bytes = 16384}};
  Lsn at = log.range().checkpoint.block_start();
  for (const innodb::RedoBlockBytes& block : log.blocks()) {
    const Result<> fed = parser.feed(at, block, applier);
    ASSERT_TRUE(fed) << fed.error().what;
    at = at + block.size();
  }
  EXPECT_EQ(parser.complete_until(), log.end());
}

/// What an instance is after `carry_out()`; checked to be the same for a recipient.
class DecidedTransactionsTest : public ::testing::Test {
 protected:
  Result<DecidedTransactions> try_carry_out(UndoPages undo) {
    const Result<std::vector<PreparedTransaction>> prepared = find_prepared_transactions(undo);
    EXPECT_TRUE(prepared) << prepared.error().what;
    undo_ = undo;
    return carry_out(decisions_, *prepared, undo_);
  }

  DecidedTransactions carry_out_on(const UndoPages& undo) {
    const Result<DecidedTransactions> decided = try_carry_out(undo);
    EXPECT_TRUE(decided) << decided.error().what;
    innodb::PageMap repeated = undo.pages;
    repeat(decided->groups, repeated);
    EXPECT_TRUE(repeated == undo_.pages) << "the groups do not do what was done";
    return *decided;
  }

  ByteView page(PageId id) const { return undo_.pages.at(id); }
  UndoState state(std::uint32_t index) const { return innodb::decode_undo_segment(page(undo_page(index)))->state; }
  std::uint32_t slot(std::size_t number) const {
    return load_u32be(page(kRollbackSegment), innodb::undo_slot_offset(number));
  }
  std::uint32_t history_pages() const { return load_u32be(page(kRollbackSegment), innodb::kHistoryPagesOffset); }
  std::uint32_t history_length() const { return load_u32be(page(kRollbackSegment), innodb::kHistoryLengthOffset); }
  std::uint64_t largest_number() const {
    return load_u64be(page(kRollbackSegment), innodb::largest_number_offset(16384));
  }
  std::uint64_t number(std::uint32_t index, std::size_t log = innodb::kUndoSegmentHeaderEnd) const {
    return load_u64be(page(undo_page(index)), log + innodb::kUndoNumberOffset);
  }
  std::uint64_t stored_id() const { return load_u64be(page(kSystemPage), innodb::kTransactionIdOffset); }

  /// The nodes of the history list, the newest first; both directions say the same.
  std::vector<FileAddress> history() const {
    std::vector<FileAddress> nodes;
    FileAddress before;
    FileAddress at = innodb::load_address(page(kRollbackSegment), innodb::kHistoryFirstOffset);
    for (std::uint32_t i = 0; i < history_length(); ++i) {
      const ByteView bytes = page({kUndoSpace, at.page});
      EXPECT_EQ(innodb::load_address(bytes, at.offset + innodb::kListPreviousOffset), before);
      nodes.push_back(before = at);
      at = innodb::load_address(bytes, at.offset + innodb::kListNextOffset);
    }
    EXPECT_TRUE(at.empty());
    EXPECT_EQ(innodb::load_address(page(kRollbackSegment), innodb::kHistoryLastOffset), before);
    return nodes;
  }
  static FileAddress node(std::uint32_t index, std::uint16_t offset = kFirstNode) {
    return {undo_page(index).page, offset};
  }

  binlog::Decisions decisions_;
  UndoPages undo_;
};

TEST_F(DecidedTransactionsTest, TheLogIsAskedForAllThatArePrepared) {
  UndoSegmentSpec external = prepared_segment(UndoType::update, 4003, 0);
  external.logs[0].xid = {.format_id = 7, .gtrid = "ours", .bqual = ""};
  const UndoPages undo = make_undo_pages(
      {prepared_segment(UndoType::update, 4001, 61), prepared_segment(UndoType::insert, 4002, 62), external});
  const binlog::Wanted wanted = wanted_decisions(*find_prepared_transactions(undo));
  EXPECT_THAT(wanted.internal, ElementsAre(61, 62));
  EXPECT_THAT(wanted.external, ElementsAre(binlog::Xid{7, "ours", ""}));
}

TEST_F(DecidedTransactionsTest, WithoutDecisionsNothingIsDone) {
  const UndoPages undo = make_undo_pages({prepared_segment(UndoType::update, 4001, 61)});
  const DecidedTransactions decided = carry_out_on(undo);
  EXPECT_THAT(decided.groups, IsEmpty());
  EXPECT_EQ(decided.undecided, 1U);
  EXPECT_EQ(undo_.pages, undo.pages);
}

TEST_F(DecidedTransactionsTest, ATransactionOfInsertsLeavesNothingBehind) {
  decisions_.internal[61] = committed(1);
  const DecidedTransactions decided = carry_out_on(make_undo_pages({prepared_segment(UndoType::insert, 4001, 61)}));
  EXPECT_EQ(decided.committed, 1U);
  EXPECT_EQ(state(0), UndoState::cached);
  EXPECT_EQ(slot(0), undo_page(0).page.value());
  EXPECT_EQ(history_length(), 0U);
}

TEST_F(DecidedTransactionsTest, ATransactionOfUpdatesGoesIntoTheHistory) {
  decisions_.internal[61] = committed(1);
  carry_out_on(make_undo_pages({prepared_segment(UndoType::update, 4001, 61)}));
  EXPECT_EQ(state(0), UndoState::cached);
  EXPECT_EQ(slot(0), undo_page(0).page.value());
  EXPECT_EQ(history_pages(), 0U);
  EXPECT_THAT(history(), ElementsAre(node(0)));
  EXPECT_EQ(number(0), kNextNumber);
  EXPECT_EQ(largest_number(), kNextNumber);
  EXPECT_EQ(stored_id(), kNextNumber + 1) << "nobody gets the number again";
}

TEST_F(DecidedTransactionsTest, LargeSegmentsAreGivenUp) {
  decisions_.internal[61] = committed(1);
  decisions_.internal[62] = committed(2);
  UndoSegmentSpec pages = prepared_segment(UndoType::update, 4001, 61);
  pages.pages = 3;
  UndoSegmentSpec full = prepared_segment(UndoType::update, 4002, 62);
  full.logs[0].record_bytes = 12'288;
  UndoSegmentSpec inserts = prepared_segment(UndoType::insert, 4001, 61);
  inserts.pages = 2;
  carry_out_on(make_undo_pages({pages, full, inserts}));
  EXPECT_EQ(state(0), UndoState::to_purge);
  EXPECT_EQ(state(1), UndoState::to_purge);
  EXPECT_EQ(state(2), UndoState::to_free);
  EXPECT_EQ(slot(0), kNothing);
  EXPECT_EQ(slot(1), kNothing);
  EXPECT_EQ(slot(2), undo_page(2).page.value()) << "recovery frees it";
  EXPECT_EQ(history_pages(), 3U + 1U);
  EXPECT_THAT(history(), ElementsAre(node(1), node(0)));
}

TEST_F(DecidedTransactionsTest, CommitsAreInTheOrderOfTheLog) {
  decisions_.internal[61] = committed(3);
  decisions_.internal[62] = committed(1);
  decisions_.internal[63] = committed(2);
  const DecidedTransactions decided = carry_out_on(
      make_undo_pages({prepared_segment(UndoType::update, 4001, 61), prepared_segment(UndoType::update, 4002, 62),
                       prepared_segment(UndoType::update, 4003, 63), prepared_segment(UndoType::update, 4004, 64)}));
  EXPECT_EQ(decided.committed, 3U);
  EXPECT_EQ(decided.undecided, 1U);
  EXPECT_EQ(state(3), UndoState::prepared);
  EXPECT_THAT(history(), ElementsAre(node(0), node(2), node(1)));
  EXPECT_THAT((std::vector{number(1), number(2), number(0)}),
              ElementsAre(kNextNumber, kNextNumber + 1, kNextNumber + 2));
  EXPECT_EQ(largest_number(), kNextNumber + 2);
}

TEST_F(DecidedTransactionsTest, TheHistoryThatThereIsComesBehind) {
  decisions_.internal[61] = committed(1);
  UndoPages undo = make_undo_pages({prepared_segment(UndoType::update, 4001, 61), cached_segment()},
                                   {.history = 1, .first = node(1), .last = node(1)});
  for (const std::size_t field : {innodb::kListPreviousOffset, innodb::kListNextOffset})
    testing::store_address(undo.pages[undo_page(1)], kFirstNode + field, {});
  carry_out_on(undo);
  EXPECT_THAT(history(), ElementsAre(node(0), node(1)));
}

TEST_F(DecidedTransactionsTest, TheNextPageOfTheHistoryNeedsNotBeAtHand) {
  decisions_.internal[61] = committed(1);
  const FileAddress far{PageNo{333}, 1034};
  const DecidedTransactions decided = carry_out_on(
      make_undo_pages({prepared_segment(UndoType::update, 4001, 61)}, {.history = 7, .first = far, .last = far}));
  EXPECT_EQ(history_length(), 8U);
  EXPECT_EQ(innodb::load_address(page(undo_page(0)), kFirstNode + innodb::kListNextOffset), far);
  innodb::PageMap only_that{{{kUndoSpace, far.page}, testing::make_bare_page(kUndoSpace, far.page, {})}};
  repeat(decided.groups, only_that);
  EXPECT_EQ(innodb::load_address(only_that.begin()->second, far.offset + innodb::kListPreviousOffset), node(0));
}

TEST_F(DecidedTransactionsTest, AHistoryThatCannotBeIsRefused) {
  decisions_.internal[61] = committed(1);
  for (const FileAddress first : {FileAddress{PageNo{333}, 85}, FileAddress{PageNo{333}, 16'365},
                                  FileAddress{PageNo{333}, 65'535}, FileAddress{PageNo{kNothing}, 1034}}) {
    const Result<DecidedTransactions> decided = try_carry_out(
        make_undo_pages({prepared_segment(UndoType::update, 4001, 61)}, {.history = 7, .first = first, .last = first}));
    ASSERT_FALSE(decided);
    EXPECT_EQ(decided.error().code, Errc::malformed);
    EXPECT_THAT(decided.error().what, HasSubstr("history list of the rollback segment in page 4"));
  }
}

TEST_F(DecidedTransactionsTest, XaTransactionsThatAreToStaySaySo) {
  UndoSegmentSpec update = prepared_segment(UndoType::update, 4001, 0);
  update.logs[0].xid = {.format_id = 7, .gtrid = "ours", .bqual = ""};
  UndoSegmentSpec insert = prepared_segment(UndoType::insert, 4001, 0);
  insert.logs[0].xid = update.logs[0].xid;
  decisions_.external[{7, "ours", ""}] = {Outcome::prepared, 1};
  DecidedTransactions decided = carry_out_on(make_undo_pages({update, insert}));
  EXPECT_EQ(decided.prepared, 1U);
  EXPECT_EQ(state(0), UndoState::prepared_in_coordinator);
  EXPECT_EQ(state(1), UndoState::prepared_in_coordinator);

  update.state = insert.state = UndoState::prepared_in_coordinator;
  decided = carry_out_on(make_undo_pages({update, insert}));
  EXPECT_EQ(decided.prepared, 1U);
  EXPECT_THAT(decided.groups, IsEmpty()) << "it does already";
}

TEST_F(DecidedTransactionsTest, XaTransactionsThatWereRolledBackAreLeftToTheRecipient) {
  UndoSegmentSpec update = prepared_segment(UndoType::update, 4001, 0, UndoState::prepared_in_coordinator);
  update.logs[0].xid = {.format_id = 7, .gtrid = "ours", .bqual = ""};
  decisions_.external[{7, "ours", ""}] = {Outcome::rolled_back, 1};
  EXPECT_EQ(carry_out_on(make_undo_pages({update})).rolled_back, 1U);
  EXPECT_EQ(state(0), UndoState::active);
  EXPECT_EQ(history_length(), 0U);
}

TEST_F(DecidedTransactionsTest, GtidsAreKeptInAnUndoLogOfTheirOwn) {
  for (const std::int64_t gtid : {1, 2, 3}) decisions_.gtids.add(make_gtid(gtid));
  decisions_.unrecorded_gtids.add(make_gtid(2));
  const DecidedTransactions decided =
      carry_out_on(make_undo_pages({prepared_segment(UndoType::insert, 4001, 61), cached_segment()}));
  EXPECT_EQ(decided.gtid_logs, 1U);
  EXPECT_EQ(state(1), UndoState::cached);
  const innodb::UndoSegment segment = *innodb::decode_undo_segment(page(undo_page(1)));
  const innodb::UndoLog log = *innodb::decode_undo_log(page(undo_page(1)), segment.last_log);
  EXPECT_GT(log.offset, innodb::kUndoSegmentHeaderEnd) << "behind the one that was there";
  EXPECT_EQ(log.transaction, kNextNumber);
  EXPECT_EQ(log.flags, innodb::kUndoFlagGtid);
  EXPECT_TRUE(log.has_room_for_gtid());
  EXPECT_EQ(segment.free, log.records) << "no records";
  EXPECT_EQ(load_u16be(page(undo_page(1)), log.at(innodb::kUndoToPurgeOffset)), 0);
  EXPECT_EQ(page(undo_page(1))[log.at(innodb::kUndoGtidVersionOffset)], 1);
  EXPECT_EQ(as_text(page(undo_page(1)).subspan(log.at(innodb::kUndoGtidOffset), 41)),
            binlog::to_text(make_gtid(1).uuid) + ":1-3" + '\0');
  EXPECT_THAT(history(), ElementsAre(node(1, log.at(innodb::kUndoHistoryNodeOffset))));
  EXPECT_EQ(number(1, log.offset), kNextNumber + 1);
  EXPECT_EQ(stored_id(), kNextNumber + 2);
}

TEST_F(DecidedTransactionsTest, GtidsMayTakeTheSegmentOfACommit) {
  decisions_.internal[61] = committed(1);
  decisions_.gtids.add(make_gtid(1));
  decisions_.unrecorded_gtids.add(make_gtid(1));
  EXPECT_EQ(carry_out_on(make_undo_pages({prepared_segment(UndoType::update, 4001, 61)})).gtid_logs, 1U);
  EXPECT_EQ(history_length(), 2U);
  EXPECT_EQ(history().back(), node(0));
}

TEST_F(DecidedTransactionsTest, GtidsFillOneSegmentAfterTheOther) {
  for (std::int64_t gtid = 1; gtid <= 70; ++gtid) {
    decisions_.gtids.add(make_gtid(gtid, "tag_of_more_than_twenty_letters_"));
    decisions_.unrecorded_gtids.add(make_gtid(gtid, "tag_of_more_than_twenty_letters_"));
  }
  EXPECT_EQ(carry_out_on(make_undo_pages({cached_segment(), cached_segment()})).gtid_logs, 70U);
  EXPECT_EQ(history_length(), 70U);
  EXPECT_EQ(state(0), UndoState::to_purge) << "full";
  EXPECT_EQ(slot(0), kNothing);
  EXPECT_EQ(state(1), UndoState::cached);
}

TEST_F(DecidedTransactionsTest, WithoutAPlaceForGtidsTheLogIsRefused) {
  decisions_.gtids.add(make_gtid(1));
  decisions_.unrecorded_gtids.add(make_gtid(1));
  UndoSegmentSpec inserts = cached_segment();
  inserts.type = UndoType::insert;
  const Result<DecidedTransactions> decided = try_carry_out(
      make_undo_pages({inserts, cached_segment(15'700), {.state = UndoState::active, .logs = {{.transaction = 1}}}}));
  ASSERT_FALSE(decided);
  EXPECT_EQ(decided.error().code, Errc::exhausted);
}

TEST_F(DecidedTransactionsTest, NumbersBeginWhereAServerWouldGoOn) {
  decisions_.internal[61] = committed(1);
  for (const auto& [stored, first] : {std::pair{5120U, 5632U}, {5121U, 5888U}, {0U, 512U}}) {
    UndoPages undo = make_undo_pages({prepared_segment(UndoType::update, 4001, 61)});
    store_u64be(undo.pages[kSystemPage], innodb::kTransactionIdOffset, stored);
    carry_out_on(undo);
    EXPECT_EQ(number(0), first);
  }
}

}  // namespace
}  // namespace donord
