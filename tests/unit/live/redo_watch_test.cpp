#include "live/redo_watch.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fault/fault_injector.hpp"
#include "support/live_clone.hpp"

namespace donord {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using testing::MadeUpServer;
using ::testing::Not;

constexpr SpaceId kTable = MadeUpServer::kTable;

/// What the watch meets on its way from now on.
class ArmedFaults {
 public:
  explicit ArmedFaults(const std::string& rules) { process_faults().arm(FaultRules::parse(rules).value()); }
  ArmedFaults(const ArmedFaults&) = delete;
  ArmedFaults& operator=(const ArmedFaults&) = delete;
  ~ArmedFaults() { process_faults().arm({}); }

  static void wait_until_fired() {
    while (process_faults().report().front().fired == 0) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
};

class RedoWatchTest : public ::testing::Test {
 protected:
  std::shared_ptr<RedoWatch> start() const { return RedoWatch::start(testing::watch_options(server_)).value(); }
  std::shared_ptr<RedoWatch> start(std::chrono::milliseconds patience) const {
    RedoWatchOptions impatient = testing::watch_options(server_);
    impatient.pace.patience = patience;
    return RedoWatch::start(impatient).value();
  }

  static std::vector<PageId> pages(const RedoWatch& watch, Lsn from, Lsn to) {
    std::vector<PageId> pages;
    watch.tracker().changed(from, to).value().for_each([&](const PageId& page) { pages.push_back(page); });
    return pages;
  }

  static Error error_of(const Result<Lsn>& lsn) { return lsn ? Error{} : lsn.error(); }

