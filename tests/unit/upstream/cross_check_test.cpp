#include "upstream/cross_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "innodb/space_id.hpp"

namespace donord {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = FileMismatch::Kind;

constexpr SpaceId kOtherUndo{innodb::kLastUndoSpace.value() - 2};

std::vector<FileMismatch> check(const std::vector<FoundFile>& found, const std::vector<UpstreamFile>& server) {
  const ServerFacts facts{.datadir = "/var/lib/mysql/",
                          .locations = {{"innodb_data_home_dir", "system"}, {"innodb_undo_directory", "/undo"}}};
  return cross_check(found, server, facts);
}

TEST(CrossCheck, FindsNothingWhereBothAgree) {
  EXPECT_THAT(check({{SpaceId{0}, "system/ibdata1"}, {SpaceId{2}, "./d/t.ibd"}, {SpaceId{3}, "/ext/d/x.ibd"}},
                    {{SpaceId{3}, "/ext/d/x.ibd", ""}, {SpaceId{2}, "./d/t.ibd", ""}, {SpaceId{0}, "./ibdata1", ""}}),
              IsEmpty());
  EXPECT_THAT(check({}, {}), IsEmpty());
}

TEST(CrossCheck, TakesPathsForTheSameHoweverTheyAreWritten) {
  EXPECT_THAT(check({{SpaceId{1}, "./a.ibd"}, {SpaceId{2}, "/ext//b.ibd"}, {SpaceId{3}, "./d/c.ibd"}},
                    {{SpaceId{1}, "/var/lib/mysql/a.ibd", ""},
                     {SpaceId{2}, "/var/lib/mysql/../../../ext/b.ibd", ""},
                     {SpaceId{3}, "d/./c.ibd", ""}}),
              IsEmpty());
}

TEST(CrossCheck, TakesRelativePathsOfUndoTablespacesForThoseBelowTheUndoDirectory) {
  EXPECT_THAT(check({{innodb::kLastUndoSpace, "/undo/undo_001"}, {kOtherUndo, "/undo/x.ibu"}},
                    {{innodb::kLastUndoSpace, "/undo/undo_001", ""}, {kOtherUndo, "./x.ibu", ""}}),
              IsEmpty());
}

TEST(CrossCheck, TakesRelativePathsOfTheSystemTablespaceForThoseBelowItsHome) {
  EXPECT_THAT(check({{SpaceId{0}, "./system/ibdata1"}, {SpaceId{0}, "/raw/ibdata2"}},
                    {{SpaceId{0}, "./ibdata1", ""}, {SpaceId{0}, "/raw/ibdata2", ""}}),
              IsEmpty());
}

TEST(CrossCheck, DoesNotTakeADirectoryWithALongerNameForTheDatadir) {
  EXPECT_THAT(check({{SpaceId{1}, "./a.ibd"}}, {{SpaceId{1}, "/var/lib/mysql2/a.ibd", ""}}),
              ElementsAre(FileMismatch{Kind::other_path, SpaceId{1}, "./a.ibd", "/var/lib/mysql2/a.ibd"}));
}

TEST(CrossCheck, FindsWhatIsMissing) {
  EXPECT_THAT(
      check({{SpaceId{0}, "system/ibdata1"}}, {{SpaceId{0}, "./ibdata1", ""}, {SpaceId{9}, "/hidden/t.ibd", "d/t"}}),
      ElementsAre(FileMismatch{Kind::missing, SpaceId{9}, "", "/hidden/t.ibd"}));
}

TEST(CrossCheck, FindsWhatIsNotTheServers) {
  EXPECT_THAT(check({{SpaceId{9}, "./d/t.ibd"}}, {}),
              ElementsAre(FileMismatch{Kind::extra, SpaceId{9}, "./d/t.ibd", ""}));
}

TEST(CrossCheck, FindsASecondFileOfATablespace) {
  EXPECT_THAT(check({{SpaceId{9}, "./d/t.ibd"}, {SpaceId{9}, "./d/copy.ibd"}}, {{SpaceId{9}, "./d/t.ibd", "d/t"}}),
              ElementsAre(FileMismatch{Kind::extra, SpaceId{9}, "./d/copy.ibd", ""}));
}

TEST(CrossCheck, FindsThatASystemFileIsMissing) {
  EXPECT_THAT(
      check({{SpaceId{0}, "system/ibdata1"}}, {{SpaceId{0}, "./ibdata1", ""}, {SpaceId{0}, "/sys/ibdata2", ""}}),
      ElementsAre(FileMismatch{Kind::missing, SpaceId{0}, "", "/sys/ibdata2"}));
}

TEST(CrossCheck, TellsARenamedTablespaceFromOneThatWasReplaced) {
  const std::vector<FileMismatch> renamed = check({{SpaceId{9}, "./d/old.ibd"}}, {{SpaceId{9}, "./d/new.ibd", ""}});
  EXPECT_THAT(renamed, ElementsAre(FileMismatch{Kind::other_path, SpaceId{9}, "./d/old.ibd", "./d/new.ibd"}));
  EXPECT_EQ(to_text(renamed.front()), "tablespace 9: found as ./d/old.ibd, the server has ./d/new.ibd");
  EXPECT_THAT(check({{SpaceId{9}, "./d/t.ibd"}}, {{SpaceId{10}, "./d/t.ibd", ""}}),
              ElementsAre(FileMismatch{Kind::extra, SpaceId{9}, "./d/t.ibd", ""},
                          FileMismatch{Kind::missing, SpaceId{10}, "", "./d/t.ibd"}));
}

}  // namespace
}  // namespace donord
