#include "source/data_file_path.hpp"

#include <gtest/gtest.h>

namespace donord {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

TEST(DataFilePath, ListsFilesInOrder) {
  const auto files = parse_data_file_path("ibdata1:12M;/other/ibdata2:2G:autoextend");
  ASSERT_TRUE(files) << files.error().what;
  ASSERT_EQ(files->size(), 2U);
  EXPECT_EQ((*files)[0], (SystemFileSpec{"ibdata1", 12 * kMiB, false}));
  EXPECT_EQ((*files)[1], (SystemFileSpec{"/other/ibdata2", 2048 * kMiB, true}));
}

TEST(DataFilePath, TheDefaultIsOneFileThatGrows) {
  EXPECT_EQ(*parse_data_file_path(kDefaultDataFilePath), (std::vector{SystemFileSpec{"ibdata1", 12 * kMiB, true}}));
}

TEST(DataFilePath, TakesAMaximum) {
  EXPECT_EQ(parse_data_file_path("ibdata1:12M:autoextend:max:500M")->at(0).max_bytes, 500 * kMiB);
}

TEST(DataFilePath, RefusesWhatMysqldRefuses) {
  for (const char* text :
       {"", "ibdata1", "ibdata1:", ":12M", "ibdata1:0M", "ibdata1:x", "ibdata1:12M;", "a:1M:autoextend;b:1M",
        "a:1M:grow", "a:1M:autoextend:max", "a:1M:autoextend:max:x", "a:1M:autoextend:max:1G:2"}) {
    const auto files = parse_data_file_path(text);
    ASSERT_FALSE(files) << text;
    EXPECT_EQ(files.error().code, Errc::usage) << text;
  }
}

TEST(DataFilePath, RefusesRawDevices) {
  for (const char* text : {"/dev/sdb1:12Mraw", "/dev/sdb1:12Mnewraw"})
    EXPECT_NE(parse_data_file_path(text).error().what.find("raw devices"), std::string::npos) << text;
}

TEST(DataFilePath, AFixedFileHasExactlyItsSizeInWholeMegabytes) {
  const SystemFileSpec fixed{"ibdata1", 12 * kMiB, false};
  EXPECT_TRUE(check_size(fixed, "/d/ibdata1", 12 * kMiB));
  EXPECT_TRUE(check_size(fixed, "/d/ibdata1", 12 * kMiB + 16384));
  for (const std::uint64_t size : {std::uint64_t{0}, 12 * kMiB - 1, 13 * kMiB}) {
    const Result<> fits = check_size(fixed, "/d/ibdata1", size);
    ASSERT_FALSE(fits) << size;
    EXPECT_EQ(fits.error().code, Errc::conflict);
    EXPECT_NE(fits.error().what.find("says exactly 12 MiB"), std::string::npos) << fits.error().what;
  }
}

TEST(DataFilePath, AFileThatGrowsIsBetweenItsFirstSizeAndItsMaximum) {
  const SystemFileSpec growing{"ibdata1", 12 * kMiB, true};
  EXPECT_FALSE(check_size(growing, "/d/ibdata1", 11 * kMiB));
  EXPECT_TRUE(check_size(growing, "/d/ibdata1", 4096 * kMiB));
  const SystemFileSpec limited{"ibdata1", 12 * kMiB, true, 50 * kMiB};
  EXPECT_TRUE(check_size(limited, "/d/ibdata1", 50 * kMiB));
  EXPECT_FALSE(check_size(limited, "/d/ibdata1", 51 * kMiB));
}

}  // namespace
}  // namespace donord
