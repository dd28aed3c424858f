#include "live/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/datadir_builder.hpp"
#include "support/locking_process.hpp"

namespace donord {
namespace {

using ::testing::HasSubstr;
using testing::LockingProcess;

class ServerProcessTest : public ::testing::Test {
 protected:
  ServerProcessTest() { testing::write_file(file_, Bytes(100)); }

  testing::ScratchDirectory scratch_;
  std::filesystem::path file_ = scratch_.path() / "ibdata1";
};

TEST_F(ServerProcessTest, IsWhoeverHoldsTheLock) {
  EXPECT_EQ(ServerProcess::find(file_).error().code, Errc::unavailable);
  const LockingProcess server{file_};
  const Result<ServerProcess> found = ServerProcess::find(file_);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->pid(), server.pid());
  EXPECT_TRUE(found->still_runs());
}

TEST_F(ServerProcessTest, AServerThatEndsIsMissed) {
  auto server = std::make_unique<LockingProcess>(file_);
  const Result<ServerProcess> found = ServerProcess::find(file_);
  ASSERT_TRUE(found);
  server.reset();
  const Result<> gone = found->still_runs();
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, Errc::conflict);
  EXPECT_THAT(gone.error().what, HasSubstr("was stopped"));
}

TEST_F(ServerProcessTest, AnotherServerIsNotTheSame) {
  auto server = std::make_unique<LockingProcess>(file_);
  const Result<ServerProcess> found = ServerProcess::find(file_);
  ASSERT_TRUE(found);
  server.reset();
  server = std::make_unique<LockingProcess>(file_);
  EXPECT_THAT(found->still_runs().error().what, HasSubstr("was started again"));
}

TEST_F(ServerProcessTest, MayHaveLostItsLock) {
  auto server = std::make_unique<LockingProcess>(file_, testing::Locked::lost);
  const Result<ServerProcess> found = ServerProcess::find(file_);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->pid(), server->pid());
  EXPECT_TRUE(found->still_runs());
  server.reset();
  EXPECT_THAT(found->still_runs().error().what, HasSubstr("was stopped"));
}

TEST_F(ServerProcessTest, AFileThatIsNotThereIsAnError) {
  EXPECT_EQ(ServerProcess::find(scratch_.path() / "gone").error().code, Errc::not_found);
}

}  // namespace
}  // namespace donord
