#include "innodb/old_redo.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <utility>

#include "support/hex.hpp"
#include "support/old_redo_builder.hpp"

namespace donord::innodb {
namespace {

using ::testing::HasSubstr;
using testing::OldRedoSpec;

constexpr std::uint64_t kFile = 65536;
constexpr std::uint64_t kData = kFile - kRedoHeaderBytes;

const RedoFileHeader kHeader{
    .format = 4, .uuid = 0, .start_lsn = Lsn{0x12345600}, .creator = "MySQL Clone", .flags = 0};
const OldCheckpoint kCheckpoint{
    .number = 0x2A, .lsn = Lsn{0x12345678}, .offset_bytes = 0x878, .log_buffer_bytes = 0x1000000};

Bytes encoded() {
  const RedoFileStartBytes bytes = encode_old_redo_start(kHeader, kCheckpoint);
  return {bytes.begin(), bytes.end()};
}

// The expected bytes were put together by hand from docs/innodb-files.md, the checksums by another implementation of
// CRC-32C.
TEST(OldRedo, AHeaderHasTheseBytes) {
  const Bytes bytes = encoded();
  Bytes block = testing::from_hex(
      "00000004 00000000 0000000012345600"
      "4d7953514c20436c6f6e6500 0000000000000000000000000000000000000000 00000000");
  block.resize(508);
  EXPECT_EQ(Bytes(bytes.begin(), bytes.begin() + 508), block);
  EXPECT_EQ(load_u32be(bytes, 508), 0xa34e3a33U);
  EXPECT_EQ(Bytes(bytes.begin() + 1024, bytes.begin() + 1536), Bytes(512)) << "no encryption";
}

TEST(OldRedo, ACheckpointHasTheseBytesInBothSlots) {
  const Bytes bytes = encoded();
  Bytes block = testing::from_hex("000000000000002a 0000000012345678 0000000000000878 0000000001000000");
  block.resize(508);
  for (const std::ptrdiff_t slot : {512, 1536}) {
    EXPECT_EQ(Bytes(bytes.begin() + slot, bytes.begin() + slot + 508), block);
    EXPECT_EQ(load_u32be(bytes, static_cast<std::size_t>(slot) + 508), 0x33b57acfU);
  }
}

TEST(OldRedo, EveryFormatDecodesToWhatWasEncoded) {
  for (const std::uint32_t format : {3U, 4U, 5U}) {
    RedoFileHeader header = kHeader;
    header.format = format;
    header.flags = format == 5 ? 1 : 0;
    const Result<OldRedoStart> start = decode_old_redo_start(encode_old_redo_start(header, kCheckpoint));
    ASSERT_TRUE(start) << start.error().what;
    EXPECT_EQ(start->start.header, header);
    EXPECT_EQ(start->start.checkpoints[1], kCheckpoint.lsn);
    EXPECT_EQ(*start->newest_checkpoint(), kCheckpoint);
  }
}

TEST(OldRedo, OtherFormatsAreRefusedByTheirNumber) {
  for (const std::uint32_t format : {0U, 1U, 2U, 6U, 7U, 0x80000004U}) {
    RedoFileHeader header = kHeader;
    header.format = format;
    const Result<OldRedoStart> start = decode_old_redo_start(encode_old_redo_start(header, kCheckpoint));
    ASSERT_FALSE(start);
    EXPECT_EQ(start.error().code, Errc::unsupported_version);
    EXPECT_THAT(start.error().what, HasSubstr(fmt::format("redo log format {}", format)));
    EXPECT_FALSE(start.error().hint.empty());
  }
}

TEST(OldRedo, EveryDamagedByteOfTheHeaderIsNoticed) {
  const Bytes good = encoded();
  for (std::size_t at = 0; at < 512; ++at) {
    Bytes bytes = good;
    bytes[at] ^= 0x10;
    EXPECT_FALSE(decode_old_redo_start(bytes)) << at;
  }
  for (std::size_t length = 0; length < good.size(); length += 64)
    EXPECT_FALSE(decode_old_redo_start(ByteView{good}.first(length))) << length;
}

TEST(OldRedo, ADamagedCheckpointLeavesTheOtherSlot) {
  const Bytes good = encoded();
  for (std::size_t at = 512; at < 1024; ++at) {
    Bytes bytes = good;
    bytes[at] ^= 0x01;
    const Result<OldRedoStart> start = decode_old_redo_start(bytes);
    ASSERT_TRUE(start);
    EXPECT_FALSE(start->checkpoints[0]) << at;
    EXPECT_EQ(*start->newest_checkpoint(), kCheckpoint);
    bytes[at + 1024] ^= 0x01;
    EXPECT_EQ(decode_old_redo_start(bytes)->newest_checkpoint().error().code, Errc::not_found);
  }
}

TEST(OldRedo, TheLargestNumberIsTheNewestCheckpointWhateverItsLsn) {
  const Bytes file = testing::make_old_redo({}).front();
  const Result<OldRedoStart> start = decode_old_redo_start(ByteView{file}.first(kRedoHeaderBytes));
  ASSERT_TRUE(start);
  ASSERT_TRUE(start->checkpoints[1]);
  EXPECT_GT(start->checkpoints[1]->lsn, start->checkpoints[0]->lsn);
  EXPECT_EQ(*start->newest_checkpoint(), testing::checkpoint_of({}));
}

TEST(OldRedo, AFileThatTheLogHasNotReachedHasNoHeader) {
  const Result<RedoFileStart> start = decode_other_old_redo_start(Bytes(kRedoHeaderBytes));
  ASSERT_FALSE(start);
  EXPECT_EQ(start.error().code, Errc::not_found);
}

TEST(OldRedo, FilesAreRecognisedByName) {
  EXPECT_EQ(old_redo_file_id("ib_logfile0"), 0U);
  EXPECT_EQ(old_redo_file_id("ib_logfile99"), 99U);
  for (const std::string_view other : {"ib_logfile", "ib_logfile01", "ib_logfile1x", "ib_logfile-1", "#ib_redo0", ""})
    EXPECT_EQ(old_redo_file_id(other), std::nullopt) << other;
}

OldRedoRing ring_of(std::size_t files, Lsn lsn, std::uint64_t offset) {
  return OldRedoRing::make(kFile, files, {.number = 1, .lsn = lsn, .offset_bytes = offset}).value();
}

void expect_place(const OldRedoRing& ring, Lsn lsn, std::size_t file, std::uint64_t offset, std::uint64_t left) {
  const std::optional<RedoLayout::Place> place = ring.find(lsn);
  ASSERT_TRUE(place) << lsn.value();
  EXPECT_EQ(place->file, file);
  EXPECT_EQ(place->offset_bytes, offset);
  EXPECT_EQ(place->left_bytes, left);
}

TEST(OldRedoRing, BeginsWithTheBlockOfTheCheckpoint) {
  const OldRedoRing ring = ring_of(2, Lsn{10'240 + 100}, 2048 + 100);
  EXPECT_EQ(ring.capacity_bytes(), 2 * kData);
  expect_place(ring, Lsn{10'240}, 0, 2048, kData);
  expect_place(ring, Lsn{10'240 + 100}, 0, 2148, kData - 100);
  EXPECT_FALSE(ring.find(Lsn{10'239}));
}

TEST(OldRedoRing, CrossesFilesBehindTheirHeadersAndWrapsAround) {
  // The checkpoint is in the last block of the last of three files.
  const OldRedoRing ring = ring_of(3, Lsn{1'024'000 + 30}, 3 * kFile - 512 + 30);
  expect_place(ring, Lsn{1'024'000}, 2, kFile - 512, 512);
  expect_place(ring, Lsn{1'024'512}, 0, 2048, kData);
  expect_place(ring, Lsn{1'024'512} + kData, 1, 2048, kData);
  expect_place(ring, Lsn{1'024'512} + 2 * kData, 2, 2048, kData - 512);
  expect_place(ring, Lsn{1'024'000} + (3 * kData - 512), 2, kFile - 1024, 512);
  EXPECT_FALSE(ring.find(Lsn{1'024'000} + 3 * kData)) << "one round, not two";
}

TEST(OldRedoRing, EveryPlaceOfARoundIsAnotherOne) {
  const OldRedoRing ring = ring_of(4, Lsn{512'000 + 12}, kFile + 4096 + 12);
  std::set<std::pair<std::size_t, std::uint64_t>> places;
  for (Lsn lsn{512'000}; lsn < Lsn{512'000} + ring.capacity_bytes(); lsn = lsn + 512) {
    const std::optional<RedoLayout::Place> place = ring.find(lsn);
    ASSERT_TRUE(place);
    EXPECT_GE(place->offset_bytes, kRedoHeaderBytes);
    EXPECT_LE(place->offset_bytes + 512, kFile);
    EXPECT_LT(place->file, 4U);
    EXPECT_TRUE(places.emplace(place->file, place->offset_bytes).second);
  }
}

TEST(OldRedoRing, RefusesCheckpointsThatCannotBe) {
  const auto refused = [](std::uint64_t file_bytes, std::size_t files, std::uint64_t lsn, std::uint64_t offset) {
    const Result<OldRedoRing> ring =
        OldRedoRing::make(file_bytes, files, {.number = 1, .lsn = Lsn{lsn}, .offset_bytes = offset});
    return !ring && ring.error().code == Errc::malformed;
  };
  EXPECT_FALSE(refused(kFile, 2, 10'240, 2048));
  EXPECT_TRUE(refused(kFile, 1, 10'240, 2048)) << "servers want two files";
  EXPECT_TRUE(refused(kFile, 101, 10'240, 2048));
  EXPECT_TRUE(refused(kFile + 100, 2, 10'240, 2048));
  EXPECT_TRUE(refused(4096, 2, 10'240, 2048));
  EXPECT_TRUE(refused(~std::uint64_t{511}, 100, 10'240, 2048));
  EXPECT_TRUE(refused(kFile, 2, 10'240, 1024)) << "in the header";
  EXPECT_TRUE(refused(kFile, 2, 10'240, kFile + 512)) << "in the second header";
  EXPECT_TRUE(refused(kFile, 2, 10'240, 2 * kFile));
  EXPECT_TRUE(refused(kFile, 2, 10'240, ~std::uint64_t{511}));
  EXPECT_TRUE(refused(kFile, 2, 10'240, 2049));
  EXPECT_TRUE(refused(kFile, 2, 512, 2048)) << "before the first LSN";
  EXPECT_TRUE(refused(kFile, 2, ~std::uint64_t{511}, 2048));
}

/// Reads the log in memory.
RedoRead reader(const OldRedoRing& ring, const std::vector<Bytes>& files) {
  return [&](Lsn from, MutableBytes into) -> Result<> {
    while (!into.empty()) {
      const std::optional<RedoLayout::Place> place = ring.find(from);
      if (!place) return Error{Errc::truncated, "behind the log"};
      const std::size_t count = std::min<std::uint64_t>(into.size(), place->left_bytes);
      std::ranges::copy(ByteView{files.at(place->file)}.subspan(place->offset_bytes, count), into.begin());
      from = from + count;
      into = into.subspan(count);
    }
    return {};
  };
}

Lsn end_of(const OldRedoSpec& spec, const std::vector<Bytes>& files) {
  const OldRedoRing ring = OldRedoRing::make(spec.file_bytes, spec.file_count, testing::checkpoint_of(spec)).value();
  return find_redo_end(ring, spec.checkpoint, reader(ring, files))->end;
}

TEST(OldRedoRing, TheEndOfTheLogIsFoundWherever) {
  const Lsn checkpoint{16'384'000 + 4000};
  for (const std::uint64_t length : {0ULL, 50ULL, 512ULL, 5000ULL, 60'100ULL, 100'000ULL}) {
    const Lsn end = checkpoint + length;
    for (const std::uint64_t offset : {std::uint64_t{2048}, kFile - 512}) {
      const OldRedoSpec spec{.file_count = 3, .checkpoint = checkpoint, .end = end, .file = 2, .block_offset = offset};
      EXPECT_EQ(end_of(spec, testing::make_old_redo(spec)), end) << length << " from offset " << offset;
    }
  }
}

TEST(OldRedoRing, BlocksOfAnEarlierRoundAreNotPartOfTheLog) {
  const OldRedoSpec spec{};
  std::vector<Bytes> files = testing::make_old_redo(spec);
  const Lsn earlier{spec.checkpoint.block_start().value() + 512 - 2 * kData};
  std::ranges::copy(testing::make_old_log_block(earlier, earlier + 512, 70), files[0].begin() + 2560);
  EXPECT_EQ(end_of(spec, files), spec.checkpoint);
}

TEST(OldRedoRing, ADamagedBlockEndsTheLog) {
  const OldRedoSpec spec{.end = Lsn{16'384'000 + 8000}};
  std::vector<Bytes> files = testing::make_old_redo(spec);
  files[0][2048 + 1024 + 50] ^= 1;
  EXPECT_EQ(end_of(spec, files), spec.checkpoint.block_start() + 1024);
}

TEST(OldRedoBlock, NeedsNoEpoch) {
  const Lsn lsn{16'384'000};
  const RedoBlockBytes block = testing::make_old_log_block(lsn, lsn + 100, 77);
  EXPECT_EQ(look_at_old_redo_block(block, lsn).state, RedoBlockState::current);
  EXPECT_EQ(look_at_redo_block(block, lsn).state, RedoBlockState::other);
  EXPECT_EQ(look_at_old_redo_block(block, lsn + 512).state, RedoBlockState::other);
}

}  // namespace
}  // namespace donord::innodb
