#include "upstream/redo_consumer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_server.hpp"

namespace donord {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// A server that has its newest checkpoint at 1000, and answers `answer` to calls of `function`.
FakeServer::Script server_with(std::string function = "", FakeServer::Answer answer = OkPacket{}) {
  return
      [function = std::move(function), answer = std::move(answer)](const std::string& statement) -> FakeServer::Answer {
        if (!function.empty() && statement.find(function) != std::string::npos) return answer;
        if (statement.find("checkpoint_lsn") != std::string::npos) return rows_of({{"1000"}}, 1);
        if (statement.starts_with("SELECT innodb_redo")) return rows_of({{"0"}}, 1);
        return OkPacket{};
      };
}

TEST(RedoConsumer, RegistersAdvancesAndLeaves) {
  FakeServer server{server_with()};
  {
    RedoConsumer consumer = RedoConsumer::attach(server.options(), std::chrono::seconds{20}).value();
    EXPECT_EQ(consumer.kept_from(), Lsn{1000});
    EXPECT_TRUE(consumer.advance(Lsn{1000}));
    EXPECT_TRUE(consumer.advance(Lsn{5000}));
    EXPECT_TRUE(consumer.advance(Lsn{4000}));
    EXPECT_EQ(consumer.kept_from(), Lsn{5000});
  }
  while (server.statements().size() < 9) std::this_thread::yield();
  EXPECT_THAT(server.statements(),
              ElementsAre(StartsWith("SET NAMES"), "SET SESSION wait_timeout = 20",
                          "SELECT innodb_redo_log_consumer_register()", HasSubstr("checkpoint_lsn"), "PING",
                          "SELECT innodb_redo_log_consumer_advance(5000)", "PING",
                          "SELECT innodb_redo_log_consumer_unregister()", "QUIT"));
}

TEST(RedoConsumer, IsTheOnlyOne) {
  FakeServer server{server_with("consumer_register", rows_of({{"1"}}, 1))};
  const Result<RedoConsumer> consumer = RedoConsumer::attach(server.options());
  ASSERT_FALSE(consumer);
  EXPECT_EQ(consumer.error().code, Errc::conflict);
}

TEST(RedoConsumer, NeedsAServerThatKnowsSuchConsumers) {
  FakeServer server{server_with("consumer_register", ErrPacket{1046, "3D000", "No database selected"})};
  EXPECT_EQ(RedoConsumer::attach(server.options()).error().code, Errc::unsupported_version);
}

TEST(RedoConsumer, SaysThatTheServerKeepsNothingAnyLonger) {
  FakeServer refusing{server_with("consumer_advance", rows_of({{"1"}}, 1))};
  RedoConsumer consumer = RedoConsumer::attach(refusing.options()).value();
  EXPECT_EQ(consumer.advance(Lsn{2000}).error().code, Errc::conflict);
  EXPECT_EQ(consumer.kept_from(), Lsn{1000});

  FakeServer ending{server_with()};
  RedoConsumer lost = RedoConsumer::attach(ending.options()).value();
  ending.hang_up();
  EXPECT_EQ(lost.advance(Lsn{2000}).error().code, Errc::cancelled);
  EXPECT_FALSE(lost.detach());
  EXPECT_EQ(lost.advance(Lsn{2000}).error().code, Errc::conflict);
}

}  // namespace
}  // namespace donord
