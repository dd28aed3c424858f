#include "fault/fault_points.hpp"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <regex>
#include <set>
#include <sstream>

namespace donord {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string complaint(std::string_view text) {
  const Result<FaultRules> rules = FaultRules::parse(text);
  EXPECT_TRUE(rules) << rules.error().what;
  const Result<> checked = check_points(*rules);
  if (checked) return "";
  EXPECT_EQ(checked.error().code, Errc::usage);
  return checked.error().what + "; " + checked.error().hint;
}

TEST(FaultPoints, KnownPointsAndAttributesAreTaken) {
  EXPECT_EQ(complaint(""), "");
  EXPECT_EQ(complaint("net.send stage=file_copy message=data task=1 action=disconnect; catalog.commit action=error"),
            "");
}

TEST(FaultPoints, RulesThatCanNeverMatchAreRefused) {
  EXPECT_THAT(complaint("net.sent action=error"),
              HasSubstr("no fault point net.sent; there are: archive.write, catalog.begin, "));
  EXPECT_THAT(complaint("net.send file=x action=error"),
              HasSubstr("carries no file; it carries: stage, message, task"));
  EXPECT_THAT(complaint("catalog.begin stage=x action=error"), HasSubstr("carries no stage; it carries: none"));
}

/// The names in calls such as fault_point("catalog.begin").
std::set<std::string> points_of_the_program() {
  const std::regex call{R"re(\b(?:fault_point|hit)\(\s*(?:\w+,\s*)?"([a-z_.]+)")re"};
  std::set<std::string> names;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(fs::path{DONORD_SOURCE_DIR} / "src")) {
    if (entry.path().extension() != ".cpp") continue;
    std::stringstream text;
    text << std::ifstream{entry.path()}.rdbuf();
    const std::string content = text.str();
    for (std::sregex_iterator found{content.begin(), content.end(), call}; found != std::sregex_iterator{}; ++found)
      names.insert((*found)[1]);
  }
  return names;
}

TEST(FaultPoints, AreThoseOfTheProgram) {
  std::set<std::string> listed;
  for (const FaultPoint& point : fault_points()) listed.emplace(point.name);
  EXPECT_EQ(listed, points_of_the_program());
}

}  // namespace
}  // namespace donord
