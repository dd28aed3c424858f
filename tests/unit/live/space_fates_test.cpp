#include "live/space_fates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace donord {
namespace {

constexpr SpaceId kSpace{7};

LogEvent event(std::uint64_t lsn, LogEventKind kind, std::string path = "", std::string new_path = "") {
  return {.lsn = Lsn{lsn},
          .end = Lsn{lsn + 10},
          .kind = kind,
          .space = kSpace,
          .path = std::move(path),
          .new_path = std::move(new_path)};
}

SpaceFate fate(const std::vector<LogEvent>& events) {
  return fates_of(events).at(kSpace);
}

TEST(SpaceFates, TheLastNameCounts) {
  const SpaceFate renamed = fate({event(100, LogEventKind::file_created, "./db/a.ibd"),
                                  event(200, LogEventKind::file_renamed, "./db/a.ibd", "./db/b.ibd"),
                                  event(300, LogEventKind::file_renamed, "./db/b.ibd", "./x/c.ibd")});
  EXPECT_TRUE(renamed.created);
  EXPECT_FALSE(renamed.removed);
  EXPECT_EQ(renamed.path, "./x/c.ibd");
  EXPECT_EQ(renamed.end, Lsn{310});
}

TEST(SpaceFates, WhatWasRemovedStaysSo) {
  const SpaceFate gone = fate(
      {event(100, LogEventKind::file_created, "./db/a.ibd"), event(200, LogEventKind::file_removed, "./db/a.ibd")});
  EXPECT_TRUE(gone.created);
  EXPECT_TRUE(gone.removed);
  EXPECT_EQ(gone.end, Lsn{210});
}

TEST(SpaceFates, TheLatestOfEachKindIsKept) {
  const SpaceFate changed = fate({event(100, LogEventKind::index_loaded), event(200, LogEventKind::key_written),
                                  event(300, LogEventKind::index_loaded)});
  EXPECT_FALSE(changed.created);
  EXPECT_EQ(changed.index_loaded->lsn, Lsn{300});
  EXPECT_EQ(changed.key_written->lsn, Lsn{200});
  EXPECT_EQ(changed.path, "");
}

TEST(SpaceFates, AnUndoTablespaceIsCreatedSomewhereUnlessTheLogNamesItsFile) {
  const SpaceFate by_statement = fate({event(100, LogEventKind::undo_made), event(100, LogEventKind::key_written)});
  EXPECT_TRUE(by_statement.created_somewhere());
  EXPECT_EQ(by_statement.path, "");
  const SpaceFate by_truncation =
      fate({event(100, LogEventKind::file_created, "./undo_001"), event(200, LogEventKind::undo_made)});
  EXPECT_FALSE(by_truncation.created_somewhere());
  EXPECT_EQ(by_truncation.path, "./undo_001");
}

TEST(SpaceFates, AnImportedFileIsThereAgain) {
  const SpaceFate back =
      fate({event(100, LogEventKind::file_removed, "./db/a.ibd"), event(200, LogEventKind::file_imported)});
  EXPECT_FALSE(back.removed);
  EXPECT_FALSE(back.created);
  EXPECT_EQ(back.imported->lsn, Lsn{200});
}

TEST(SpaceFates, EachTablespaceHasItsOwn) {
  std::vector<LogEvent> events{event(100, LogEventKind::file_removed)};
  events.push_back(event(200, LogEventKind::index_loaded));
  events.back().space = SpaceId{8};
  const SpaceFates fates = fates_of(events);
  EXPECT_TRUE(fates.at(kSpace).removed);
  EXPECT_FALSE(fates.at(SpaceId{8}).removed);
  EXPECT_TRUE(fates_of({}).empty());
}

}  // namespace
}  // namespace donord
