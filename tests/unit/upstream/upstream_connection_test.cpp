#include "upstream/upstream_connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_server.hpp"

namespace donord {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// Answers what prepares a session, and leaves the rest to the test.
FakeServer::Script after_set(FakeServer::Script script) {
  return [script = std::move(script)](const std::string& statement) -> FakeServer::Answer {
    return statement.starts_with("SET NAMES") ? FakeServer::Answer{OkPacket{}} : script(statement);
  };
}

FakeServer::Script always(FakeServer::Answer answer) {
  return after_set([answer](const std::string&) { return answer; });
}

TEST(UpstreamConnection, PreparesItsSessionAndSaysGoodbye) {
  FakeServer server{always(OkPacket{})};
  {
    const Result<UpstreamConnection> connection = UpstreamConnection::open(server.options());
    ASSERT_TRUE(connection) << connection.error().what;
    EXPECT_EQ(connection->server_version(), "9.7.4");
    EXPECT_EQ(connection->connection_id(), ConnectionId{7});
    EXPECT_EQ(connection->tls(), "");
    EXPECT_TRUE(connection->options().password.empty());
  }
  while (server.statements().size() < 2) std::this_thread::yield();
  EXPECT_THAT(server.statements(), ElementsAre(StartsWith("SET NAMES utf8mb4"), "QUIT"));
}

TEST(UpstreamConnection, GivesRows) {
  FakeServer server{always(rows_of({{"1", "a"}, {"2", std::nullopt}}, 2))};
  UpstreamConnection connection = UpstreamConnection::open(server.options()).value();
  const Result<std::vector<TextRow>> rows = connection.query("SELECT id, name FROM t", 2);
  ASSERT_TRUE(rows) << rows.error().what;
  EXPECT_THAT(*rows, ElementsAre(TextRow{"1", "a"}, TextRow{"2", std::nullopt}));
  EXPECT_THAT(connection.query("SELECT id, name FROM t", 2)->size(), 2);
}

TEST(UpstreamConnection, OutlivesWhatTheServerRefuses) {
  FakeServer server{always(ErrPacket{1227, "42000", "Access denied"})};
  UpstreamConnection connection = UpstreamConnection::open(server.options()).value();
  const Result<> refused = connection.execute("LOCK INSTANCE FOR BACKUP");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::denied);
  EXPECT_THAT(refused.error().what, StartsWith("tester@"));
  EXPECT_THAT(refused.error().what, HasSubstr("error 1227 (42000)"));
  EXPECT_FALSE(connection.lost());
  EXPECT_TRUE(connection.ping());
}

TEST(UpstreamConnection, NoticesThatItIsLost) {
  FakeServer server{always(FakeServer::HangUp{})};
  UpstreamConnection connection = UpstreamConnection::open(server.options()).value();
  EXPECT_FALSE(connection.lost());
  const Result<> gone = connection.execute("DO 1");
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, Errc::cancelled);
  EXPECT_TRUE(connection.lost());
  EXPECT_EQ(connection.ping().error().what, gone.error().what);
}

TEST(UpstreamConnection, PassesOnWhyAServerEndsTheSession) {
  FakeServer server{always(OkPacket{})};
  UpstreamConnection connection = UpstreamConnection::open(server.options()).value();
  server.say(ErrPacket{4031, "HY000", "The client was disconnected by the server because of inactivity."});
  const Result<> gone = connection.ping();
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, Errc::cancelled);
  EXPECT_THAT(gone.error().what, HasSubstr("inactivity"));
  EXPECT_TRUE(connection.lost());
}

TEST(UpstreamConnection, DoesNotWaitForEver) {
  FakeServer server{always(FakeServer::Silence{})};
  UpstreamOptions options = server.options();
  options.read_timeout = std::chrono::seconds{1};
  UpstreamConnection connection = UpstreamConnection::open(options).value();
  EXPECT_EQ(connection.execute("DO SLEEP(1000)").error().code, Errc::timeout);
  EXPECT_TRUE(connection.lost());
}

TEST(UpstreamConnection, BoundsRowsAndBytes) {
  FakeServer server{always(rows_of(std::vector<TextRow>(5000, TextRow{std::string(100, 'x')}), 1))};
  UpstreamConnection many = UpstreamConnection::open(server.options()).value();
  EXPECT_EQ(many.query("SELECT", 1)->size(), 5000);
  EXPECT_EQ(many.query("SELECT", 1, {.rows = 1000}).error().code, Errc::exhausted);
  EXPECT_TRUE(many.lost());
  UpstreamConnection large = UpstreamConnection::open(server.options()).value();
  EXPECT_FALSE(large.query("SELECT", 1, {.bytes = 10'000}));
  EXPECT_TRUE(large.lost());
}

TEST(UpstreamConnection, RefusesAnswersOfAnotherShape) {
  for (const FakeServer::Answer& answer :
       {FakeServer::Answer{rows_of({{"1"}}, 1)}, FakeServer::Answer{OkPacket{}},
        FakeServer::Answer{FakeServer::Raw{{}}}, FakeServer::Answer{FakeServer::Raw{to_bytes("\xFB/etc/passwd")}}}) {
    FakeServer server{always(answer)};
    UpstreamConnection connection = UpstreamConnection::open(server.options()).value();
    EXPECT_FALSE(connection.query("SELECT 1, 2", 2));
    EXPECT_TRUE(connection.lost());
  }
}

TEST(UpstreamConnection, NamesTheSocketThatIsNotThere) {
  UpstreamOptions options = parse_upstream("clone@/nowhere/mysqld.sock").value();
  const Result<UpstreamConnection> connection = UpstreamConnection::open(options);
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code, Errc::not_found);
  EXPECT_THAT(connection.error().what, HasSubstr("clone@/nowhere/mysqld.sock: cannot connect"));
  options.socket = std::string(200, '/');
  EXPECT_EQ(UpstreamConnection::open(options).error().code, Errc::usage);
}

}  // namespace
}  // namespace donord
