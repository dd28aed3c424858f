#include "live/redo_archive.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>

#include "fault/fault_injector.hpp"
#include "innodb/redo_lsn.hpp"
#include "live/redo_segment.hpp"
#include "support/datadir_builder.hpp"
#include "support/seeded_random.hpp"

namespace donord {
namespace {

namespace fs = std::filesystem;
using innodb::kRedoBlockBytes;

constexpr Lsn kStart{16'384'000};
constexpr std::uint32_t kUuid = 0x12345678;
constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

/// Full blocks, and a short one if `end` is inside of a block. Each full one is made once.
Bytes blocks_between(Lsn from, Lsn end) {
  static Bytes made;
  const std::uint64_t full_bytes = end.block_start() - kStart;
  while (made.size() < full_bytes) {
    const Lsn lsn = kStart + made.size();
    append(made, testing::make_log_block(lsn, lsn + kRedoBlockBytes));
  }
  Bytes blocks{made.begin() + static_cast<std::ptrdiff_t>(from - kStart),
               made.begin() + static_cast<std::ptrdiff_t>(full_bytes)};
  if (end != end.block_start()) append(blocks, testing::make_log_block(end.block_start(), end));
  return blocks;
}

class RedoArchiveTest : public ::testing::Test {
 protected:
  void SetUp() override { archive_ = open({.directory = directory_}); }
  void TearDown() override { process_faults().arm({}); }

  static std::unique_ptr<RedoArchive> open(RedoArchiveOptions options) {
    Result<std::unique_ptr<RedoArchive>> archive = RedoArchive::open(std::move(options), kUuid);
    if (!archive) throw std::runtime_error(archive.error().what);
    return std::move(*archive);
  }
  void reopen(std::uint64_t max_bytes, std::uint64_t segment_bytes) {
    archive_.reset();
    archive_ = open({.directory = directory_, .max_bytes = max_bytes, .segment_bytes = segment_bytes});
  }

  /// Continues the archive up to `end`.
  Result<> extend(Lsn end) {
    const Lsn from = next_;
    next_ = end.block_start();
    return archive_->append(from, blocks_between(from, end));
  }

  void expect_readable(Lsn from, Lsn end) {
    const Bytes expected = blocks_between(from, end);
    Bytes found(expected.size());
    const Result<> read = archive_->read(from, found);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_TRUE(found == expected) << "from LSN " << from.value();
  }

  Errc error_of_read(Lsn from, std::size_t bytes) {
    Bytes into(bytes);
    const Result<> read = archive_->read(from, into);
    return read ? Errc::usage : read.error().code;
  }

  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator{directory_}, fs::directory_iterator{}));
  }

  testing::ScratchDirectory scratch_;
  fs::path directory_ = scratch_.path() / "redo";
  std::unique_ptr<RedoArchive> archive_;
  Lsn next_ = kStart;
};

TEST_F(RedoArchiveTest, WhatWentInComesOut) {
  const Lsn end = kStart + 3 * kMiB + 700;
  ASSERT_TRUE(extend(kStart + 512));
  ASSERT_TRUE(extend(kStart + 5120));
  ASSERT_TRUE(extend(end));
  EXPECT_EQ(archive_->start(), kStart);
  EXPECT_EQ(archive_->end(), end.block_start() + kRedoBlockBytes);
  expect_readable(kStart, end);
  expect_readable(kStart + 5120, end);
  expect_readable(end.block_start(), end);
}

TEST_F(RedoArchiveTest, AShortBlockGivesWayToItsSuccessors) {
  for (const std::uint64_t used : {12U, 100U, 507U}) {
    ASSERT_TRUE(extend(kStart + 512 + used));
    expect_readable(kStart, kStart + 512 + used);
    EXPECT_EQ(archive_->end(), kStart + 1024);
  }
  ASSERT_TRUE(extend(kStart + 1024));
  expect_readable(kStart, kStart + 1024);
  EXPECT_EQ(archive_->end(), kStart + 1024);
  ASSERT_TRUE(extend(kStart + 2048 + 12));
  expect_readable(kStart, kStart + 2048 + 12);
}

TEST_F(RedoArchiveTest, AShortBlockMayBeTheFirst) {
  ASSERT_TRUE(extend(kStart + 100));
  expect_readable(kStart, kStart + 100);
  EXPECT_EQ(archive_->start(), kStart);
}

