#include "clone/locator.hpp"

#include <gtest/gtest.h>

#include "support/damage.hpp"
#include "support/hex.hpp"
#include "support/seeded_random.hpp"

namespace donord {
namespace {

using testing::from_hex;
using testing::SeededRandom;
using testing::survives_damage;
using testing::to_hex;

// docs/clone-stream.md, "Annotated hex examples"
const Bytes kDonorLocator = from_hex(
    "00 00 00 64 | 00 00 00 22 | 00 00 00 01"
    "00 00 00 00 00 00 00 01"
    "00 00 00 00 00 00 00 02"
    "00 00 00 00"
    "01 00");
const Bytes kRestartLocator = from_hex(
    "00 00 00 64 00 00 00 36 00 00 00 01"
    "00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 02"
    "00 00 00 00 02 01"
    "00 00 00 01"
    "00 00 00 03 00 00 00 11"
    "00 00 00 01"
    "00 00 00 07");

Bytes version_locator() {
  Bytes bytes = from_hex("00 00 00 64 00 00 00 22 00 00 00 01");
  bytes.resize(128);
  return bytes;
}

Locator random_locator(SeededRandom& random) {
  Locator locator{.version = random.number<std::uint32_t>(),
                  .clone_id = CloneId{random.number<std::uint64_t>()},
                  .snapshot_id = SnapshotId{random.number<std::uint64_t>()},
                  .slot = random.number<std::uint32_t>(),
                  .state = static_cast<CloneState>(random.number<std::uint8_t>()),
                  .sub_state = random.number<std::uint8_t>(),
                  .padding = random.bytes(300)};
  if (random.one_in(2)) {
    RestartInfo& restart = locator.restart.emplace();
    restart.incomplete.resize(random.below(RestartInfo::kMaxIncomplete + 1));
    for (auto& [chunk, block] : restart.incomplete) {
      chunk = random.number<std::uint32_t>();
      block = random.number<std::uint32_t>();
    }
    restart.started.resize(random.below(70));
    for (RestartInfo::BitmapWord& word : restart.started) word.bits = random.number<std::uint32_t>();
  }
  return locator;
}

TEST(Locator, OfADonorHasIdsAndState) {
  const Locator expected{.clone_id = CloneId{1}, .snapshot_id = SnapshotId{2}, .state = CloneState::init};
  EXPECT_EQ(*decode<Locator>(kDonorLocator), expected);
  EXPECT_EQ(to_hex(encode(expected)), to_hex(kDonorLocator));
}

TEST(Locator, OfComInitIsPaddedBeyondTheLengthInItsHeader) {
  const Locator locator = *decode<Locator>(version_locator());
  EXPECT_EQ(locator.state, CloneState::none);
  EXPECT_EQ(locator.clone_id, CloneId{});
  EXPECT_EQ(locator.padding.size(), 128U - 34U);
  EXPECT_EQ(encode(locator), version_locator());
}

TEST(Locator, OfComReinitTellsWhichChunksTheRecipientHas) {
  const Locator locator = *decode<Locator>(kRestartLocator);
  EXPECT_EQ(locator.state, CloneState::file_copy);
  EXPECT_EQ(locator.sub_state, 1);
  ASSERT_TRUE(locator.restart);
  EXPECT_EQ(locator.restart->incomplete, (std::vector<RestartInfo::IncompleteChunk>{{3, 17}}));
  EXPECT_TRUE(locator.restart->is_started(1));
  EXPECT_TRUE(locator.restart->is_started(3));
  EXPECT_FALSE(locator.restart->is_started(4));
  EXPECT_EQ(to_hex(encode(locator)), to_hex(kRestartLocator));
}

TEST(Locator, NamesACloneByBothIdsAndNothingElse) {
  Locator locator = *decode<Locator>(kRestartLocator);
  locator.slot = 7;
  locator.version = 1;
  EXPECT_TRUE(locator.names(CloneId{1}, SnapshotId{2}));
  EXPECT_FALSE(locator.names(CloneId{1}, SnapshotId{1}));
  EXPECT_FALSE(locator.names(CloneId{2}, SnapshotId{2}));
}

TEST(Locator, IsRefusedWhenItsHeaderLies) {
  Bytes another_type = kDonorLocator;
  another_type[11] = 2;
  EXPECT_EQ(decode<Locator>(another_type).error().what, "Locator.type at 12: not a locator");

  Bytes too_short = kDonorLocator;
  too_short[7] = 33;
  EXPECT_EQ(decode<Locator>(too_short).error().what, "Locator.length at 12: less than 34");

  Bytes too_long = kRestartLocator;
  too_long[7] = 55;
  EXPECT_FALSE(decode<Locator>(too_long));
}

TEST(Locator, WithACountThatCannotBeIsRefusedBeforeAnythingIsAllocated) {
  Bytes chunks = kRestartLocator;
  chunks[34] = 0x7F;
  EXPECT_FALSE(decode<Locator>(chunks));

  Bytes words = kRestartLocator;
  words[46] = 0x7F;
  EXPECT_FALSE(decode<Locator>(words));

  Locator many{.restart = RestartInfo{}};
  many.restart->incomplete.resize(RestartInfo::kMaxIncomplete + 1);
  EXPECT_FALSE(decode<Locator>(encode(many)));
}

TEST(Locator, RoundTripsWithAnyContent) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    SeededRandom random{seed};
    const Locator locator = random_locator(random);
    const Result<Locator> decoded = decode<Locator>(encode(locator));
    ASSERT_TRUE(decoded) << decoded.error().what;
    EXPECT_EQ(*decoded, locator);
  }
}

TEST(Locator, SurvivesDamage) {
  survives_damage<Locator>(kDonorLocator);
  survives_damage<Locator>(kRestartLocator);
  survives_damage<Locator>(version_locator());
}

TEST(RestartInfo, CountsChunksFromOneInWordsOf32) {
  RestartInfo info;
  for (const std::uint32_t chunk : {1U, 32U, 33U, 96U}) info.set_started(chunk);
  ASSERT_EQ(info.started.size(), 3U);
  EXPECT_EQ(info.started[0].bits, 0x80000001U);
  EXPECT_EQ(info.started[1].bits, 1U);
  EXPECT_EQ(info.started[2].bits, 0x80000000U);
  EXPECT_TRUE(info.is_started(96));
  EXPECT_FALSE(info.is_started(34));
}

TEST(RestartInfo, HasNeverStartedAChunkOutsideOfItsBitmap) {
  RestartInfo info;
  info.started = {{0xFFFFFFFF}};
  EXPECT_FALSE(info.is_started(0));
  EXPECT_FALSE(info.is_started(33));
  EXPECT_FALSE(info.is_started(0xFFFFFFFF));
}

}  // namespace
}  // namespace donord
