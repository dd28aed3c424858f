#include "source/datadir_options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace donord {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DatadirOptionsTest : public ::testing::Test {
 protected:
  Result<> apply(std::string name, std::string value, OptionRank rank = OptionRank::given,
                 std::string origin = "somewhere") {
    return apply_setting(options_, {std::move(name), std::move(value), rank, std::move(origin)});
  }

  DatadirOptions options_{.datadir = "/data"};
};

TEST_F(DatadirOptionsTest, EveryNameCanBeSet) {
  for (const std::string_view name : location_options()) {
    const bool sized = name == "innodb_page_size";
    const bool listed = name == "innodb_data_file_path";
    EXPECT_TRUE(apply(std::string{name}, sized ? "8k" : listed ? "a:12M" : "/x;/y")) << name;
    EXPECT_NE(options_.setting(name), nullptr) << name;
  }
  EXPECT_EQ(options_.innodb_page_size, 8192U);
  EXPECT_EQ(options_.innodb_data_file_path, "a:12M");
  EXPECT_THAT(options_.innodb_directories, ElementsAre("/x", "/y"));
  EXPECT_EQ(options_.datadir, "/x;/y");
  EXPECT_EQ(options_.innodb_data_home_dir, "/x;/y");
  EXPECT_EQ(options_.innodb_undo_directory, "/x;/y");
  EXPECT_EQ(options_.innodb_log_group_home_dir, "/x;/y");
  EXPECT_EQ(options_.innodb_doublewrite_dir, "/x;/y");
  EXPECT_EQ(options_.innodb_buffer_pool_filename, "/x;/y");
}

TEST_F(DatadirOptionsTest, AnUnknownNameIsNotFound) {
  EXPECT_EQ(apply("innodb_file_per_table", "1").error().code, Errc::not_found);
  EXPECT_THAT(options_.settings, IsEmpty());
}

TEST_F(DatadirOptionsTest, AHigherRankWinsWhateverTheOrder) {
  ASSERT_TRUE(apply("innodb_undo_directory", "/persisted", OptionRank::persisted));
  ASSERT_TRUE(apply("innodb_undo_directory", "/file", OptionRank::option_file));
  EXPECT_EQ(options_.innodb_undo_directory, "/persisted");
  ASSERT_TRUE(apply("innodb_undo_directory", "/given", OptionRank::given, "--innodb-undo-directory"));
  EXPECT_EQ(options_.innodb_undo_directory, "/given");
  EXPECT_EQ(to_text(options_.settings.at(0)), "innodb_undo_directory=/given (--innodb-undo-directory)");
  EXPECT_EQ(options_.settings.size(), 1U);
}

TEST_F(DatadirOptionsTest, OfEqualRankTheLastWins) {
  ASSERT_TRUE(apply("innodb_undo_directory", "/one", OptionRank::option_file));
  ASSERT_TRUE(apply("innodb_undo_directory", "/two", OptionRank::option_file));
  EXPECT_EQ(options_.innodb_undo_directory, "/two");
}

TEST_F(DatadirOptionsTest, TheDefaultGivenIsGiven) {
  ASSERT_TRUE(apply("innodb_data_file_path", std::string{kDefaultDataFilePath}));
  ASSERT_TRUE(apply("innodb_undo_directory", ""));
  ASSERT_TRUE(apply("innodb_data_file_path", "a:12M", OptionRank::persisted));
  ASSERT_TRUE(apply("innodb_undo_directory", "/undo", OptionRank::persisted));
  EXPECT_EQ(options_.innodb_data_file_path, kDefaultDataFilePath);
  EXPECT_EQ(options_.innodb_undo_directory, "");
}

TEST_F(DatadirOptionsTest, AWrongValueIsRefusedWithItsOrigin) {
  for (const char* size : {"", "x", "5000", "1K", "2K", "128K", "16Q"}) {
    const Result<> applied = apply("innodb_page_size", size, OptionRank::option_file, "/etc/my.cnf line 3");
    ASSERT_FALSE(applied) << size;
    EXPECT_EQ(applied.error().code, Errc::usage);
    EXPECT_THAT(applied.error().what, HasSubstr("/etc/my.cnf line 3: innodb_page_size"));
  }
  EXPECT_THAT(apply("innodb_data_file_path", "ibdata1").error().what, HasSubstr("somewhere: innodb_data_file_path"));
  EXPECT_THAT(options_.settings, IsEmpty());
}

TEST_F(DatadirOptionsTest, PathsAreRelativeToTheDatadir) {
  EXPECT_EQ(options_.redo_directory(), "/data/#innodb_redo");
  EXPECT_EQ(options_.buffer_pool_dump(), "/data/ib_buffer_pool");
  options_.innodb_log_group_home_dir = "log";
  options_.innodb_data_home_dir = "/sys";
  options_.innodb_buffer_pool_filename = "dump";
  EXPECT_EQ(options_.redo_directory(), "/data/log/#innodb_redo");
  EXPECT_EQ(options_.buffer_pool_dump(), "/sys/dump");
}

TEST_F(DatadirOptionsTest, DoublewriteFilesAreInTheDatadirOrInADirectoryThatIsNoSchema) {
  options_.innodb_data_home_dir = "/sys";
  EXPECT_EQ(options_.doublewrite_directory(), "/data");
  const std::pair<const char*, const char*> places[] = {
      {"dw", "/data/#dw"}, {"#dw", "/data/#dw"}, {"./dw", "/data/./dw"}, {"../dw", "/data/../dw"}, {"/dw", "/dw"}};
  for (const auto& [given, expected] : places) {
    options_.innodb_doublewrite_dir = given;
    EXPECT_EQ(options_.doublewrite_directory(), expected);
  }
}

}  // namespace
}  // namespace donord
