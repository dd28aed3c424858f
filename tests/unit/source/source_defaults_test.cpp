#include "source/source_defaults.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "source/datadir_survey.hpp"
#include "support/datadir_builder.hpp"

namespace donord {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SourceDefaultsTest : public ::testing::Test {
 protected:
  SourceDefaultsTest() { testing::build_datadir(datadir()); }

  fs::path datadir() const { return scratch_.path() / "data"; }

  Result<> add(std::string_view content, std::string suffix = "") {
    const fs::path file = scratch_.path() / "my.cnf";
    testing::write_file(file, as_bytes(content));
    ::chmod(file.c_str(), 0644);
    return add_option_file(options_, {file, std::move(suffix)});
  }
  void give(std::string name, std::string value) {
    ASSERT_TRUE(apply_setting(options_, {.name = std::move(name), .value = std::move(value), .origin = "given"}));
  }

  testing::ScratchDirectory scratch_;
  DatadirOptions options_{.datadir = datadir()};
};

TEST_F(SourceDefaultsTest, TakesTheGroupsThatMysqldReads) {
  ASSERT_TRUE(
      add("[client]\ninnodb_undo_directory=/client\n[mysqld]\ninnodb-undo-directory=/undo\nport=3306\n"
          "[server]\nloose_innodb_directories=/a;/b\n[mysqld-9.7]\ninnodb_doublewrite_dir=/dw\n"
          "[mysqld-9.6]\ninnodb_doublewrite_dir=/old\n[mysqld_safe]\ninnodb_data_home_dir=/safe\n"));
  EXPECT_EQ(options_.innodb_undo_directory, "/undo");
  EXPECT_THAT(options_.innodb_directories, ElementsAre("/a", "/b"));
  EXPECT_EQ(options_.innodb_doublewrite_dir, "/dw");
  EXPECT_EQ(options_.innodb_data_home_dir, "");
  EXPECT_EQ(options_.setting("innodb_undo_directory")->origin, (scratch_.path() / "my.cnf line 4").string());
}

TEST_F(SourceDefaultsTest, TheLastLineCountsWhateverItsGroup) {
  ASSERT_TRUE(
      add("[mysqld-9.7]\ninnodb_undo_directory=/a\n[mysqld]\ninnodb_undo_directory=/b\n[server]\n"
          "innodb_undo_directory=/c\n"));
  EXPECT_EQ(options_.innodb_undo_directory, "/c");
}

TEST_F(SourceDefaultsTest, ASuffixAddsGroups) {
  constexpr std::string_view kFile = "[mysqld@r1]\ninnodb_undo_directory=/r1\n[mysqld-9.7@R1]\ninnodb_directories=/x\n";
  ASSERT_TRUE(add(kFile));
  EXPECT_THAT(options_.settings, IsEmpty());
  ASSERT_TRUE(add(kFile, "@R1"));
  EXPECT_EQ(options_.innodb_undo_directory, "/r1");
  EXPECT_THAT(options_.innodb_directories, ElementsAre("/x"));
}

TEST_F(SourceDefaultsTest, TheDatadirIsTakenOnlyWhenNoneIsGiven) {
  ASSERT_TRUE(add("[mysqld]\ndatadir=/other\n"));
  EXPECT_EQ(options_.datadir, datadir());
  EXPECT_THAT(options_.settings, IsEmpty());

  options_ = {};
  ASSERT_TRUE(add(fmt::format("[mysqld]\ndatadir={}/\n[mysqld-9.7]\ninnodb_undo_directory=/u\n", datadir().string())));
  EXPECT_EQ(options_.datadir, datadir() / "");
  EXPECT_EQ(options_.innodb_undo_directory, "/u") << "the version is that of the datadir in the file";
  EXPECT_EQ(survey_datadir(options_).files.size(), 6U);

  options_ = {};
  EXPECT_EQ(add("[mysqld]\nport=1\n").error().code, Errc::usage);
  options_ = {};
  EXPECT_THAT(add("[mysqld]\ndatadir=data\n").error().what, HasSubstr("line 2: datadir is not an absolute path"));
}

TEST_F(SourceDefaultsTest, WhatIsGivenOrPersistedGoesBeforeTheFile) {
  give("innodb_undo_directory", "");
  testing::write_file(datadir() / "mysqld-auto.cnf", as_bytes(R"({"innodb_directories": {"Value": "/persisted"}})"));
  ASSERT_TRUE(add("[mysqld]\ninnodb_undo_directory=/file\ninnodb_directories=/file\n"));
  EXPECT_EQ(options_.innodb_undo_directory, "");
  EXPECT_THAT(survey_datadir(options_).options.innodb_directories, ElementsAre("/persisted"));
}

TEST_F(SourceDefaultsTest, GroupsOfASeriesAreLeftOutWhenTheVersionIsUnknown) {
  fs::remove(datadir() / "mysql.ibd");
  ASSERT_TRUE(add("[mysqld-9.7]\ninnodb_undo_directory=/a\n"));
  EXPECT_THAT(options_.settings, IsEmpty());
  EXPECT_THAT(options_.notes, ElementsAre(HasSubstr("[mysqld-9.7] are left out")));
}

TEST_F(SourceDefaultsTest, AWrongValueNamesItsLine) {
  for (const char* line : {"innodb_page_size=x", "innodb_data_file_path=ibdata1", "innodb_undo_directory",
                           "skip-innodb-undo-directory", "maximum_innodb_page_size=8K"}) {
    const Result<> added = add(fmt::format("[mysqld]\n\n{}\n", line));
    ASSERT_FALSE(added) << line;
    EXPECT_EQ(added.error().code, Errc::usage) << line;
    EXPECT_THAT(added.error().what, HasSubstr("my.cnf line 3: "));
  }
}

}  // namespace
}  // namespace donord
