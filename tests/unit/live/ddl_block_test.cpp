#include "live/ddl_block.hpp"

#include <algorithm>
#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_server.hpp"

namespace donord {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

bool never() {
  return false;
}

FakeServer::Script locking(FakeServer::Answer answer) {
  return [answer = std::move(answer)](const std::string& statement) -> FakeServer::Answer {
    return statement.starts_with("LOCK") ? answer : OkPacket{};
  };
}

ErrPacket too_late() {
  return {1205, "HY000", "Lock wait timeout exceeded; try restarting transaction"};
}

TEST(DdlBlock, LastsAsLongAsTheObject) {
  FakeServer server{locking(OkPacket{})};
  {
    const auto block = DdlBlock::begin(server.options(), {seconds{300}, never}).value();
    EXPECT_THAT(server.statements(), Contains("LOCK INSTANCE FOR BACKUP"));
    EXPECT_THAT(server.statements(), Not(Contains("UNLOCK INSTANCE")));
  }
  EXPECT_THAT(server.statements(), Contains("UNLOCK INSTANCE"));
}

TEST(DdlBlock, GivesSignsOfLifeUntilTheSessionIsLost) {
  FakeServer server{locking(OkPacket{})};
  const auto block = DdlBlock::begin(server.options(), {seconds{1}, never}, milliseconds{1}).value();
  while (std::ranges::count(server.statements(), "PING") < 3) std::this_thread::yield();
  server.hang_up();
}

TEST(DdlBlock, EndsInATimeoutAfterItsLimit) {
  FakeServer server{locking(too_late())};
  EXPECT_EQ(DdlBlock::begin(server.options(), {seconds{2}, never}).error().code, Errc::timeout);
  EXPECT_THAT(server.statements(), Contains(HasSubstr("lock_wait_timeout = 2,")));
}

TEST(DdlBlock, IsAskedForAgainUntilSomebodyGivesUp) {
  FakeServer server{locking(too_late())};
  int asked = 0;
  const auto given_up = [&asked] { return ++asked == 3; };
  EXPECT_EQ(DdlBlock::begin(server.options(), {seconds{300}, given_up}).error().code, Errc::cancelled);
  EXPECT_EQ(std::ranges::count(server.statements(), "LOCK INSTANCE FOR BACKUP"), 3);
}

TEST(DdlBlock, IsGivenUpWhileTheServerSaysNothing) {
  FakeServer server{locking(FakeServer::Silence{})};
  const auto at_once = [] { return true; };
  EXPECT_EQ(DdlBlock::begin(server.options(), {seconds{300}, at_once}).error().code, Errc::cancelled);
}

TEST(DdlBlock, IsAConflictWhenTheServerCannotBeAsked) {
  FakeServer refusing{locking(ErrPacket{1227, "42000", "Access denied"})};
  const Error refused = DdlBlock::begin(refusing.options(), {seconds{1}, never}).error();
  EXPECT_EQ(refused.code, Errc::conflict);
  EXPECT_THAT(refused.what, HasSubstr("error 1227"));
  EXPECT_EQ(DdlBlock::begin(parse_upstream("x@/nowhere/socket").value(), {seconds{1}, never}).error().code,
            Errc::conflict);
}

}  // namespace
}  // namespace donord
