#include "innodb/space_id.hpp"

#include <gtest/gtest.h>

namespace donord::innodb {
namespace {

TEST(SpaceId, KindsFollowTheRangesOfIds) {
  EXPECT_EQ(kind_of(SpaceId{0}), SpaceKind::system);
  EXPECT_EQ(kind_of(SpaceId{1}), SpaceKind::user);
  EXPECT_EQ(kind_of(SpaceId{0xFFFFFFFE}), SpaceKind::dictionary);
  EXPECT_EQ(kind_of(SpaceId{0xFFFFFFFD}), SpaceKind::temporary);
  EXPECT_EQ(kind_of(SpaceId{0xFFFFFFEF}), SpaceKind::undo);
  EXPECT_EQ(kind_of(SpaceId{0xFFFFFFF0}), SpaceKind::invalid);
  EXPECT_EQ(kind_of(kFirstUndoSpace), SpaceKind::undo);
  EXPECT_EQ(kind_of(SpaceId{kFirstUndoSpace.value() - 1}), SpaceKind::temporary);
  EXPECT_EQ(kind_of(kFirstSessionTemporarySpace), SpaceKind::temporary);
  EXPECT_EQ(kind_of(SpaceId{kFirstSessionTemporarySpace.value() - 1}), SpaceKind::user);
}

TEST(SpaceId, UndoNumbersSurviveTruncations) {
  EXPECT_EQ(undo_number(SpaceId{4294967279}), 1U);
  EXPECT_EQ(undo_number(SpaceId{4294967278}), 2U);
  EXPECT_EQ(undo_number(SpaceId{4294966896}), 3U);
  EXPECT_EQ(undo_number(SpaceId{5}), std::nullopt);
}

}  // namespace
}  // namespace donord::innodb
