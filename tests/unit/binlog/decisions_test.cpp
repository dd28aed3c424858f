#include "binlog/decisions.hpp"

#include <gmock/gmock.h>

#include "support/binlog_builder.hpp"

namespace donord::binlog {
namespace {

using testing::BinlogBuilder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using testing::make_gtid;
using testing::source_of;

const Xid kOurs{7, "ours", "branch"};
const Xid kTheirs{1, "theirs", ""};
const std::string kUuid = to_text(make_gtid(1).uuid);
const Wanted kWanted{.internal = {11, 12, 13}, .external = {kOurs, kTheirs}};

Decisions decide(const BinlogBuilder& log) {
  const Result<Decisions> decisions = read_decisions(source_of(log.bytes()), kWanted);
  EXPECT_TRUE(decisions) << decisions.error().what;
  return decisions ? *decisions : Decisions{};
}

Error refuse(const BinlogBuilder& log) {
  const Result<Decisions> decisions = read_decisions(source_of(log.bytes()), kWanted);
  EXPECT_FALSE(decisions);
  return decisions ? Error{} : decisions.error();
}

TEST(Decisions, WhatHasAnXidIsCommitted) {
  BinlogBuilder log;
  log.transaction(10).transaction(12).transaction(11);
  const Decisions decisions = decide(log);
  EXPECT_THAT(decisions.internal, ElementsAre(Key(11), Key(12))) << "10 was not asked for, 13 is not there";
  EXPECT_EQ(decisions.internal.at(12).outcome, Outcome::committed);
  EXPECT_LT(decisions.internal.at(12).order, decisions.internal.at(11).order);
  EXPECT_THAT(decisions.external, IsEmpty());
  EXPECT_EQ(decisions.end_position, log.size());
}

TEST(Decisions, DdlHasItsXidInItself) {
  BinlogBuilder log;
  log.ddl(12).query("FLUSH TABLES");
  EXPECT_THAT(decide(log).internal, ElementsAre(Key(12)));
}

TEST(Decisions, GtidsThatInnodbMayNotHaveWrittenDown) {
  BinlogBuilder log;
  log.gtid(make_gtid(1)).transaction(10);
  log.gtid(make_gtid(2)).transaction(12);
  log.gtid(make_gtid(3)).ddl(9);
  log.gtid(make_gtid(4)).query("FLUSH TABLES");
  log.gtid(make_gtid(5)).query("BEGIN").query("INSERT INTO m VALUES (1)").query("COMMIT");
  log.gtid(make_gtid(6)).query("BEGIN").query("INSERT INTO m VALUES (1)").query("ROLLBACK");
  log.gtid(make_gtid(7)).transaction(8);
  log.gtid(make_gtid(8, "tag")).ddl(11);
  log.gtid(make_gtid(9));
  EXPECT_EQ(to_text(decide(log).gtids), fmt::format("{0}:1-7,{0}:tag:8", kUuid)) << "the last one has no transaction";
  EXPECT_EQ(to_text(decide(log).unrecorded_gtids), fmt::format("{0}:2:4-6,{0}:tag:8", kUuid));
}

TEST(Decisions, BehindTheSourceOnlyWhatIsNeededCountsAsExecuted) {
  BinlogBuilder log;
  log.gtid(make_gtid(1), 500).transaction(10);
  log.gtid(make_gtid(2), 501).transaction(9);
  log.gtid(make_gtid(3), 502).transaction(11);
  log.gtid(make_gtid(4), 503).transaction(8);
  log.gtid(make_gtid(5), 504).query("FLUSH TABLES");
  Wanted wanted = kWanted;
  wanted.executed_until_us = 500;
  const Result<Decisions> decisions = read_decisions(source_of(log.bytes()), wanted);
  ASSERT_TRUE(decisions);
  EXPECT_EQ(to_text(decisions->gtids), kUuid + ":1:3:5");
  EXPECT_EQ(to_text(decisions->unrecorded_gtids), kUuid + ":3:5");
}

TEST(Decisions, TimesAreThoseOfWhatInnodbPrepares) {
  BinlogBuilder log;
  log.gtid(make_gtid(1), 500).transaction(10);
  EXPECT_EQ(decide(log).times.newest_us, 500);
  log.gtid(make_gtid(2), 600).query("FLUSH TABLES");
  log.gtid(make_gtid(3), 601).query("XA COMMIT X'61',X'',1");
  EXPECT_EQ(decide(log).times.newest_us, 500) << "none of them is prepared just before";
  log.add(EventType::anonymous_gtid, testing::gtid_body(make_gtid(0), 700));
  log.query("XA START X'61',X'',1").xa_prepare({1, "a", ""});
  EXPECT_EQ(decide(log).times.newest_us, 700);
  EXPECT_EQ(decide(log).times.first_wanted_us, 0);

  log.gtid(make_gtid(4), 800).transaction(11).gtid(make_gtid(5), 801).ddl(12);
  EXPECT_EQ(decide(log).times.newest_us, 801);
  EXPECT_EQ(decide(log).times.first_wanted_us, 800);
  EXPECT_EQ(decide(log).times.last_unwanted_us, 0) << "10 was before";
  log.gtid(make_gtid(6), 900).transaction(9).gtid(make_gtid(7), 950).transaction(13);
  EXPECT_EQ(decide(log).times.first_wanted_us, 800);
  EXPECT_EQ(decide(log).times.last_unwanted_us, 900);
}

TEST(Decisions, AnonymousTransactionsHaveNoGtid) {
  BinlogBuilder log{Checksum::none};
  log.gtid(make_gtid(1)).transaction(11);
  log.add(EventType::anonymous_gtid, testing::gtid_body(make_gtid(0)));
  log.transaction(12).query("FLUSH TABLES");
  EXPECT_EQ(to_text(decide(log).gtids), kUuid + ":1");
}

TEST(Decisions, AGtidIsThatOfOneTransaction) {
  BinlogBuilder log;
  log.gtid(make_gtid(1)).transaction(10).query("FLUSH TABLES").transaction(11);
  EXPECT_TRUE(decide(log).unrecorded_gtids.empty());
}

TEST(Decisions, ATransactionThatIsNotWholeIsNotCommitted) {
  BinlogBuilder log;
  log.gtid(make_gtid(1)).transaction(11);
  const std::size_t whole = log.size();
  log.gtid(make_gtid(2)).transaction(12);
  for (std::size_t size = whole; size < log.size(); ++size) {
    const Bytes torn(log.bytes().begin(), log.bytes().begin() + static_cast<std::ptrdiff_t>(size));
    const Result<Decisions> decisions = read_decisions(source_of(torn), kWanted);
    ASSERT_TRUE(decisions) << decisions.error().what;
    ASSERT_THAT(decisions->internal, ElementsAre(Key(11))) << size;
    ASSERT_EQ(to_text(decisions->gtids), kUuid + ":1") << size;
  }
}

TEST(Decisions, CompressedTransactionsCountAsWell) {
  Bytes events = BinlogBuilder::event(EventType::query, testing::query_body("BEGIN"));
  append(events, BinlogBuilder::event(EventType{30}, Bytes(2'000'000)));
  append(events, BinlogBuilder::event(EventType::xid, testing::LogFields{}.u8(13)));
  BinlogBuilder log;
  log.gtid(make_gtid(9)).payload(events).gtid(make_gtid(10)).transaction(11);
  const Decisions decisions = decide(log);
  EXPECT_THAT(decisions.internal, ElementsAre(Key(11), Key(13)));
  EXPECT_EQ(to_text(decisions.unrecorded_gtids), kUuid + ":9-10");
}

TEST(Decisions, TransactionsOfOtherEnginesEndWithAStatement) {
  BinlogBuilder log;
  log.query("BEGIN").query("INSERT INTO m VALUES (1)").query("COMMIT").transaction(11);
  log.query("BEGIN").query("ROLLBACK").transaction(12);
  EXPECT_THAT(decide(log).internal, ElementsAre(Key(11), Key(12)));
}

TEST(Decisions, TheLastWordAboutAnXaTransactionCounts) {
  BinlogBuilder log;
  log.gtid(make_gtid(1)).query("XA START X'6f757273',X'6272616e6368',7").query("XA END X'6f757273',X'6272616e6368',7");
  log.xa_prepare(kOurs);
  EXPECT_EQ(decide(log).external.at(kOurs).outcome, Outcome::prepared);
  EXPECT_EQ(to_text(decide(log).unrecorded_gtids), kUuid + ":1");

  BinlogBuilder committed = log;
  committed.gtid(make_gtid(2)).query("XA COMMIT X'6f757273',X'6272616e6368',7");
  EXPECT_EQ(decide(committed).external.at(kOurs).outcome, Outcome::committed);
  EXPECT_EQ(to_text(decide(committed).unrecorded_gtids), kUuid + ":1-2");

  BinlogBuilder rolled_back = log;
  rolled_back.gtid(make_gtid(2)).query("XA ROLLBACK X'6f757273',X'6272616e6368',7");
  EXPECT_EQ(decide(rolled_back).external.at(kOurs).outcome, Outcome::rolled_back);

  rolled_back.gtid(make_gtid(3)).query("XA START X'6f757273',X'6272616e6368',7").xa_prepare(kOurs);
  EXPECT_EQ(decide(rolled_back).external.at(kOurs).outcome, Outcome::prepared) << "the name is used again";
}

TEST(Decisions, XaTransactionsThatNobodyAskedForArePassedOver) {
  BinlogBuilder log;
  log.gtid(make_gtid(1)).query("XA START X'61',X'',1").xa_prepare({1, "a", ""});
  log.gtid(make_gtid(2)).query("XA COMMIT X'61',X'',1");
  EXPECT_THAT(decide(log).external, IsEmpty());
  EXPECT_EQ(to_text(decide(log).gtids), kUuid + ":1-2");
  EXPECT_TRUE(decide(log).unrecorded_gtids.empty()) << "InnoDB had them in its own log";
}

TEST(Decisions, AnXaTransactionInOnePhaseIsCommitted) {
  BinlogBuilder log;
  log.gtid(make_gtid(1)).query("XA START X'746865697273',X'',1").xa_prepare(kTheirs, true);
  EXPECT_EQ(decide(log).external.at(kTheirs).outcome, Outcome::committed);
}

TEST(Decisions, LogsThatNoServerWritesAreRefused) {
  EXPECT_THAT(refuse(BinlogBuilder{}.xid(11)).what, HasSubstr("XID outside of a transaction"));
  EXPECT_THAT(refuse(BinlogBuilder{}.query("BEGIN").query("BEGIN")).what, HasSubstr("BEGIN inside of a transaction"));
  EXPECT_THAT(refuse(BinlogBuilder{}.query("BEGIN").ddl(11)).what, HasSubstr("DDL"));
  EXPECT_THAT(refuse(BinlogBuilder{}.query("COMMIT")).what, HasSubstr("COMMIT outside"));
  EXPECT_THAT(refuse(BinlogBuilder{}.xa_prepare(kOurs)).what, HasSubstr("XA PREPARE outside"));
  EXPECT_THAT(refuse(BinlogBuilder{}.query("BEGIN").query("XA COMMIT X'61',X'',1")).what,
              HasSubstr("XA COMMIT inside"));
  EXPECT_THAT(refuse(BinlogBuilder{}.query("XA ROLLBACK 'a'")).what, HasSubstr("is no XID"));
  EXPECT_THAT(refuse(BinlogBuilder{}.transaction(11).transaction(11)).what, HasSubstr("XID 11 for the second time"));
  BinlogBuilder log;
  const std::size_t at = log.add(EventType::gtid, testing::gtid_body(make_gtid(0)));
  EXPECT_THAT(refuse(log).what, HasSubstr(fmt::format("event at position {}", at)));
}

TEST(Decisions, DamagedLogsNeverDecideForWhatIsNotInThem) {
  BinlogBuilder log;
  log.gtid(make_gtid(1))
      .transaction(11)
      .ddl(12)
      .gtid(make_gtid(2, "t"))
      .query("XA START X'6f757273',X'',1")
      .xa_prepare(kOurs);
  for (std::size_t at = 0; at < log.size(); ++at) {
    Bytes damaged = log.bytes();
    damaged[at] ^= 0x41;
    const Result<Decisions> decisions = read_decisions(source_of(damaged), kWanted);
    if (!decisions) continue;
    for (const auto& [xid, decision] : decisions->internal) EXPECT_TRUE(xid == 11 || xid == 12);
    for (const auto& [xid, decision] : decisions->external) EXPECT_EQ(xid, kOurs);
  }
}

}  // namespace
}  // namespace donord::binlog