  MadeUpServer server_;
};

TEST_F(RedoWatchTest, AHoldBeginsAtTheNewestCheckpointAndKeepsTheRedo) {
  const auto watch = start();
  server_.log_change(kTable, PageNo{3});
  const Lsn checkpoint = server_.checkpoint();
  server_.log_change(kTable, PageNo{4});
  const Result<RedoWatch::Hold> hold = watch->hold();
  ASSERT_TRUE(hold) << hold.error().what;
  EXPECT_EQ(hold->checkpoint, checkpoint);
  EXPECT_EQ(hold->log_end, server_.log_end());
  EXPECT_EQ(hold->pin.lsn(), checkpoint.block_start());
  innodb::RedoBlockBytes block{};
  ASSERT_TRUE(watch->read(checkpoint.block_start(), block));
  EXPECT_EQ(innodb::look_at_redo_block(block, checkpoint.block_start()).state, innodb::RedoBlockState::current);
}

TEST_F(RedoWatchTest, CatchingUpIsKnowingAllThatWasLoggedBefore) {
  const auto watch = start();
  for (int i = 0; i < 20; ++i) {
    server_.log_change(kTable, PageNo{static_cast<std::uint32_t>(i)});
    EXPECT_EQ(*watch->catch_up(), server_.log_end());
  }
  EXPECT_EQ(pages(*watch, MadeUpServer::kStart, server_.log_end()).size(), 20U);
}

TEST_F(RedoWatchTest, ALongBacklogIsNoReasonToGiveUpAsLongAsItIsRead) {
  server_.log_much(10 * 65536);
  const ArmedFaults slow{"live.tail action=delay ms=20 times=0"};  // and a file of 64 KiB at a time
  const auto watch = start(std::chrono::milliseconds{100});
  const Result<Lsn> until = watch->catch_up();
  ASSERT_TRUE(until) << until.error().what;
  EXPECT_EQ(*until, server_.log_end());
}

TEST_F(RedoWatchTest, APositionIsWaitedForBehindABacklogToo) {
  server_.log_much(10 * 65536);
  const ArmedFaults slow{"live.tail action=delay ms=20 times=0"};
  const auto watch = start(std::chrono::milliseconds{100});
  const Result<Lsn> until = watch->wait_until(server_.log_end());
  ASSERT_TRUE(until) << until.error().what;
  EXPECT_EQ(*until, server_.log_end());
}

TEST_F(RedoWatchTest, WithoutProgressCatchingUpEnds) {
  const auto watch = start(std::chrono::milliseconds{50});
  const ArmedFaults stuck{fmt::format("live.tail action=pause until={}", (server_.scratch() / "go").string())};
  ArmedFaults::wait_until_fired();
  server_.log_change(kTable, PageNo{3});
  EXPECT_EQ(error_of(watch->catch_up()).code, Errc::timeout);
  std::ofstream{server_.scratch() / "go"};
  EXPECT_EQ(*watch->wait_until(server_.log_end()), server_.log_end());
}

TEST_F(RedoWatchTest, APositionThatTheLogDoesNotReachIsNotWaitedForForever) {
  const auto watch = start(std::chrono::milliseconds{50});
  const Error error = error_of(watch->wait_until(server_.log_end() + 1));
  EXPECT_EQ(error.code, Errc::timeout);
  EXPECT_THAT(error.what, HasSubstr(fmt::format("did not reach LSN {}", server_.log_end() + 1)));
}

// ---- what a former watch has tracked

TEST_F(RedoWatchTest, WhatWasTrackedIsKnownToTheNextWatch) {
  {
    const auto watch = start();
    server_.log_change(kTable, PageNo{3});
    server_.checkpoint();
    ASSERT_TRUE(watch->hold());
  }
  server_.log_change(kTable, PageNo{4});
  server_.checkpoint();
  server_.log_much(2000);
  const auto watch = start();
  ASSERT_TRUE(watch->catch_up());
  EXPECT_EQ(watch->tracker().valid_from(), MadeUpServer::kStart);
  const std::vector<PageId> changed = pages(*watch, MadeUpServer::kStart, server_.log_end());
  EXPECT_THAT(changed, Contains(PageId{kTable, PageNo{3}}));
  EXPECT_THAT(changed, Contains(PageId{kTable, PageNo{4}}));
}

TEST_F(RedoWatchTest, WhatIsKnownOfAnotherLogIsForgotten) {
  {
    const auto watch = start();
    server_.log_change(kTable, PageNo{3});
    server_.checkpoint();
    ASSERT_TRUE(watch->hold());
  }
  server_.redo().set_uuid(0x87654321);
  const Lsn checkpoint = server_.checkpoint();
  const auto watch = start();
  EXPECT_EQ(watch->tracker().valid_from(), checkpoint);
}

TEST_F(RedoWatchTest, WithTheRedoInBetweenGoneTrackingBeginsAnew) {
  {
    const auto watch = start();
    server_.log_change(kTable, PageNo{3});
    server_.checkpoint();
    ASSERT_TRUE(watch->hold());
  }
  server_.log_much(100'000);
  const Lsn checkpoint = server_.checkpoint();
  while (server_.redo().files().size() > 1) server_.redo().remove_oldest();
  const auto watch = start();
  EXPECT_EQ(watch->tracker().valid_from(), checkpoint);
  EXPECT_TRUE(watch->hold());
}

// ---- ends

TEST_F(RedoWatchTest, RedoThatWasOverwrittenBeforeItWasReadIsNotPassedOver) {
  const auto watch = start();
  {
    const ArmedFaults stuck{fmt::format("live.tail action=pause until={}", (server_.scratch() / "go").string())};
    ArmedFaults::wait_until_fired();
    for (int i = 0; i < 4; ++i) {
      server_.log_much(60'000);
      server_.checkpoint();
      while (server_.redo().files().size() > 1) server_.redo().recycle();
    }
    std::ofstream{server_.scratch() / "go"};
  }
  const Error error = error_of(watch->catch_up());
  EXPECT_EQ(error.code, Errc::conflict);
  EXPECT_THAT(error.what, HasSubstr("was overwritten before it was read"));
  EXPECT_THAT(error.hint, HasSubstr("raise innodb_redo_log_capacity"));
  EXPECT_EQ(watch->failure()->what, error.what);
  EXPECT_EQ(watch->hold().error().what, error.what);
}

TEST_F(RedoWatchTest, AServerThatSwitchesItsLogOffIsNotFollowed) {
  const auto watch = start();
  server_.redo().set_flags(static_cast<std::uint32_t>(innodb::RedoFlag::logging_disabled));
  server_.log_change(kTable, PageNo{3});
  EXPECT_EQ(error_of(watch->wait_until(server_.log_end() + 1)).code, Errc::redo_disabled);
}

TEST_F(RedoWatchTest, WhatCannotBeParsedEndsTheWatchAndWhatItKnew) {
  const auto watch = start();
  server_.log(Bytes(20, 0xFF));
  const Error error = error_of(watch->wait_until(server_.log_end()));
  EXPECT_EQ(error.code, Errc::malformed);
  EXPECT_THAT(error.what, HasSubstr("the redo of the running server"));
  EXPECT_FALSE(std::filesystem::exists(testing::watch_options(server_).state_directory / "0" / "pages.track"));
}

}  // namespace
}  // namespace donord
