#include "base/forgetful_read.hpp"

#include <algorithm>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/scratch_directory.hpp"
#include "support/seeded_random.hpp"

namespace donord {
namespace {

constexpr std::size_t kFileBytes = std::size_t{1} << 20;
constexpr std::size_t kPageBytes = 4096;

class ForgetfulReadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::SeededRandom random{7};
    content_.resize(kFileBytes);
    for (std::uint8_t& byte : content_) byte = static_cast<std::uint8_t>(random.below(256));
    ASSERT_TRUE(write_file_atomically(path_, content_, 0600));
    fd_ = std::move(*open_for_reading(path_));
    ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_RANDOM);
    forget(0, kFileBytes);
    if (cached(0, kFileBytes) != 0) GTEST_SKIP() << "this file system is always in memory";
  }

  void forget(std::size_t offset, std::size_t bytes) {
    ::posix_fadvise(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(bytes), POSIX_FADV_DONTNEED);
  }

  /// Bytes that are in the page cache.
  std::size_t cached(std::size_t offset, std::size_t bytes) {
    void* map = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd_.get(), static_cast<off_t>(offset));
    EXPECT_NE(map, MAP_FAILED);
    std::vector<unsigned char> pages(bytes / kPageBytes);
    EXPECT_EQ(::mincore(map, bytes, pages.data()), 0);
    ::munmap(map, bytes);
    return kPageBytes *
           static_cast<std::size_t>(std::ranges::count_if(pages, [](unsigned char page) { return (page & 1U) != 0; }));
  }

  void read_and_compare(std::size_t offset, std::size_t bytes) {
    Bytes into(bytes);
    const Result<> read = read_and_forget(fd_, path_, offset, into);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_TRUE(std::ranges::equal(into, ByteView{content_}.subspan(offset, bytes)));
  }

  const testing::ScratchDirectory scratch_;
  const std::filesystem::path path_ = scratch_.path() / "file";
  Bytes content_;
  UniqueFd fd_;
};

TEST_F(ForgetfulReadTest, WhatWasNotCachedIsNotCachedAfterwards) {
  read_and_compare(0, kFileBytes);
  EXPECT_EQ(cached(0, kFileBytes), 0U);
}

TEST_F(ForgetfulReadTest, WhatWasCachedStays) {
  constexpr std::size_t kBegin = 256 * 1024;
  constexpr std::size_t kCachedBytes = 128 * 1024;
  Bytes somebody_elses(kCachedBytes);
  ASSERT_TRUE(read_exactly(fd_, path_, kBegin, somebody_elses));
  ASSERT_EQ(cached(0, kFileBytes), kCachedBytes);
  read_and_compare(0, kFileBytes);
  EXPECT_EQ(cached(kBegin, kCachedBytes), kCachedBytes);
  EXPECT_EQ(cached(0, kFileBytes), kCachedBytes);
}

TEST_F(ForgetfulReadTest, WhatIsCachedIsReadWithoutADisk) {
  Bytes somebody_elses(128 * 1024);
  ASSERT_TRUE(read_exactly(fd_, path_, 256 * 1024, somebody_elses));
  Bytes into(100'000);
  ASSERT_TRUE(read_if_cached(fd_, 256 * 1024 + 1000, into));
  EXPECT_TRUE(std::ranges::equal(into, ByteView{content_}.subspan(256 * 1024 + 1000, into.size())));
}

TEST_F(ForgetfulReadTest, AnyPieceIsRead) {
  testing::SeededRandom random{11};
  for (int i = 0; i < 200; ++i) {
    const std::size_t offset = random.below(kFileBytes);
    read_and_compare(offset, random.below(kFileBytes - offset));
  }
}

TEST_F(ForgetfulReadTest, TheEndOfTheFileIsAnError) {
  Bytes into(100'000);
  EXPECT_EQ(read_and_forget(fd_, path_, kFileBytes - 70'000, into).error().code, Errc::truncated);
}

}  // namespace
}  // namespace donord
