// What a survey makes of options: they must be true of the files, and names must be possible.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/datadir_survey.hpp"
#include "support/datadir_builder.hpp"

namespace donord {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::make_tablespace;
using testing::write_file;

class SurveyOptionsTest : public ::testing::Test {
 protected:
  SurveyOptionsTest() {
    testing::build_datadir(options_.datadir);
    write_file(outside_ / "db" / "far.ibd", make_tablespace({.space = SpaceId{7}}));
    options_.innodb_directories = {outside_};
  }

  void set(std::string name, std::string value) {
    const Result<> applied = apply_setting(options_, {std::move(name), std::move(value)});
    ASSERT_TRUE(applied) << applied.error().what;
  }
  void map(const std::string& rule) { ASSERT_TRUE(options_.path_map.add(rule)); }

  std::vector<std::string> problems() const {
    std::vector<std::string> texts;
    for (const Error& problem : survey_datadir(options_).problems) texts.push_back(problem.what);
    return texts;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const TablespaceFile& file : survey_datadir(options_).files) names.push_back(file.name);
    return names;
  }

  testing::ScratchDirectory scratch_;
  const fs::path outside_ = scratch_.path() / "outside";
  DatadirOptions options_{.datadir = scratch_.path() / "data"};
};

TEST_F(SurveyOptionsTest, FilesOutsideHaveTheirPathAsName) {
  EXPECT_THAT(names(), Contains((outside_ / "db/far.ibd").string()));
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(SurveyOptionsTest, MappedFilesHaveTheirMappedName) {
  const std::string before = fingerprint_of(survey_datadir(options_));
  map(outside_.string() + "=/else/where");
  EXPECT_THAT(names(), Contains("/else/where/db/far.ibd"));
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_NE(fingerprint_of(survey_datadir(options_)), before) << "a clone cannot go on with other names";
}

TEST_F(SurveyOptionsTest, ANameThatARecipientCannotUseIsAProblem) {
  map((outside_ / "db").string() + "=/else/where");
  EXPECT_THAT(problems(), Contains(HasSubstr("a table must keep its file name")));
}

TEST_F(SurveyOptionsTest, TwoFilesOfOneNameAreAProblem) {
  fs::rename(outside_ / "db" / "far.ibd", outside_ / "db" / "t1.ibd");
  map(outside_.string() + "=.");
  EXPECT_THAT(problems(), Contains(HasSubstr("both get the name ./db/t1.ibd")));
}

TEST_F(SurveyOptionsTest, APageSizeThatTheInstanceDoesNotHaveIsAProblem) {
  set("innodb_page_size", "16384");
  EXPECT_THAT(problems(), IsEmpty());
  set("innodb_page_size", "8K");
  EXPECT_THAT(problems(), Contains(HasSubstr("pages of 16384 bytes, innodb_page_size says 8192")));
}

TEST_F(SurveyOptionsTest, SystemFilesOfOtherSizesThanGivenAreAProblem) {
  set("innodb_data_file_path", "ibdata1:256K:autoextend");
  EXPECT_THAT(problems(), IsEmpty());
  set("innodb_data_file_path", "ibdata1:12M:autoextend");
  EXPECT_THAT(problems(), Contains(HasSubstr("ibdata1 has 0 MiB, innodb_data_file_path says at least 12 MiB")));
}

TEST_F(SurveyOptionsTest, TheBufferPoolDumpMayHaveAnotherNameHereButNotOnTheWire) {
  fs::rename(options_.datadir / "ib_buffer_pool", options_.datadir / "dump");
  EXPECT_EQ(names().front(), "ibdata1");
  set("innodb_buffer_pool_filename", "dump");
  EXPECT_EQ(names().front(), "ib_buffer_pool");
}

}  // namespace
}  // namespace donord
