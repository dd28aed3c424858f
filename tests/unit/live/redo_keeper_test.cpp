#include "live/redo_keeper.hpp"

#include <algorithm>
#include <atomic>
#include <gtest/gtest.h>

#include "support/fake_server.hpp"

namespace donord {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kRegister = "SELECT innodb_redo_log_consumer_register()";
constexpr std::string_view kUnregister = "SELECT innodb_redo_log_consumer_unregister()";
constexpr RedoKeeperOptions kFast{
    .step = milliseconds{1}, .sign = milliseconds{20}, .retry = milliseconds{1}, .patience = milliseconds{10'000}};

/// A server that has its newest checkpoint at 1000; register() has this answer.
FakeServer::Script server_with(std::shared_ptr<std::atomic<int>> taken = std::make_shared<std::atomic<int>>(0)) {
  return [taken](const std::string& statement) -> FakeServer::Answer {
    if (statement == kRegister) return rows_of({{std::to_string(taken->load())}}, 1);
    if (statement.find("checkpoint_lsn") != std::string::npos) return rows_of({{"1000"}}, 1);
    if (statement.starts_with("SELECT innodb_redo")) return rows_of({{"0"}}, 1);
    return OkPacket{};
  };
}

std::ptrdiff_t count(const FakeServer& server, std::string_view statement) {
  return std::ranges::count(server.statements(), statement);
}

void wait_for(const FakeServer& server, std::string_view statement, std::ptrdiff_t times = 1) {
  while (count(server, statement) < times) std::this_thread::yield();
}

TEST(RedoKeeper, IsRegisteredWhenItIsMadeAndNoLongerWhenItIsGone) {
  FakeServer server{server_with()};
  {
    const RedoKeeper keeper{server.options(), kFast};
    EXPECT_EQ(count(server, kRegister), 1);
    EXPECT_EQ(count(server, kUnregister), 0);
  }
  EXPECT_EQ(count(server, kUnregister), 1);
}

TEST(RedoKeeper, TellsTheServerWhatWasRead) {
  FakeServer server{server_with()};
  RedoKeeper keeper{server.options(), kFast};
  keeper.read_until(Lsn{1'000'000});
  wait_for(server, "SELECT innodb_redo_log_consumer_advance(1000000)");
  keeper.read_until(Lsn{1'000'001});  // not worth a word of its own
  wait_for(server, "SELECT innodb_redo_log_consumer_advance(1000001)");
  keeper.read_until(Lsn{999});
  wait_for(server, "PING");
  EXPECT_EQ(count(server, "SELECT innodb_redo_log_consumer_advance(999)"), 0);
}

TEST(RedoKeeper, LeavesAtOnceWhenThereIsNoReaderAnyMore) {
  FakeServer server{server_with()};
  RedoKeeper keeper{server.options(), kFast};
  keeper.leave();
  wait_for(server, kUnregister);
  wait_for(server, "QUIT");
  EXPECT_EQ(count(server, kRegister), 1);
}

TEST(RedoKeeper, LeavesWhileTheReaderDoesNotComeRound) {
  RedoKeeperOptions options = kFast;
  options.patience = milliseconds{50};
  FakeServer server{server_with()};
  RedoKeeper keeper{server.options(), options};
  wait_for(server, kUnregister);
  wait_for(server, "QUIT");
  EXPECT_EQ(count(server, kRegister), 1);
  while (count(server, kRegister) < 2) keeper.read_until(Lsn{2000});
}

TEST(RedoKeeper, ComesBackAfterItsSessionWasLost) {
  FakeServer server{server_with()};
  RedoKeeper keeper{server.options(), kFast};
  server.hang_up();
  while (count(server, kRegister) < 2) keeper.read_until(Lsn{2000});
}

TEST(RedoKeeper, WaitsForAPlaceThatSomebodyElseHas) {
  const auto taken = std::make_shared<std::atomic<int>>(1);
  FakeServer server{server_with(taken)};
  RedoKeeper keeper{server.options(), kFast};
  wait_for(server, kRegister, 3);
  *taken = 0;
  while (count(server, "SELECT innodb_redo_log_consumer_advance(500000)") == 0) keeper.read_until(Lsn{500'000});
}

}  // namespace
}  // namespace donord
