#include "source/file_lock.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/datadir_builder.hpp"
#include "support/locking_process.hpp"

namespace donord {
namespace {

using testing::LockingProcess;
using testing::ScratchDirectory;
using testing::write_file;

class FileLockTest : public ::testing::Test {
 protected:
  FileLockTest() { write_file(path_, as_bytes("x")); }

  ScratchDirectory scratch_;
  std::filesystem::path path_ = scratch_.path() / "ibdata1";
};

TEST_F(FileLockTest, NobodyHoldsAFreshFile) {
  EXPECT_EQ((*find_writer(path_)).has_value(), false);
}

TEST_F(FileLockTest, AServerIsFoundWithItsProcessId) {
  const LockingProcess server{path_};
  ASSERT_TRUE(server.locked());
  const auto holder = find_writer(path_);
  ASSERT_TRUE(holder && *holder);
  EXPECT_EQ((**holder).pid, server.pid());
  const auto lock = SharedFileLock::acquire(path_);
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, Errc::unavailable);
  EXPECT_NE(lock.error().what.find(std::to_string(server.pid())), std::string::npos) << lock.error().what;
}

TEST_F(FileLockTest, AServerThatHasLostItsLockIsFoundAsWell) {
  const LockingProcess server{path_, testing::Locked::lost};
  const auto holder = find_writer(path_);
  ASSERT_TRUE(holder && *holder);
  EXPECT_EQ((**holder).pid, server.pid());
  const auto lock = SharedFileLock::acquire(path_);
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, Errc::unavailable);
  EXPECT_NE(lock.error().what.find(std::to_string(server.pid())), std::string::npos) << lock.error().what;
}

TEST_F(FileLockTest, TheLockKeepsAServerOutAndEndsWithItsObject) {
  {
    const auto lock = SharedFileLock::acquire(path_);
    ASSERT_TRUE(lock);
    EXPECT_FALSE(LockingProcess{path_}.locked());
  }
  EXPECT_TRUE(LockingProcess{path_}.locked());
}

TEST_F(FileLockTest, ReadersDoNotExcludeEachOther) {
  const auto one = SharedFileLock::acquire(path_);
  const auto two = SharedFileLock::acquire(path_);
  EXPECT_TRUE(one && two);
  EXPECT_EQ((*find_writer(path_)).has_value(), false);
}

TEST_F(FileLockTest, ClosingAnotherDescriptorOfTheFileDoesNotEndTheLock) {
  const auto lock = SharedFileLock::acquire(path_);
  ASSERT_TRUE(lock);
  ASSERT_TRUE(open_for_reading(path_));
  EXPECT_FALSE(LockingProcess{path_}.locked());
}

TEST_F(FileLockTest, AFileThatCannotBeAskedForLocksIsAnError) {
  const auto holder = find_writer(UniqueFd{}, path_);
  ASSERT_FALSE(holder);
  EXPECT_NE(holder.error().what.find("cannot ask for locks on " + path_.string()), std::string::npos);
  EXPECT_NE(holder.error().hint.find("file system that supports them"), std::string::npos);
}

TEST_F(FileLockTest, AMissingFileIsAnError) {
  EXPECT_EQ(SharedFileLock::acquire(scratch_.path() / "no").error().code, Errc::not_found);
  EXPECT_EQ(find_writer(scratch_.path() / "no").error().code, Errc::not_found);
}

}  // namespace
}  // namespace donord
