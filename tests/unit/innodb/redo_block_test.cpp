#include "innodb/redo_block.hpp"

#include <gtest/gtest.h>

#include "support/innodb_builder.hpp"

namespace donord::innodb {
namespace {

TEST(RedoBlock, OfARealServerIsCurrentAtItsOwnLsnOnly) {
  const Bytes bytes = testing::innodb_fixture("redo_checkpoint_block.hex");
  const Lsn lsn = Lsn{44823997}.block_start();
  const RedoBlock block = look_at_redo_block(bytes, lsn);
  EXPECT_EQ(block.state, RedoBlockState::current);
  EXPECT_EQ(lsn + block.header.data_bytes, Lsn{44823997});
  EXPECT_EQ(look_at_redo_block(bytes, lsn + 512).state, RedoBlockState::other);
  EXPECT_EQ(look_at_redo_block(bytes, Lsn{lsn.value() - 512}).state, RedoBlockState::other);
}

TEST(RedoBlock, NumbersWrapAndTheEpochCounts) {
  EXPECT_EQ(redo_block_number(Lsn{0}), 1U);
  EXPECT_EQ(redo_block_number(Lsn{8192}), 17U);
  EXPECT_EQ(redo_block_epoch(Lsn{8192}), 1U);
  const Lsn last{(std::uint64_t{0x40000000} - 1) * 512};
  EXPECT_EQ(redo_block_number(last), 0x40000000U);
  EXPECT_EQ(redo_block_epoch(last), 1U);
  EXPECT_EQ(redo_block_number(last + 512), 1U);
  EXPECT_EQ(redo_block_epoch(last + 512), 2U);
}

TEST(RedoBlock, SurvivesTheRoundTripAtEveryLength) {
  const Lsn lsn{512 * 1000};
  for (std::size_t length = 0; length <= 496; ++length) {
    const RedoBlockBytes bytes = make_redo_block(lsn, Bytes(length, 0xAB), 12);
    const RedoBlock block = look_at_redo_block(bytes, lsn);
    ASSERT_EQ(block.state, RedoBlockState::current) << length;
    ASSERT_EQ(block.header.data_bytes, length == 496 ? 512 : 12 + length);
    ASSERT_EQ(block.header.full(), length == 496);
    ASSERT_EQ(block.header.first_rec_group, 12);
  }
}

TEST(RedoBlock, ABlockOfAnEarlierUseIsNotTakenForTheCurrentOne) {
  const RedoBlockBytes bytes = make_redo_block(Lsn{512 * 1000}, Bytes(496), 0);
  EXPECT_EQ(look_at_redo_block(bytes, Lsn{512 * 2000}).state, RedoBlockState::other);
  EXPECT_EQ(look_at_redo_block(bytes, Lsn{512 * (1000 + std::uint64_t{0x40000000})}).state, RedoBlockState::other);
  EXPECT_EQ(look_at_redo_block(Bytes(512), Lsn{512 * 1000}).state, RedoBlockState::other);
}

TEST(RedoBlock, LogsWithoutChecksumsAreAccepted) {
  RedoBlockBytes bytes = make_redo_block(Lsn{512 * 1000}, Bytes(100), 12);
  store_u32be(bytes, 508, 0xDEADBEEF);
  EXPECT_EQ(look_at_redo_block(bytes, Lsn{512 * 1000}).state, RedoBlockState::current);
}

TEST(RedoBlock, AnEncryptedBlockIsSeenAsSuch) {
  RedoBlockBytes bytes = make_redo_block(Lsn{512 * 1000}, Bytes(496), 12);
  store_u16be(bytes, 4, 0x8200);
  EXPECT_EQ(look_at_redo_block(bytes, Lsn{512 * 1000}).state, RedoBlockState::encrypted);
}

TEST(RedoBlock, EveryPrefixAndEveryFlippedByteIsNotCurrent) {
  const Lsn lsn{512 * 1000};
  const RedoBlockBytes bytes = make_redo_block(lsn, Bytes(200, 0x33), 12);
  for (std::size_t length = 0; length < bytes.size(); ++length)
    ASSERT_NE(look_at_redo_block(ByteView{bytes}.first(length), lsn).state, RedoBlockState::current) << length;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int mask : {0x01, 0x80, 0xFF}) {
      RedoBlockBytes damaged = bytes;
      damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ mask);
      ASSERT_NE(look_at_redo_block(damaged, lsn).state, RedoBlockState::current) << at << " " << mask;
    }
  }
}

TEST(RedoBlock, CanBeCut) {
  const Lsn lsn{512 * 100};
  RedoBlockBytes bytes = make_redo_block(lsn, Bytes(496, 0xAB), 200);
  cut_redo_block(bytes, 300);
  EXPECT_EQ(bytes, make_redo_block(lsn, Bytes(288, 0xAB), 200));
  cut_redo_block(bytes, 200);
  EXPECT_EQ(bytes, make_redo_block(lsn, Bytes(188, 0xAB), 200))
      << "a group may begin there, a server would say so, too";
  cut_redo_block(bytes, 199);
  EXPECT_EQ(bytes, make_redo_block(lsn, Bytes(187, 0xAB), 0)) << "the first group began behind";
}

}  // namespace
}  // namespace donord::innodb
