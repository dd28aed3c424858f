#include "source/wire_name.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace donord {
namespace {

using ::testing::HasSubstr;

constexpr std::uint32_t kTable = 0x4421;  // a table with DATA DIRECTORY
constexpr std::uint32_t kGeneral = 0x4800;

TablespaceFile file_named(std::string name, std::uint32_t flags) {
  TablespaceFile file;
  file.name = std::move(name);
  file.flags = innodb::TablespaceFlags{flags};
  return file;
}

Result<std::string> named(const TablespaceFile& file, std::string_view rule) {
  PathMap map;
  EXPECT_TRUE(map.add(rule));
  return wire_name(file, map);
}

TEST(WireName, IsTheServersOwnWithoutARule) {
  EXPECT_EQ(*wire_name(file_named("/a/db/t.ibd", kTable), PathMap{}), "/a/db/t.ibd");
  EXPECT_EQ(*named(file_named("./db/t.ibd", kTable), "/a=/b"), "./db/t.ibd");
}

TEST(WireName, OfATableMayMoveToAnotherDirectoryOrIntoTheDatadir) {
  const TablespaceFile table = file_named("/a/deep/db/t.ibd", kTable);
  EXPECT_EQ(*named(table, "/a=/b"), "/b/deep/db/t.ibd");
  EXPECT_EQ(*named(table, "/a/deep=."), "./db/t.ibd");
}

TEST(WireName, OfATableKeepsSchemaAndFileName) {
  const TablespaceFile table = file_named("/a/db/t.ibd", kTable);
  for (const char* rule : {"/a/db=/b/other", "/a/db/t.ibd=/a/db/u.ibd", "/a=./x", "/a/db=.", "/a/db/t.ibd=/b/db"}) {
    const Result<std::string> name = named(table, rule);
    ASSERT_FALSE(name) << rule << ": " << *name;
    EXPECT_EQ(name.error().code, Errc::usage);
    EXPECT_THAT(name.error().what, HasSubstr("/a/db/t.ibd"));
  }
}

TEST(WireName, OfAGeneralTablespaceMayBeAnyOutsideOfTheDatadirOrDirectlyInIt) {
  const TablespaceFile general = file_named("/a/deep/gs.ibd", kGeneral);
  EXPECT_EQ(*named(general, "/a=/b"), "/b/deep/gs.ibd");
  EXPECT_EQ(*named(general, "/a/deep/gs.ibd=/b/other.ibd"), "/b/other.ibd");
  EXPECT_EQ(*named(general, "/a/deep=."), "./gs.ibd");
  EXPECT_FALSE(named(general, "/a=."));
  EXPECT_FALSE(named(general, "/a/deep/gs.ibd=/b"));
}

TEST(WireName, OfUndoTablespacesIsNeverMapped) {
  TablespaceFile undo = file_named("undo_001", 0);
  undo.role = FileRole::undo;
  EXPECT_EQ(*named(undo, "/=/b"), "undo_001");
}

}  // namespace
}  // namespace donord
