#include "innodb/redo_lsn.hpp"

#include <gtest/gtest.h>

namespace donord::innodb {
namespace {

TEST(RedoLsn, AFullBlockHas496PositionsOfPayload) {
  EXPECT_FALSE(is_redo_position(Lsn{8192}));
  EXPECT_FALSE(is_redo_position(Lsn{8192 + 11}));
  EXPECT_TRUE(is_redo_position(Lsn{8192 + 12}));
  EXPECT_TRUE(is_redo_position(Lsn{8192 + 507}));
  EXPECT_FALSE(is_redo_position(Lsn{8192 + 508}));
  EXPECT_EQ(redo_payload_between(Lsn{8192 + 12}, Lsn{8704 + 12}), 496U);
}

TEST(RedoLsn, AdvancingSkipsTrailersAndHeaders) {
  const Lsn start{8192 + 12};
  EXPECT_EQ(advance_redo(start, 0), start);
  EXPECT_EQ(advance_redo(start, 495), Lsn{8192 + 507});
  EXPECT_EQ(advance_redo(start, 496), Lsn{8704 + 12});
  EXPECT_EQ(advance_redo(Lsn{8192 + 507}, 1), Lsn{8704 + 12});
  EXPECT_EQ(advance_redo(Lsn{8192 + 507}, 497), Lsn{9216 + 12});
  EXPECT_EQ(advance_redo(start, 496 * 1000 + 7), Lsn{8192 + 512 * 1000 + 12 + 7});
}

TEST(RedoLsn, PositionsAndPayloadAreEachOthersInverse) {
  for (std::uint64_t payload = 0; payload < 3000; ++payload) {
    const Lsn lsn = redo_position(payload);
    ASSERT_TRUE(is_redo_position(lsn)) << payload;
    ASSERT_EQ(redo_payload_before(lsn), payload);
    ASSERT_EQ(advance_redo(lsn, 496), lsn + 512);
    for (const std::uint64_t more : {0, 1, 495, 496, 497, 991, 992, 993})
      ASSERT_EQ(redo_payload_between(lsn, advance_redo(lsn, more)), more) << payload;
  }
}

TEST(RedoLsn, AgreesWithARealServersPositions) {
  // A log that was written from its beginning to a clean shutdown: fixtures/innodb/redo_checkpoint_block.hex.
  const Lsn end{44823997};
  EXPECT_TRUE(is_redo_position(end));
  EXPECT_EQ(redo_position(redo_payload_before(end)), end);
}

}  // namespace
}  // namespace donord::innodb
