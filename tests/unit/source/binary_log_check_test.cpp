#include "source/binary_log_check.hpp"

#include <gmock/gmock.h>

#include "support/datadir_builder.hpp"
#include "support/locking_process.hpp"

namespace donord {
namespace {

using binlog::CommitTimes;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kCrash = 1'800'000'000 * kSecond;
const binlog::Wanted kWanted{.internal = {61}, .external = {}};

class BinaryLogCheckTest : public ::testing::Test {
 protected:
  BinaryLogCheckTest() {
    testing::write_file(log_, as_bytes("a log"));
    stamp_ = *stamp_of(log_);
    stamp_.modified_ns = kCrash * 1000;
  }

  /// Why the log is refused; empty when it is not.
  std::string refusal(const CommitTimes& times = {.newest_us = kCrash}) const {
    const Result<> checked = check_binary_log(log_, stamp_, origin_, wanted_, {.times = times}, writes_);
    if (checked) return "";
    EXPECT_EQ(checked.error().code, Errc::conflict);
    EXPECT_THAT(checked.error().hint, AllOf(HasSubstr("--log-bin-index"), HasSubstr("--without-binary-log")));
    return checked.error().what;
  }

  testing::ScratchDirectory scratch_;
  std::filesystem::path log_ = scratch_.path() / "binlog.000001";
  FileStamp stamp_;
  BinaryLogOrigin origin_ = BinaryLogOrigin::found_in_datadir;
  binlog::Wanted wanted_ = kWanted;
  LastWrites writes_{.redo_us = kCrash, .any_us = kCrash};
};

TEST_F(BinaryLogCheckTest, TheLogOfTheCrashPasses) {
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(refusal({}), "") << "without times";
  EXPECT_EQ(refusal({.newest_us = kCrash + 30 * kSecond}), "") << "a power failure took the times of the last writes";
}

TEST_F(BinaryLogCheckTest, OneThatIsBeingWrittenIsThatOfAnotherServer) {
  {
    const testing::LockingProcess server{log_, testing::Locked::lost};
    EXPECT_THAT(refusal(), HasSubstr(fmt::format("process {} is writing it", server.pid())));
  }
  EXPECT_EQ(refusal(), "");
}

TEST_F(BinaryLogCheckTest, TransactionsBehindTheLastWriteAreThoseOfTheOriginal) {
  const CommitTimes later{.newest_us = kCrash + 90 * kSecond};
  EXPECT_THAT(refusal(later), HasSubstr("committed 90 s after the last write to the directory"));
  writes_.any_us = kCrash + 60 * kSecond;
  EXPECT_EQ(refusal(later), "") << "data files count as well";
}

TEST_F(BinaryLogCheckTest, WhatWasLoggedLongBehindAPreparedTransactionIsPreparedAsWell) {
  writes_ = {.redo_us = kCrash + 1000 * kSecond, .any_us = kCrash + 1000 * kSecond};
  stamp_.modified_ns = writes_.redo_us * 1000;  // all of it was copied
  CommitTimes times{.newest_us = kCrash, .first_wanted_us = kCrash - 100 * kSecond};
  EXPECT_EQ(refusal(times), "") << "all are";
  times.last_unwanted_us = kCrash - 50 * kSecond;
  EXPECT_EQ(refusal(times), "") << "without ordered commits this can be";
  times.last_unwanted_us = kCrash;
  EXPECT_THAT(refusal(times), HasSubstr("100 s after a transaction that is prepared here it has others that are not"));
}

TEST_F(BinaryLogCheckTest, ALogOfLongAgoIsThatOfAnEarlierCrash) {
  writes_ = {.redo_us = kCrash + 700 * kSecond, .any_us = kCrash + 700 * kSecond};
  EXPECT_THAT(refusal(), HasSubstr("700 s before the redo log"));
  EXPECT_EQ(refusal({.newest_us = kCrash + 200 * kSecond}), "");
  stamp_.modified_ns += 200 * kSecond * 1000;
  EXPECT_EQ(refusal(), "") << "a transaction that is not whole was written";
}

TEST_F(BinaryLogCheckTest, ALogOfLongAgoIsGoodEnoughWhenItIsNamedOrNothingWaitsForIt) {
  writes_ = {.redo_us = kCrash + 700 * kSecond, .any_us = kCrash + 700 * kSecond};
  wanted_ = {.internal = {}, .external = {{1, "a", ""}}};
  EXPECT_EQ(refusal(), "") << "XA transactions stay prepared for as long as they like";
  wanted_ = kWanted;
  origin_ = BinaryLogOrigin::named_by_options;
  EXPECT_EQ(refusal(), "");
}

TEST_F(BinaryLogCheckTest, TheLastWritesAreThoseOfTheNewestFiles) {
  RedoSurvey redo;
  for (const std::int64_t seconds : {5, 7, 6})
    redo.files.push_back({.path = {},
                          .stamp = {.modified_ns = seconds * kSecond * 1000},
                          .id = 0,
                          .start = Error{Errc::malformed, "none"}});
  std::vector<TablespaceFile> files(2);
  files[0].stamp.modified_ns = 6 * kSecond * 1000;
  EXPECT_EQ(last_writes_of(redo, files).redo_us, 7 * kSecond);
  EXPECT_EQ(last_writes_of(redo, files).any_us, 7 * kSecond);
  files[1].stamp.modified_ns = 9 * kSecond * 1000;
  EXPECT_EQ(last_writes_of(redo, files).redo_us, 7 * kSecond);
  EXPECT_EQ(last_writes_of(redo, files).any_us, 9 * kSecond);
}

}  // namespace
}  // namespace donord
