#include "source/persisted_options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/inspect.hpp"
#include "support/datadir_builder.hpp"

namespace donord {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::write_file;

constexpr std::string_view kVersion2 = R"({"Version": 2,
  "mysql_dynamic_variables": {"max_connections": {"Value": "99", "Metadata": {"Host": "", "User": "root"}}},
  "mysql_static_variables": {
    "innodb_data_file_path": {"Value": "a:12M;b:12M:autoextend", "Metadata": {}},
    "innodb_directories": {"Value": "/one;;/two/three", "Metadata": {}},
    "innodb_undo_directory": {"Value": "/undo", "Metadata": {}}}})";
constexpr std::string_view kVersion1 = R"({"Version": 1, "mysql_server": {"mysql_server_static_options": {
  "innodb_data_home_dir": {"Value": "sys"}, "innodb_log_group_home_dir": {"Value": "/log"}}}})";

class PersistedOptionsTest : public ::testing::Test {
 protected:
  Result<> add(std::string_view content) {
    write_file(options_.datadir / "mysqld-auto.cnf", as_bytes(content));
    return add_persisted_options(options_);
  }
  Result<> set(std::string name, std::string value, OptionRank rank, std::string origin) {
    return apply_setting(options_, {std::move(name), std::move(value), rank, std::move(origin)});
  }
  std::vector<std::string> settings() const {
    std::vector<std::string> texts;
    for (const OptionSetting& setting : options_.settings) texts.push_back(to_text(setting));
    return texts;
  }

  testing::ScratchDirectory scratch_;
  DatadirOptions options_{.datadir = scratch_.path() / "data"};
};

TEST_F(PersistedOptionsTest, NoFileAddsNothing) {
  EXPECT_TRUE(add_persisted_options(options_));
  EXPECT_THAT(settings(), IsEmpty());
}

TEST_F(PersistedOptionsTest, FillInWhatIsLeftOpen) {
  ASSERT_TRUE(add(kVersion2));
  EXPECT_THAT(settings(), ElementsAre("innodb_data_file_path=a:12M;b:12M:autoextend (mysqld-auto.cnf)",
                                      "innodb_directories=/one;;/two/three (mysqld-auto.cnf)",
                                      "innodb_undo_directory=/undo (mysqld-auto.cnf)"));
  EXPECT_EQ(options_.innodb_data_file_path, "a:12M;b:12M:autoextend");
  EXPECT_EQ(options_.innodb_undo_directory, "/undo");
  EXPECT_THAT(options_.innodb_directories, ElementsAre("/one", "/two/three"));
  EXPECT_EQ(options_.innodb_data_home_dir, "");
}

TEST_F(PersistedOptionsTest, AreFoundInTheOlderFormatToo) {
  ASSERT_TRUE(add(kVersion1));
  EXPECT_THAT(settings(), ElementsAre("innodb_data_home_dir=sys (mysqld-auto.cnf)",
                                      "innodb_log_group_home_dir=/log (mysqld-auto.cnf)"));
}

TEST_F(PersistedOptionsTest, ReplaceWhatAnOptionFileSays) {
  ASSERT_TRUE(set("innodb_undo_directory", "/file", OptionRank::option_file, "my.cnf line 2"));
  ASSERT_TRUE(add(kVersion2));
  EXPECT_EQ(options_.innodb_undo_directory, "/undo");
  EXPECT_THAT(options_.notes, IsEmpty());
}

TEST_F(PersistedOptionsTest, DoNotReplaceWhatIsGivenButAreMentioned) {
  ASSERT_TRUE(set("innodb_data_file_path", std::string{kDefaultDataFilePath}, OptionRank::given, "--a"));
  ASSERT_TRUE(set("innodb_undo_directory", "/undo", OptionRank::given, "--b"));
  ASSERT_TRUE(set("innodb_directories", "/given", OptionRank::given, "--c"));
  ASSERT_TRUE(add(kVersion2));
  EXPECT_EQ(options_.innodb_data_file_path, kDefaultDataFilePath);
  EXPECT_THAT(options_.innodb_directories, ElementsAre("/given"));
  EXPECT_THAT(options_.notes, ElementsAre(HasSubstr("ibdata1:12M:autoextend (--a); a server would use a:12M"),
                                          HasSubstr("innodb_directories=/given (--c); a server would use /one")));
}

TEST_F(PersistedOptionsTest, CannotMoveTheDatadirTheyAreIn) {
  ASSERT_TRUE(add(R"({"datadir": {"Value": "/elsewhere"}})"));
  EXPECT_EQ(options_.datadir, scratch_.path() / "data");
}

TEST_F(PersistedOptionsTest, DamagedContentIsAnErrorOrAddsNothing) {
  EXPECT_TRUE(add(""));
  for (std::size_t length = 1; length < kVersion2.size(); ++length)
    EXPECT_EQ(add(kVersion2.substr(0, length)).error().code, Errc::malformed) << length;
  for (const char* other : {"[]", "1", R"({"innodb_undo_directory": 5})", R"({"innodb_undo_directory": {"Value": 5}})"})
    EXPECT_TRUE(add(other)) << other;
  std::string nested = R"({"innodb_undo_directory": {"Value": "/deep"}})";
  for (int i = 0; i < 1000; ++i) nested = R"({"x": )" + nested + "}";
  EXPECT_TRUE(add(nested));
  EXPECT_THAT(settings(), IsEmpty());
  EXPECT_EQ(add(R"({"innodb_data_file_path": {"Value": "ibdata1"}})").error().code, Errc::usage);
}

TEST_F(PersistedOptionsTest, CountForASurveyWhichSaysSo) {
  testing::build_datadir(options_.datadir);
  fs::create_directory(options_.datadir / "#undo");
  for (const char* name : {"undo_001", "undo_002"})
    fs::rename(options_.datadir / name, options_.datadir / "#undo" / name);
  EXPECT_EQ(survey_datadir(options_).files.size(), 4U);
  write_file(options_.datadir / "mysqld-auto.cnf", as_bytes(R"({"innodb_undo_directory": {"Value": "#undo"}})"));
  const InspectReport report = *inspect(options_);
  EXPECT_EQ(std::get<DatadirReport>(report).survey.files.size(), 6U);
  EXPECT_THAT(inspect_text(report), HasSubstr("innodb_undo_directory=#undo (mysqld-auto.cnf)"));
  EXPECT_THAT(inspect_json(report), HasSubstr(R"("origin": "mysqld-auto.cnf")"));

  write_file(options_.datadir / "mysqld-auto.cnf", as_bytes("{"));
  EXPECT_EQ(survey_datadir(options_).problems.at(0).code, Errc::malformed);
}

}  // namespace
}  // namespace donord
