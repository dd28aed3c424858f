#include "fault/fault_injector.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>
#include <unistd.h>

namespace donord {
namespace {

FaultRules rules(std::string_view text) {
  return FaultRules::parse(text).value();
}

/// 'x' for each of `hits` hits of point "p" at which the injector fired, '.' for the others.
std::string pattern(FaultInjector& faults, int hits) {
  std::string fired;
  for (int i = 0; i < hits; ++i) fired += faults.hit("p") ? 'x' : '.';
  return fired;
}

TEST(FaultInjector, DoesNothingUnarmed) {
  FaultInjector faults;
  EXPECT_EQ(pattern(faults, 3), "...");
  EXPECT_TRUE(faults.report().empty());
}

TEST(FaultInjector, FiresOnceByDefault) {
  FaultInjector faults{rules("p action=error")};
  EXPECT_EQ(pattern(faults, 4), "x...");
}

TEST(FaultInjector, SkipsTheFirstHitsAndStopsAfterTimes) {
  FaultInjector faults{rules("p after=2 times=3 action=error")};
  EXPECT_EQ(pattern(faults, 7), "..xxx..");
}

TEST(FaultInjector, FiresWithoutEndForTimesZero) {
  FaultInjector faults{rules("p after=1 times=0 action=error")};
  EXPECT_EQ(pattern(faults, 5), ".xxxx");
}

TEST(FaultInjector, MatchesPointAndAllAttributes) {
  FaultInjector faults{rules("net.send stage=redo_copy task=1 times=0 action=disconnect")};
  EXPECT_FALSE(faults.hit("net.receive", {{"stage", "redo_copy"}, {"task", 1u}}));
  EXPECT_FALSE(faults.hit("net.send"));
  EXPECT_FALSE(faults.hit("net.send", {{"stage", "redo_copy"}}));
  EXPECT_FALSE(faults.hit("net.send", {{"stage", "redo_copy"}, {"task", 11u}}));
  const auto action = faults.hit("net.send", {{"task", 1u}, {"stage", "redo_copy"}, {"message", "DATA"}});
  ASSERT_TRUE(action);
  EXPECT_EQ(action->kind, FaultKind::disconnect);
}

TEST(FaultInjector, CountsOnlyMatchingHits) {
  FaultInjector faults{rules("p stage=a after=1 action=error")};
  EXPECT_FALSE(faults.hit("p", {{"stage", "b"}}));
  EXPECT_FALSE(faults.hit("p", {{"stage", "a"}}));
  EXPECT_TRUE(faults.hit("p", {{"stage", "a"}}));
}

TEST(FaultInjector, LetsTheFirstRuleThatFiresWin) {
  FaultInjector faults{rules("p action=error number=1317; p action=delay ms=5")};
  EXPECT_EQ(faults.hit("p")->error_number, 1317);
  EXPECT_EQ(faults.hit("p")->delay, std::chrono::milliseconds{5});
  EXPECT_FALSE(faults.hit("p"));
}

TEST(FaultInjector, RepeatsItsFaultsForAnEqualSeed) {
  FaultInjector first{rules("p times=0 probability=0.5 seed=42 action=error")};
  FaultInjector second{rules("p times=0 probability=0.5 seed=42 action=error")};
  FaultInjector other{rules("p times=0 probability=0.5 seed=43 action=error")};
  const std::string fired = pattern(first, 200);
  EXPECT_EQ(fired, pattern(second, 200));
  EXPECT_NE(fired, pattern(other, 200));
  EXPECT_EQ(fired.substr(0, 16), ".xxxx.x.x.xx...x") << "the sequence of seed 42 must not change between releases";
}

TEST(FaultInjector, FiresAboutAsOftenAsTheProbabilitySays) {
  FaultInjector faults{rules("p times=0 probability=0.1 seed=1 action=error")};
  (void)pattern(faults, 10000);
  EXPECT_NEAR(static_cast<double>(faults.report()[0].fired), 1000.0, 100.0);
}

TEST(FaultInjector, ReportsMatchesSoThatAMisspeltPointShows) {
  FaultInjector faults{rules("p action=error; q action=error")};
  (void)pattern(faults, 3);
  const std::vector<FaultRuleReport> report = faults.report();
  ASSERT_EQ(report.size(), 2u);
  EXPECT_EQ(report[0].matched, 3u);
  EXPECT_EQ(report[0].fired, 1u);
  EXPECT_EQ(report[1].text, "q action=error");
  EXPECT_EQ(report[1].matched, 0u);
}

TEST(FaultInjector, BeginsAgainWhenArmedAnewAndStopsWhenDisarmed) {
  FaultInjector faults{rules("p action=error")};
  EXPECT_EQ(pattern(faults, 2), "x.");
  faults.arm(rules("p action=error"));
  EXPECT_EQ(pattern(faults, 2), "x.");
  faults.arm({});
  EXPECT_EQ(pattern(faults, 2), "..");
}

TEST(FaultInjector, FiresExactlyTimesAcrossThreads) {
  FaultInjector faults{rules("p times=100 action=error")};
  std::atomic<int> fired = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (int n = 0; n < 1000; ++n)
          if (faults.hit("p")) ++fired;
      });
  }
  EXPECT_EQ(fired, 100);
}

TEST(FaultInjector, KillsTheProcessForAbort) {
  EXPECT_EXIT(
      {
        FaultInjector faults{rules("p action=abort")};
        (void)faults.hit("p");
      },
      testing::KilledBySignal(SIGKILL), "");
}

TEST(FaultPoint, ReturnsAnErrorForErrorAndDisconnect) {
  FaultInjector faults{rules("p action=error; p action=disconnect")};
  EXPECT_FALSE(fault_point(faults, "p"));
  const Result<> second = fault_point(faults, "p");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().what, "injected fault at p");
  EXPECT_TRUE(fault_point(faults, "p"));
}

TEST(FaultPoint, WaitsAsLongAsTheDelaySays) {
  FaultInjector faults{rules("p action=delay ms=20")};
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(fault_point(faults, "p"));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds{20});
}

TEST(FaultPoint, PausesUntilTheFileExists) {
  const std::filesystem::path go =
      std::filesystem::path{testing::TempDir()} / fmt::format("donord_fault_go_{}", ::getpid());
  std::filesystem::remove(go);
  FaultInjector faults{rules(fmt::format("p action=pause until={}", go.string()))};
  std::atomic<bool> passed = false;
  std::jthread waiting{[&] {
    EXPECT_TRUE(fault_point(faults, "p"));
    passed = true;
  }};
  while (faults.report()[0].fired == 0) std::this_thread::yield();
  EXPECT_FALSE(passed);
  std::ofstream{go} << "go";
  waiting.join();
  EXPECT_TRUE(passed);
  std::filesystem::remove(go);
}

TEST(FaultPoint, PausesNoLongerThanTheProgramRuns) {
  FaultInjector faults{rules("p times=0 action=pause until=/there/is/no/such/file")};
  std::jthread waiting{[&] { EXPECT_TRUE(fault_point(faults, "p")); }};
  while (faults.report()[0].fired == 0) std::this_thread::yield();
  faults.release();
  waiting.join();
  EXPECT_TRUE(fault_point(faults, "p"));
}

}  // namespace
}  // namespace donord