TEST_F(RedoArchiveTest, EncryptedBlocksAreKeptAsTheyAre) {
  innodb::RedoBlockBytes secret = testing::make_log_block(kStart, kStart + 512);
  secret[4] |= 0x80;
  std::fill(secret.begin() + 12, secret.end(), std::uint8_t{0xAB});
  ASSERT_TRUE(archive_->append(kStart, secret));
  Bytes found(kRedoBlockBytes);
  ASSERT_TRUE(archive_->read(kStart, found));
  EXPECT_TRUE(std::ranges::equal(found, secret));
}

TEST_F(RedoArchiveTest, BlocksThatDoNotFollowAreRefused) {
  ASSERT_TRUE(extend(kStart + 5120 + 100));
  for (const Lsn from : {kStart, kStart + 4608, kStart + 5632, kStart + 10240})
    EXPECT_EQ(archive_->append(from, blocks_between(from, from + 1024)).error().code, Errc::conflict) << from.value();
  Bytes short_in_between = blocks_between(kStart + 5120, kStart + 5120 + 100);
  append(short_in_between, blocks_between(kStart + 5632, kStart + 6144));
  EXPECT_EQ(archive_->append(kStart + 5120, short_in_between).error().code, Errc::conflict);
  expect_readable(kStart, kStart + 5120 + 100);
}

TEST_F(RedoArchiveTest, BlocksThatAreNotThoseOfTheirLsnsAreRefused) {
  Bytes blocks = blocks_between(kStart, kStart + 2048);
  EXPECT_EQ(archive_->append(kStart + 512, blocks).error().code, Errc::checksum);
  blocks[1000] ^= 1;
  EXPECT_EQ(archive_->append(kStart, blocks).error().code, Errc::checksum);
  EXPECT_EQ(archive_->append(kStart, {}).error().code, Errc::malformed);
  EXPECT_EQ(archive_->append(kStart, ByteView{blocks}.first(500)).error().code, Errc::malformed);
  EXPECT_EQ(archive_->append(kStart + 1, ByteView{blocks}.first(512)).error().code, Errc::malformed);
  EXPECT_EQ(archive_->end(), Lsn{});
}

TEST_F(RedoArchiveTest, ReadingOutsideIsAnError) {
  EXPECT_EQ(error_of_read(kStart, 512), Errc::not_found);
  ASSERT_TRUE(extend(kStart + 5120));
  EXPECT_EQ(error_of_read(kStart + 5120, 512), Errc::truncated);
  EXPECT_EQ(error_of_read(kStart + 4608, 1024), Errc::truncated);
  EXPECT_EQ(error_of_read(Lsn{~std::uint64_t{511}}, 512), Errc::truncated);
  EXPECT_EQ(error_of_read(Lsn{kStart.value() - 512}, 1024), Errc::not_found);
  EXPECT_EQ(error_of_read(kStart, 500), Errc::malformed);
  EXPECT_EQ(error_of_read(kStart + 1, 512), Errc::malformed);
}

TEST_F(RedoArchiveTest, TrimmingRemovesWholeSegmentsThatNobodyNeeds) {
  reopen(100 * kMiB, kMiB);
  ASSERT_TRUE(extend(kStart + 5 * kMiB + 1000));
  EXPECT_EQ(files(), 6U);
  Result<RedoPin> pin = archive_->pin(kStart + 2 * kMiB + 700);
  ASSERT_TRUE(pin);

  archive_->trim(kStart + (2 * kMiB - 1));
  EXPECT_EQ(archive_->start(), kStart + kMiB);
  archive_->trim(kStart + 4 * kMiB);
  EXPECT_EQ(archive_->start(), kStart + 2 * kMiB);
  EXPECT_EQ(files(), 4U);
  expect_readable(kStart + 2 * kMiB, kStart + 5 * kMiB + 1000);
  EXPECT_EQ(error_of_read(kStart + kMiB, 512), Errc::not_found);
  EXPECT_EQ(archive_->pin(kStart + (2 * kMiB - 1)).error().code, Errc::not_found);

  RedoPin later = archive_->pin(kStart + 4 * kMiB).value();
  *pin = std::move(later);
  archive_->trim(kStart + 5 * kMiB);
  EXPECT_EQ(archive_->start(), kStart + 4 * kMiB);
  archive_->trim(kStart + 100 * kMiB);
  EXPECT_EQ(archive_->start(), kStart + 4 * kMiB);
  { const RedoPin gone = std::move(*pin); }
  archive_->trim(kStart + 100 * kMiB);
  EXPECT_EQ(archive_->start(), kStart + 5 * kMiB) << "the segment that is written stays";
}

