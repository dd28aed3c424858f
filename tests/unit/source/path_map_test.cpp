#include "source/path_map.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace donord {
namespace {

using ::testing::HasSubstr;

PathMap map_of(std::initializer_list<std::string_view> rules) {
  PathMap map;
  for (const std::string_view rule : rules) {
    const Result<> added = map.add(rule);
    EXPECT_TRUE(added) << added.error().what;
  }
  return map;
}

TEST(PathMap, ReplacesWholePathComponents) {
  const PathMap map = map_of({"/data1=/data2"});
  EXPECT_EQ(map.map("/data1/db/t.ibd"), "/data2/db/t.ibd");
  EXPECT_EQ(map.map("/data10/db/t.ibd"), std::nullopt);
  EXPECT_EQ(map.map("/other/data1/t.ibd"), std::nullopt);
}

TEST(PathMap, LeavesRelativeNamesAlone) {
  const PathMap map = map_of({"/=/everything"});
  EXPECT_EQ(map.map("./db/t.ibd"), std::nullopt);
  EXPECT_EQ(map.map("/a/t.ibd"), "/everything/a/t.ibd");
}

TEST(PathMap, TheLongestFromWins) {
  const PathMap map = map_of({"/a=/short", "/a/b/c=/long", "/a/b=/middle"});
  EXPECT_EQ(map.map("/a/b/c/t.ibd"), "/long/t.ibd");
  EXPECT_EQ(map.map("/a/b/cc/t.ibd"), "/middle/cc/t.ibd");
  EXPECT_EQ(map.map("/a/x/t.ibd"), "/short/x/t.ibd");
}

TEST(PathMap, ARelativeToIsBelowTheDatadir) {
  EXPECT_EQ(map_of({"/data1=."}).map("/data1/db/t.ibd"), "./db/t.ibd");
  EXPECT_EQ(map_of({"/data1=./"}).map("/data1/db/t.ibd"), "./db/t.ibd");
  EXPECT_EQ(map_of({"/data1/db=db"}).map("/data1/db/t.ibd"), "./db/t.ibd");
  EXPECT_EQ(map_of({"/data1/db=./x/db"}).map("/data1/db/t.ibd"), "./x/db/t.ibd");
}

TEST(PathMap, TakesSingleFiles) {
  EXPECT_EQ(map_of({"/data1/gs.ibd=/data2/gs.ibd"}).map("/data1/gs.ibd"), "/data2/gs.ibd");
}

TEST(PathMap, NormalisesItsRules) {
  const PathMap map = map_of({"/data1//x/../=/data2/./y//"});
  EXPECT_EQ(map.rules().at(0), (PathMap::Rule{"/data1", "/data2/y"}));
  EXPECT_EQ(map_of({"/data1=/"}).map("/data1/db/t.ibd"), "/db/t.ibd");
}

TEST(PathMap, RefusesWhatIsNoRule) {
  for (const std::string_view rule : {"", "/a", "a=/b", "=/b", "/a=", "./a=/b", "/a=..", "/a=../b", "/a=b/../../c"}) {
    PathMap map;
    const Result<> added = map.add(rule);
    ASSERT_FALSE(added) << rule;
    EXPECT_EQ(added.error().code, Errc::usage) << rule;
    EXPECT_THAT(added.error().what, HasSubstr(std::string{rule}));
  }
}

TEST(PathMap, RefusesTwoRulesForOneFrom) {
  PathMap map = map_of({"/a=/b"});
  EXPECT_FALSE(map.add("/a/=/c"));
}

}  // namespace
}  // namespace donord
