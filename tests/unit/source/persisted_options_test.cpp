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
  Result<std::vector<std::string>> add(std::string_view content) {
    write_file(options_.datadir / "mysqld-auto.cnf", as_bytes(content));
    return add_persisted_options(options_);
  }

  testing::ScratchDirectory scratch_;
  DatadirOptions options_{.datadir = scratch_.path() / "data"};
};

TEST_F(PersistedOptionsTest, NoFileAddsNothing) {
  EXPECT_THAT(*add_persisted_options(options_), IsEmpty());
}

TEST_F(PersistedOptionsTest, FillInWhatIsLeftOpen) {
  EXPECT_THAT(*add(kVersion2), ElementsAre("innodb_data_file_path=a:12M;b:12M:autoextend",
                                           "innodb_undo_directory=/undo", "innodb_directories=/one;;/two/three"));
  EXPECT_EQ(options_.innodb_data_file_path, "a:12M;b:12M:autoextend");
  EXPECT_EQ(options_.innodb_undo_directory, "/undo");
  EXPECT_THAT(options_.innodb_directories, ElementsAre("/one", "/two/three"));
  EXPECT_EQ(options_.innodb_data_home_dir, "");
}

TEST_F(PersistedOptionsTest, AreFoundInTheOlderFormatToo) {
  EXPECT_THAT(*add(kVersion1), ElementsAre("innodb_data_home_dir=sys", "innodb_log_group_home_dir=/log"));
}

TEST_F(PersistedOptionsTest, DoNotReplaceWhatIsGiven) {
  options_.innodb_data_file_path = "x:12M";
  options_.innodb_undo_directory = "/given";
  options_.innodb_directories = {"/given"};
  EXPECT_THAT(*add(kVersion2), IsEmpty());
  EXPECT_EQ(options_.innodb_undo_directory, "/given");
}

TEST_F(PersistedOptionsTest, DamagedContentIsAnErrorOrAddsNothing) {
  EXPECT_THAT(*add(""), IsEmpty());
  for (std::size_t length = 1; length < kVersion2.size(); ++length)
    EXPECT_EQ(add(kVersion2.substr(0, length)).error().code, Errc::malformed) << length;
  for (const char* other : {"[]", "1", R"({"innodb_undo_directory": 5})", R"({"innodb_undo_directory": {"Value": 5}})",
                            R"({"innodb_undo_directory": {"Value": ""}})"})
    EXPECT_THAT(*add(other), IsEmpty()) << other;
  std::string nested = R"({"innodb_undo_directory": {"Value": "/deep"}})";
  for (int i = 0; i < 1000; ++i) nested = R"({"x": )" + nested + "}";
  EXPECT_THAT(*add(nested), IsEmpty());
}

TEST_F(PersistedOptionsTest, CountForASurveyWhichSaysSo) {
  testing::build_datadir(options_.datadir);
  fs::create_directory(options_.datadir / "#undo");
  for (const char* name : {"undo_001", "undo_002"})
    fs::rename(options_.datadir / name, options_.datadir / "#undo" / name);
  EXPECT_EQ(survey_datadir(options_).files.size(), 4U);
  write_file(options_.datadir / "mysqld-auto.cnf", as_bytes(R"({"innodb_undo_directory": {"Value": "#undo"}})"));
  const InspectReport report = *inspect(options_);
  EXPECT_EQ(std::get<DatadirSurvey>(report).files.size(), 6U);
  EXPECT_THAT(inspect_text(report), HasSubstr("innodb_undo_directory=#undo"));
  EXPECT_THAT(inspect_json(report), HasSubstr("innodb_undo_directory=#undo"));

  write_file(options_.datadir / "mysqld-auto.cnf", as_bytes("{"));
  EXPECT_EQ(survey_datadir(options_).problems.at(0).code, Errc::malformed);
}

}  // namespace
}  // namespace donord
