#include "source/crash_decisions.hpp"

#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/datadir_source.hpp"
#include "support/binlog_builder.hpp"
#include "support/crashed_datadir.hpp"
#include "support/served_redo.hpp"
#include "support/undo_pages.hpp"

namespace donord {
namespace {

using innodb::UndoState;
using innodb::UndoType;
using testing::BinlogBuilder;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kUndoSpace;
using testing::make_gtid;
using ::testing::Not;
using testing::prepared_segment;
using testing::undo_page;
using testing::write_u4;

/// A crashed datadir whose undo_001 has a rollback segment.
class CrashDecisionsTest : public ::testing::Test {
 protected:
  /// The prepared transaction 4001 has XID 61.
  CrashDecisionsTest() {
    crashed_.log(write_u4(SpaceId{2}, 100, 1, PageNo{3}));
    put_segments({prepared_segment(UndoType::update, 4001, 61)});
  }

  void put_segments(std::vector<testing::UndoSegmentSpec> segments) {
    testing::write_undo_tablespace(crashed_.at("undo_001"), kUndoSpace, 16);
    put(testing::make_segment_array_page(kUndoSpace, {4}), 3);
    for (auto& [id, page] : testing::make_undo_pages(std::move(segments)).pages)
      if (id.space == kUndoSpace) put(page, id.page.value());
  }
  void put(const Bytes& page, std::uint32_t number) {
    testing::put_page(crashed_.at("undo_001"), number, testing::sealed(page));
  }

  void put_binary_log(const BinlogBuilder& log) const { put_binary_log(log.bytes()); }
  void put_binary_log(const Bytes& bytes) const {
    testing::write_file(crashed_.at("binlog.index"), as_bytes("./binlog.000007\n"));
    testing::write_file(crashed_.at("binlog.000007"), bytes);
  }

  void make_binary_log_older(std::chrono::seconds by) const {
    const auto now = std::filesystem::last_write_time(crashed_.at("binlog.000007"));
    std::filesystem::last_write_time(crashed_.at("binlog.000007"), now - by);
  }
  static std::int64_t now_in_us() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  }

  static testing::UndoSegmentSpec external_segment(UndoState state) {
    testing::UndoSegmentSpec external = prepared_segment(UndoType::update, 4001, 0, state);
    external.logs[0].xid = {.format_id = 7, .gtrid = "ours", .bqual = ""};
    return external;
  }

  DatadirSurvey survey(const DatadirSurvey* previous = nullptr) const {
    DatadirSurvey made = survey_datadir(options_, previous);
    EXPECT_THAT(made.problems, IsEmpty()) << made.problems.front().what;
    EXPECT_NE(made.decisions, nullptr);
    return made;
  }

  Error problem() const {
    crashed_.write();
    const DatadirSurvey made = survey_datadir(options_);
    EXPECT_EQ(made.problems.size(), 1U);
    EXPECT_EQ(made.decisions, nullptr);
    return made.problems.empty() ? Error{} : made.problems.front();
  }

  testing::ServedRedo served() const {
    auto source = DatadirSource::open(options_);
    EXPECT_TRUE(source) << source.error().what;
    const std::unique_ptr<CloneView> view = std::move(*(*source)->begin_clone({}));
    return testing::ServedRedo{*view};
  }
  std::vector<std::string> served_records() const {
    const testing::ServedRedo redo = served();
    return testing::records_of(redo.blocks(), redo.chain().start_lsn());
  }
  std::string served_bytes() const {
    std::string bytes;
    constexpr std::size_t kAround = innodb::kRedoBlockHeaderBytes + innodb::kRedoBlockTrailerBytes;
    for (const innodb::RedoBlockBytes& block : served().blocks())
      bytes += as_text(ByteView{block}.subspan(innodb::kRedoBlockHeaderBytes, block.size() - kAround));
    return bytes;
  }

