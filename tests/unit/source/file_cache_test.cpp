#include "source/file_cache.hpp"

#include <gtest/gtest.h>
#include <thread>
#include <vector>

#include "support/datadir_builder.hpp"

namespace donord {
namespace {

using testing::ScratchDirectory;
using testing::write_file;

class FileCacheTest : public ::testing::Test {
 protected:
  std::filesystem::path make(int i) {
    const std::filesystem::path path = scratch_.path() / std::to_string(i);
    write_file(path, as_bytes(std::to_string(i)));
    return path;
  }

  ScratchDirectory scratch_;
};

TEST_F(FileCacheTest, KeepsNoMoreFilesOpenThanAllowed) {
  FileCache cache{3};
  for (int i = 0; i < 10; ++i) {
    const auto path = make(i);
    ASSERT_TRUE(cache.open(path, *stamp_of(path)));
    EXPECT_LE(cache.open_count(), 3U);
  }
}

TEST_F(FileCacheTest, FindsOnlyWhatIsOpen) {
  FileCache cache{1};
  const auto first = make(1);
  EXPECT_EQ(cache.find(*stamp_of(first)), nullptr);
  const auto fd = cache.open(first, *stamp_of(first));
  EXPECT_EQ(cache.find(*stamp_of(first)), *fd);
  const auto second = make(2);
  ASSERT_TRUE(cache.open(second, *stamp_of(second)));
  EXPECT_EQ(cache.find(*stamp_of(first)), nullptr);
}

TEST_F(FileCacheTest, AFileInUseStaysReadableWhenItIsForgotten) {
  FileCache cache{1};
  const auto first = make(1);
  const auto held = cache.open(first, *stamp_of(first));
  const auto second = make(2);
  ASSERT_TRUE(cache.open(second, *stamp_of(second)));
  Bytes into(1);
  EXPECT_TRUE(read_exactly(**held, first, 0, into));
  EXPECT_EQ(as_text(into), "1");
}

TEST_F(FileCacheTest, TheLeastRecentlyUsedIsForgottenFirst) {
  FileCache cache{2};
  const auto a = make(1);
  const auto b = make(2);
  const auto c = make(3);
  const auto fd = cache.open(a, *stamp_of(a));
  ASSERT_TRUE(cache.open(b, *stamp_of(b)));
  ASSERT_TRUE(cache.open(a, *stamp_of(a)));
  ASSERT_TRUE(cache.open(c, *stamp_of(c)));
  EXPECT_EQ(*cache.open(a, *stamp_of(a)), *fd);
}

TEST_F(FileCacheTest, AFileWithoutANameIsForgottenOnRequest) {
  FileCache cache{3};
  const auto removed = make(1);
  const auto stays = make(2);
  ASSERT_TRUE(cache.open(removed, *stamp_of(removed)));
  ASSERT_TRUE(cache.open(stays, *stamp_of(stays)));
  const FileStamp stamp = *stamp_of(removed);
  std::filesystem::remove(removed);
  cache.forget_removed();
  EXPECT_EQ(cache.open_count(), 1U);
  EXPECT_EQ(cache.open(removed, stamp).error().code, Errc::not_found);
}

TEST_F(FileCacheTest, AFileThatWasReplacedIsRefused) {
  FileCache cache{2};
  const auto path = make(1);
  const FileStamp stamp = *stamp_of(path);
  write_file(scratch_.path() / "other", as_bytes("2"));
  std::filesystem::rename(scratch_.path() / "other", path);
  EXPECT_EQ(cache.open(path, stamp).error().code, Errc::conflict);
}

TEST_F(FileCacheTest, ServesSeveralThreadsAtOnce) {
  FileCache cache{4};
  std::vector<std::filesystem::path> paths;
  std::vector<FileStamp> stamps;
  for (int i = 0; i < 9; ++i) {
    paths.push_back(make(i));
    stamps.push_back(*stamp_of(paths.back()));
  }
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 500; ++i) {
        const std::size_t file = (i * (t + 1)) % paths.size();
        const auto fd = cache.open(paths[file], stamps[file]);
        Bytes into(1);
        ASSERT_TRUE(fd && read_exactly(**fd, paths[file], 0, into));
        ASSERT_EQ(as_text(into), std::to_string(file));
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(cache.open_count(), 4U);
}

}  // namespace
}  // namespace donord