TEST_F(RedoArchiveTest, WhatIsNotPinnedGivesWayWhenTheLimitIsReached) {
  constexpr std::uint64_t kLimit = 4 * kMiB;
  reopen(kLimit, kMiB);
  for (int i = 1; i <= 100; ++i) {
    ASSERT_TRUE(extend(kStart + i * 100'000)) << i;
    EXPECT_LE(archive_->bytes(), kLimit);
  }
  EXPECT_GT(archive_->bytes(), kLimit / 2);
  expect_readable(archive_->start(), kStart + 100 * 100'000);
}

TEST_F(RedoArchiveTest, TheOldestPinsAreBrokenWhenTheLimitIsReached) {
  reopen(4 * kMiB, kMiB);
  ASSERT_TRUE(extend(kStart + 2 * kMiB + kMiB / 2));
  const RedoPin oldest = archive_->pin(kStart + 700).value();
  const RedoPin as_old = archive_->pin(kStart + 900).value();
  const RedoPin younger = archive_->pin(kStart + 2 * kMiB).value();

  ASSERT_TRUE(extend(kStart + 3 * kMiB + kMiB / 2));
  EXPECT_FALSE(oldest.broken());
  EXPECT_EQ(archive_->start(), kStart);

  ASSERT_TRUE(extend(kStart + 4 * kMiB + kMiB / 2));
  EXPECT_TRUE(oldest.broken());
  EXPECT_TRUE(as_old.broken()) << "it kept the same segment";
  EXPECT_FALSE(younger.broken());
  EXPECT_EQ(error_of_read(oldest.lsn(), 512), Errc::not_found);
  expect_readable(younger.lsn(), kStart + 4 * kMiB + kMiB / 2);
  EXPECT_LE(archive_->bytes(), 4 * kMiB);

  ASSERT_TRUE(extend(kStart + 6 * kMiB + kMiB / 2));
  EXPECT_TRUE(younger.broken());
}

TEST_F(RedoArchiveTest, MoreAtOnceThanIsAllowedIsRefused) {
  reopen(4 * kMiB, kMiB);
  EXPECT_EQ(archive_->append(kStart, blocks_between(kStart, kStart + 4 * kMiB)).error().code, Errc::exhausted);
  EXPECT_EQ(RedoArchive::open({.directory = scratch_.path() / "other", .max_bytes = kMinRedoArchiveBytes - 1}, kUuid)
                .error()
                .code,
            Errc::usage);
}

TEST_F(RedoArchiveTest, APinMayOutliveItsArchive) {
  ASSERT_TRUE(extend(kStart + 512));
  const Result<RedoPin> pin = archive_->pin(kStart + 20);
  archive_.reset();
  EXPECT_EQ(pin->lsn(), kStart);
}

TEST_F(RedoArchiveTest, ItLeavesNothingBehind) {
  ASSERT_TRUE(extend(kStart + 5120));
  EXPECT_EQ(files(), 1U);
  archive_.reset();
  EXPECT_EQ(files(), 0U);
}

TEST_F(RedoArchiveTest, WhatAFormerProcessLeftIsRemovedAndNothingElse) {
  archive_.reset();
  const fs::path others = directory_ / "ibdata1";
  for (const fs::path& path : {directory_ / redo_segment_name(kStart), directory_ / redo_segment_name(kStart + 512),
                               directory_ / temporary_redo_segment_name(kStart), others})
    testing::write_file(path, Bytes(100));
  archive_ = open({.directory = directory_});
  EXPECT_EQ(files(), 1U);
  EXPECT_TRUE(fs::exists(others));
}

TEST_F(RedoArchiveTest, ADirectoryHasOneArchive) {
  EXPECT_EQ(RedoArchive::open({.directory = directory_}, kUuid).error().code, Errc::unavailable);
  archive_.reset();
  EXPECT_TRUE(RedoArchive::open({.directory = directory_}, kUuid));
}

TEST_F(RedoArchiveTest, ADirectoryThatCannotBeMadeIsAnError) {
  EXPECT_EQ(RedoArchive::open({.directory = scratch_.path() / "no" / "where"}, kUuid).error().code, Errc::not_found);
  testing::write_file(scratch_.path() / "file", Bytes(1));
  EXPECT_EQ(RedoArchive::open({.directory = scratch_.path() / "file"}, kUuid).error().code, Errc::io);
}

TEST_F(RedoArchiveTest, ItsFilesAreForItsUserAlone) {
  ASSERT_TRUE(extend(kStart + 512));
  const fs::path segment = directory_ / redo_segment_name(kStart);
  EXPECT_EQ(fs::status(segment).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::status(directory_).permissions(), fs::perms::owner_all);
  Bytes header(kRedoSegmentHeaderBytes);
  ASSERT_TRUE(read_exactly(*open_for_reading(segment), segment, 0, header));
  EXPECT_EQ(*decode_redo_segment_header(header), (RedoSegmentHeader{.log_uuid = kUuid, .start_lsn = kStart}));
}

TEST_F(RedoArchiveTest, DamageToItsFilesIsFound) {
  const Lsn end = kStart + 2 * kMiB;
  ASSERT_TRUE(extend(end));
  const fs::path segment = directory_ / redo_segment_name(kStart);
  testing::flip_byte(segment, kRedoSegmentHeaderBytes + 3 * 512 + 100);
  EXPECT_EQ(error_of_read(kStart, 2048), Errc::checksum);
  expect_readable(kStart + 2048, end);
  testing::flip_byte(segment, 3);
  EXPECT_EQ(error_of_read(kStart + 2048, 512), Errc::malformed);
  testing::flip_byte(segment, 3);
  RedoSegmentHeaderBytes other = encode_redo_segment_header({.log_uuid = kUuid + 1, .start_lsn = kStart});
  testing::write_file(segment, other);
  EXPECT_EQ(error_of_read(kStart + 2048, 512), Errc::conflict);
  other = encode_redo_segment_header({.log_uuid = kUuid, .start_lsn = kStart});
  testing::write_file(segment, other);
  EXPECT_EQ(error_of_read(kStart + 2048, 512), Errc::truncated);
  fs::remove(segment);
  EXPECT_EQ(error_of_read(kStart + 2048, 512), Errc::not_found);
}

TEST_F(RedoArchiveTest, AWriteThatFailsIsAnErrorThatNamesTheDirectory) {
  ASSERT_TRUE(extend(kStart + kMiB));
  process_faults().arm(FaultRules::parse("archive.write action=error").value());
  const Result<> extended = extend(kStart + 2 * kMiB);
  ASSERT_FALSE(extended);
  EXPECT_EQ(extended.error().code, Errc::io);
  EXPECT_NE(extended.error().hint.find(directory_.string()), std::string::npos) << extended.error().hint;
  expect_readable(kStart, kStart + kMiB);
}

TEST_F(RedoArchiveTest, AnyPiecesReadAsTheSameBytes) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    testing::SeededRandom random{seed};
    reopen(64 * kMiB, 65536 + 512 * random.below(4000));
    next_ = kStart;
    Lsn end = kStart;
    for (int i = 0; i < 30; ++i) {
      end = end + random.below(random.one_in(3) ? 400'000 : 2000) + 1;
      if (!innodb::is_redo_position(end)) end = end.block_start() + innodb::kRedoBlockHeaderBytes;
      ASSERT_TRUE(extend(end));
      const Lsn from = (kStart + random.below(end - kStart)).block_start();
      const std::uint64_t blocks = (end.block_start() - from) / 512 + 1;
      const Lsn to = random.one_in(2) ? end : std::min(end, from + 512 * (1 + random.below(blocks)));
      const Bytes expected = blocks_between(from, end);
      Bytes found(blocks_between(from, to).size());
      ASSERT_TRUE(archive_->read(from, found));
      ASSERT_TRUE(std::ranges::equal(found, ByteView{expected}.first(found.size())));
    }
  }
}

TEST_F(RedoArchiveTest, ReadersPinsAndTrimsMayRunWhileItGrows) {
  reopen(16 * kMiB, kMiB / 4);
  ASSERT_TRUE(extend(kStart + 512));
  std::atomic<bool> done = false;
  std::atomic<int> reads = 0;
  std::vector<std::thread> readers;
  for (std::uint64_t seed = 1; seed <= 2; ++seed)
    readers.emplace_back([&, seed] {
      testing::SeededRandom random{seed};
      while (!done || reads == 0) {
        const Lsn end = archive_->end();
        const Lsn wanted = Lsn{end.value() - std::min<std::uint64_t>(end - kStart, 512 * (1 + random.below(4000)))};
        const Result<RedoPin> pin = archive_->pin(wanted);
        if (!pin) continue;
        Bytes blocks(std::min<std::uint64_t>(end - pin->lsn(), 512 * (1 + random.below(200))));
        const Result<> read = archive_->read(pin->lsn(), blocks);
        EXPECT_TRUE(read || pin->broken()) << read.error().what;
        if (random.one_in(10)) archive_->trim(pin->lsn());
        ++reads;
      }
    });
  Lsn end = kStart + 512;
  for (int i = 0; i < 200; ++i) {
    const Lsn from = end;
    end = end + 512 * (1 + static_cast<std::uint64_t>(i) % 150);
    const Bytes blocks = blocks_between(from, end);
    const Result<> appended = archive_->append(from, blocks);
    EXPECT_TRUE(appended) << appended.error().what;
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_GT(reads, 0);
}

}  // namespace
}  // namespace donord