  testing::CrashedDatadir crashed_;
  DatadirOptions options_ = crashed_.options();
};

TEST_F(CrashDecisionsTest, WhatTheBinaryLogHasIsCommittedInTheServedLog) {
  const Lsn end = crashed_.write();
  put_binary_log(BinlogBuilder{}.transaction(61));
  const DatadirSurvey made = survey();
  EXPECT_EQ(made.decisions->prepared, 1U);
  EXPECT_EQ(made.decisions->binary_log, crashed_.at("binlog.000007"));
  EXPECT_EQ(made.decisions->decided.committed, 1U);
  EXPECT_EQ(made.redo.end, end);
  EXPECT_GT(made.served_redo_end(), end);
  const std::vector<std::string> records = served_records();
  EXPECT_THAT(records.front(), HasSubstr("page 3 of 2"));
  EXPECT_THAT(records[1], HasSubstr(fmt::format("2BYTES {} to", end)));
  EXPECT_THAT(records[1], HasSubstr(fmt::format("page 10 of {}", kUndoSpace)));
  EXPECT_THAT(records.back(), HasSubstr(fmt::format("8BYTES")));
  EXPECT_THAT(records.back(), HasSubstr(fmt::format("page 5 of 0, group to {}", made.served_redo_end())));
}

TEST_F(CrashDecisionsTest, WhatItHasNotIsLeftToTheRecipient) {
  const Lsn end = crashed_.write();
  put_binary_log(BinlogBuilder{}.transaction(60));
  const DatadirSurvey made = survey();
  EXPECT_EQ(made.decisions->decided.undecided, 1U);
  EXPECT_EQ(made.served_redo_end(), end);
  EXPECT_THAT(served_records(), ElementsAre(HasSubstr("page 3 of 2")));
}

TEST_F(CrashDecisionsTest, ATransactionIsPreparedAsTheLogSays) {
  put_segments({prepared_segment(UndoType::update, 4001, 61, UndoState::active)});
  crashed_.log(testing::write_u2(kUndoSpace, innodb::kUndoStateOffset, static_cast<std::uint16_t>(UndoState::prepared),
                                 undo_page(0).page));
  crashed_.write();
  put_binary_log(BinlogBuilder{}.transaction(61));
  EXPECT_EQ(survey().decisions->decided.committed, 1U);
}

TEST_F(CrashDecisionsTest, AnUnfinishedGroupMakesPlaceButForItsCounters) {
  crashed_.log(testing::make_redo_record(write_u4(SpaceId{2}, 100, 77, PageNo{3})));
  crashed_.log(testing::make_redo_record(testing::dynamic_metadata()));
  crashed_.log(testing::make_redo_record(write_u4(SpaceId{2}, 100, 78, PageNo{3})));
  crashed_.write();
  put_binary_log(BinlogBuilder{}.transaction(60));
  EXPECT_THAT(served_records(), ElementsAre(HasSubstr("page 3 of 2"))) << "nothing to add, so it is served as it is";
  put_binary_log(BinlogBuilder{}.transaction(61));
  const std::vector<std::string> records = served_records();
  ASSERT_GT(records.size(), 5U);
  EXPECT_THAT(records[1], HasSubstr("TABLE_DYNAMIC_META"));
  EXPECT_THAT(records[2], HasSubstr("page 10 of"));
}

TEST_F(CrashDecisionsTest, GtidsOfStatementsAreKeptAlthoughNothingWasPrepared) {
  put_segments({{.logs = {{.transaction = 3000}}}});
  crashed_.write();
  put_binary_log(BinlogBuilder{}.gtid(make_gtid(1)).query("FLUSH TABLES"));
  const DatadirSurvey made = survey();
  EXPECT_EQ(made.decisions->prepared, 0U);
  EXPECT_EQ(made.decisions->decided.gtid_logs, 1U);
  EXPECT_GT(made.served_redo_end(), *made.redo.end);
}

TEST_F(CrashDecisionsTest, WithNothingToDecideThereNeedsNotBeABinaryLog) {
  put_segments({});
  crashed_.write();
  const DatadirSurvey made = survey();
  EXPECT_EQ(made.decisions->binary_log, std::nullopt);
  EXPECT_EQ(made.decisions->continuation, std::nullopt);
}

TEST_F(CrashDecisionsTest, WithoutTheBinaryLogThatIsNeededTheDirectoryIsRefused) {
  const Error error = problem();
  EXPECT_EQ(error.code, Errc::not_found);
  EXPECT_THAT(error.what, HasSubstr("1 transactions were prepared for a binary log, and no index in"));
  EXPECT_THAT(error.hint, HasSubstr("--log-bin-index"));
  EXPECT_THAT(error.hint, HasSubstr("let the server itself recover"));
  EXPECT_THAT(error.hint, HasSubstr("--without-binary-log"));
}

TEST_F(CrashDecisionsTest, ABinaryLogThatCannotBeReadIsRefused) {
  BinlogBuilder log;
  log.transaction(60).transaction(61);
  Bytes damaged = log.bytes();
  damaged[200] ^= 1;
  put_binary_log(damaged);
  EXPECT_THAT(problem().what, HasSubstr(fmt::format("binary log {}", crashed_.at("binlog.000007").string())));
  EXPECT_THAT(problem().hint, HasSubstr("let the server itself recover"));

  Bytes encrypted = log.bytes();
  encrypted[0] = 0xFD;
  put_binary_log(encrypted);
  EXPECT_THAT(problem().what, HasSubstr("encrypted"));
  EXPECT_THAT(problem().hint, HasSubstr("--without-binary-log"));

  std::filesystem::remove(crashed_.at("binlog.000007"));
  EXPECT_THAT(problem().what, HasSubstr("binlog.000007"));
  EXPECT_THAT(problem().hint, HasSubstr("--without-binary-log"));
}

TEST_F(CrashDecisionsTest, ALogOfAnotherTimeIsRefused) {
  crashed_.write();
  const std::int64_t now_us = now_in_us();
  put_binary_log(BinlogBuilder{}.gtid(make_gtid(1), now_us + 100'000'000).transaction(61));
  EXPECT_EQ(problem().code, Errc::conflict);
  EXPECT_THAT(problem().what, HasSubstr("after the last write to the directory"));

  put_binary_log(BinlogBuilder{}.gtid(make_gtid(1), now_us - 1'000'000'000).transaction(61));
  EXPECT_EQ(survey().decisions->decided.committed, 1U) << "the file is new";
  make_binary_log_older(std::chrono::seconds{1000});
  EXPECT_THAT(problem().what, HasSubstr("before the redo log"));
  options_.log_bin = "binlog";
  EXPECT_EQ(survey().decisions->decided.committed, 1U);
}

TEST_F(CrashDecisionsTest, GtidsBehindTheRedoLogAreNotExecutedHere) {
  const std::int64_t now_us = now_in_us();
  put_segments({prepared_segment(UndoType::update, 4001, 61), {.logs = {{.transaction = 3000}}}});
  crashed_.write();
  put_binary_log(BinlogBuilder{}
                     .gtid(make_gtid(1), now_us - 1'000'000)
                     .transaction(60)
                     .gtid(make_gtid(2), now_us - 1'000'000)
                     .transaction(61)
                     .gtid(make_gtid(3), now_us + 10'000'000)
                     .transaction(62));
  EXPECT_EQ(survey().decisions->decided.gtid_logs, 1U);
  const std::string end_of_text(1, '\0');
  EXPECT_THAT(served_bytes(), HasSubstr(binlog::to_text(make_gtid(1)) + "-2" + end_of_text));
}

TEST_F(CrashDecisionsTest, WithNothingPreparedABadLogIsAWarning) {
  put_segments({});
  crashed_.write();
  Bytes damaged = BinlogBuilder{}.transaction(60).transaction(61).bytes();
  damaged[200] ^= 1;
  Bytes encrypted = BinlogBuilder{}.bytes();
  encrypted[0] = binlog::kEncryptedMagic[0];
  const Bytes later = BinlogBuilder{}.gtid(make_gtid(1), now_in_us() + 100'000'000).transaction(61).bytes();
  for (const auto& [log, what] :
       {std::pair{damaged, "damaged"}, {encrypted, "encrypted"}, {later, "not that of this"}}) {
    put_binary_log(log);
    const DatadirSurvey made = survey();
    EXPECT_EQ(made.decisions->binary_log, std::nullopt);
    EXPECT_EQ(made.decisions->continuation, std::nullopt);
    EXPECT_THAT(made.decisions->warning->what, HasSubstr(what));
    EXPECT_THAT(made.decisions->warning->hint, HasSubstr("GTIDs of statements that changed nothing in InnoDB"));
  }
  std::filesystem::remove(crashed_.at("binlog.000007"));
  EXPECT_THAT(survey().decisions->warning->what, HasSubstr("binlog.000007"));
}

TEST_F(CrashDecisionsTest, WhoAcceptsTheLossNeedsNoBinaryLog) {
  options_.binary_log = BinaryLogUse::ignored;
  const Lsn end = crashed_.write();
  put_binary_log(Bytes{});
  const DatadirSurvey made = survey();
  EXPECT_EQ(made.decisions->prepared, 1U);
  EXPECT_EQ(made.decisions->decided.undecided, 1U);
  EXPECT_EQ(made.decisions->binary_log, std::nullopt);
  EXPECT_EQ(made.served_redo_end(), end);
}

TEST_F(CrashDecisionsTest, XaTransactionsInTheCoordinatorNeedNoBinaryLog) {
  put_segments({external_segment(UndoState::prepared_in_coordinator)});
  crashed_.write();
  const DatadirSurvey made = survey();
  EXPECT_EQ(made.decisions->prepared, 1U);
  EXPECT_EQ(made.decisions->continuation, std::nullopt);
  EXPECT_THAT(made.decisions->warning->what, HasSubstr("1 XA transactions are prepared, and no index in"));
  EXPECT_THAT(made.decisions->warning->hint, HasSubstr("--log-bin-index"));
}

TEST_F(CrashDecisionsTest, OtherXaTransactionsWaitForTheBinaryLog) {
  put_segments({external_segment(UndoState::prepared)});
  EXPECT_THAT(problem().what, HasSubstr("1 transactions were prepared for a binary log, and no index in"));
  put_binary_log(BinlogBuilder{}.query("XA START X'6f757273',X'',7").xa_prepare({7, "ours", ""}));
  const DatadirSurvey made = survey();
  EXPECT_EQ(made.decisions->decided.prepared, 1U);
  EXPECT_EQ(made.decisions->warning, std::nullopt);
}

TEST_F(CrashDecisionsTest, UndoPagesThatAreNoneAreRefused) {
  put(testing::make_page({.space = kUndoSpace, .number = undo_page(0).page}), 10);
  EXPECT_THAT(problem().what, HasSubstr("undo logs: "));
}

TEST_F(CrashDecisionsTest, AreMadeOnceForOneState) {
  crashed_.write();
  put_binary_log(BinlogBuilder{}.transaction(60));
  const DatadirSurvey first = survey();
  EXPECT_EQ(survey(&first).decisions, first.decisions);
  put_binary_log(BinlogBuilder{}.transaction(60).transaction(61));
  const DatadirSurvey second = survey(&first);
  EXPECT_NE(second.decisions, first.decisions);
  EXPECT_EQ(second.decisions->decided.committed, 1U);
  EXPECT_NE(fingerprint_of(first), fingerprint_of(second)) << "another clone";
}

}  // namespace
}  // namespace donord
