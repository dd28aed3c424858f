#include "upstream/backup_lock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_server.hpp"

namespace donord {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

FakeServer::Answer agree(const std::string&) {
  return OkPacket{};
}

TEST(BackupLock, IsTakenWithALimitAndGivenBack) {
  FakeServer server{agree};
  {
    Result<BackupLock> lock =
        BackupLock::acquire(server.options(), std::chrono::seconds{300}, std::chrono::seconds{60});
    ASSERT_TRUE(lock) << lock.error().what;
    EXPECT_TRUE(lock->still_held());
  }
  while (server.statements().size() < 6) std::this_thread::yield();
  EXPECT_THAT(server.statements(),
              ElementsAre(StartsWith("SET NAMES"), "SET SESSION lock_wait_timeout = 300, wait_timeout = 60",
                          "LOCK INSTANCE FOR BACKUP", "PING", "UNLOCK INSTANCE", "QUIT"));
}

TEST(BackupLock, KeepsToTheLimitsOfTheServer) {
  FakeServer server{agree};
  ASSERT_TRUE(BackupLock::acquire(server.options(), std::chrono::seconds{0}, std::chrono::hours{24 * 400}));
  EXPECT_THAT(server.statements()[1], "SET SESSION lock_wait_timeout = 1, wait_timeout = 31536000");
}

TEST(BackupLock, SaysThatDdlDidNotEndInTime) {
  FakeServer server{[](const std::string& statement) -> FakeServer::Answer {
    if (statement.starts_with("LOCK")) return ErrPacket{1205, "HY000", "Lock wait timeout exceeded"};
    return OkPacket{};
  }};
  EXPECT_EQ(BackupLock::acquire(server.options(), std::chrono::seconds{1}).error().code, Errc::timeout);
}

TEST(BackupLock, IsNotWaitedForWhenNobodyWantsItAnyMore) {
  FakeServer server{[](const std::string& statement) -> FakeServer::Answer {
    if (statement.starts_with("LOCK")) return FakeServer::Silence{};
    return OkPacket{};
  }};
  int asked = 0;
  const Result<BackupLock> lock = BackupLock::acquire(server.options(), std::chrono::seconds{300},
                                                      BackupLock::kIdleLimit, [&asked] { return ++asked == 2; });
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, Errc::cancelled);
  EXPECT_EQ(asked, 2);
}

TEST(BackupLock, IsLostWithTheSession) {
  FakeServer server{agree};
  BackupLock lock = BackupLock::acquire(server.options(), std::chrono::seconds{1}).value();
  server.hang_up();
  const Result<> held = lock.still_held();
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().code, Errc::cancelled);
  EXPECT_THAT(held.error().what, HasSubstr("the backup lock is lost"));
  EXPECT_FALSE(lock.release());
}

TEST(BackupLock, IsNotHeldAfterItsRelease) {
  FakeServer server{agree};
  BackupLock lock = BackupLock::acquire(server.options(), std::chrono::seconds{1}).value();
  EXPECT_TRUE(lock.release());
  EXPECT_EQ(lock.still_held().error().code, Errc::conflict);
  EXPECT_TRUE(lock.release());
}

}  // namespace
}  // namespace donord
