#include "base/file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/scratch_directory.hpp"

namespace donord {
namespace {

namespace fs = std::filesystem;

class FileTest : public ::testing::Test {
 protected:
  const testing::ScratchDirectory scratch_;
  const fs::path directory_ = scratch_.path();
};

TEST_F(FileTest, AtomicWriteLeavesOnlyTheFileWithItsMode) {
  const fs::path path = directory_ / "secret";
  ASSERT_TRUE(write_file_atomically(path, as_bytes("one"), 0600));
  ASSERT_TRUE(write_file_atomically(path, as_bytes("two"), 0600));
  EXPECT_EQ(as_text(*read_file(path, 100)), "two");
  EXPECT_EQ(std::distance(fs::directory_iterator{directory_}, {}), 1);
  struct stat status = {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(FileTest, AtomicWriteIntoAMissingDirectoryFails) {
  EXPECT_EQ(write_file_atomically(directory_ / "no" / "file", as_bytes("x"), 0600).error().code, Errc::not_found);
}

TEST_F(FileTest, ReadingPastTheEndNamesFileAndOffset) {
  const fs::path path = directory_ / "short";
  ASSERT_TRUE(write_file_atomically(path, as_bytes("12345"), 0600));
  const Result<UniqueFd> fd = open_for_reading(path);
  Bytes into(4);
  const Result<> read = read_exactly(*fd, path, 3, into);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::truncated);
  EXPECT_NE(read.error().what.find("ends at 5"), std::string::npos) << read.error().what;
}

TEST_F(FileTest, NothingIsReadFromTheCacheBehindTheEndOrWhereNobodyCanTell) {
  const fs::path path = directory_ / "short";
  ASSERT_TRUE(write_file_atomically(path, as_bytes("12345"), 0600));
  Bytes into(4);
  EXPECT_FALSE(read_if_cached(*open_for_reading(path), 3, into));
  EXPECT_FALSE(read_if_cached(*open_for_reading("/proc/self/status"), 0, into));
}

TEST_F(FileTest, AFileWhoseSizeIsNotToldIsReadToItsEnd) {
  const Result<Bytes> status = read_file("/proc/self/status", 1 << 20);
  ASSERT_TRUE(status);
  EXPECT_TRUE(as_text(*status).starts_with("Name:"));
  EXPECT_TRUE(as_text(*status).ends_with("\n"));
  EXPECT_EQ(read_file("/proc/self/status", 10).error().code, Errc::unavailable);
}

TEST_F(FileTest, WritesWhereItIsTold) {
  const fs::path path = directory_ / "f";
  ASSERT_TRUE(write_file_atomically(path, as_bytes("12345"), 0600));
  const UniqueFd fd{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  ASSERT_TRUE(write_exactly(fd, path, 3, as_bytes("abc")));
  EXPECT_EQ(as_text(*read_file(path, 100)), "123abc");
  EXPECT_EQ(write_exactly(UniqueFd{}, path, 0, as_bytes("x")).error().code, Errc::io);
}

TEST_F(FileTest, RefusesWhatIsNotARegularFile) {
  EXPECT_EQ(open_for_reading(directory_).error().code, Errc::malformed);
  EXPECT_EQ(open_for_reading(directory_ / "absent").error().code, Errc::not_found);
  ASSERT_EQ(::mkfifo((directory_ / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(open_for_reading(directory_ / "fifo").error().code, Errc::malformed);
}

TEST_F(FileTest, RefusesAFileOverTheLimit) {
  ASSERT_TRUE(write_file_atomically(directory_ / "f", as_bytes("12345"), 0600));
  EXPECT_EQ(read_file(directory_ / "f", 4).error().code, Errc::unavailable);
}

}  // namespace
}  // namespace donord
