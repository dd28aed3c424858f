#include "innodb/redo_log.hpp"

#include <gtest/gtest.h>

#include "support/innodb_builder.hpp"

namespace donord::innodb {
namespace {

using testing::make_redo_file;
using testing::RedoFileSpec;

constexpr std::uint64_t kFileBytes = 65536;
constexpr std::uint64_t kDataBytes = kFileBytes - kRedoHeaderBytes;
constexpr Lsn kStart{16'384'000};

/// Three files, the log from the checkpoint to `end`.
class RedoLogTest : public ::testing::Test {
 protected:
  static constexpr Lsn kCheckpoint = Lsn{kStart.value() + kDataBytes + 1300};

  void build(Lsn end, Lsn checkpoint = kCheckpoint) {
    for (std::uint64_t i = 0; i < 3; ++i) {
      const Lsn start = kStart + i * kDataBytes;
      const bool holds_checkpoint = checkpoint >= start && checkpoint < start + kDataBytes;
      contents_.push_back(make_redo_file({.start_lsn = start,
                                          .checkpoint = holds_checkpoint ? checkpoint : Lsn{},
                                          .flags = i < 2 ? 8U : 0U,
                                          .log_begin = checkpoint,
                                          .log_end = end}));
    }
  }

  std::vector<RedoFile> files() const {
    std::vector<RedoFile> files;
    for (std::size_t i = 0; i < contents_.size(); ++i)
      files.push_back({.id = 5 + i,
                       .size_bytes = contents_[i].size(),
                       .start = decode_redo_file_start(ByteView{contents_[i]}.first(kRedoHeaderBytes)).value()});
    return files;
  }

  RedoRead reader(const RedoChain& chain) const {
    return [this, &chain](Lsn from, MutableBytes into) -> Result<> {
      const std::optional<RedoChain::Place> place = chain.find(from);
      EXPECT_TRUE(place && into.size() <= place->left_bytes);
      const ByteView file{contents_[place->file]};
      std::ranges::copy(file.subspan(place->offset_bytes, into.size()), into.begin());
      return {};
    };
  }

  MutableBytes block_at(Lsn lsn) {
    const std::size_t file = (lsn - kStart) / kDataBytes;
    return MutableBytes{contents_[file]}.subspan(kRedoHeaderBytes + (lsn - kStart) % kDataBytes, kRedoBlockBytes);
  }

  Result<RedoEnd> end_of(const RedoChain& chain, Lsn from = kCheckpoint) const {
    return find_redo_end(chain, from, reader(chain));
  }

  std::string why_broken(const std::vector<RedoFile>& files) const {
    const Result<RedoChain> chain = RedoChain::make(files);
    return chain ? "not broken" : chain.error().what;
  }

  std::vector<Bytes> contents_;
};

TEST_F(RedoLogTest, TheChainCoversAllFilesWithoutGaps) {
  build(kCheckpoint);
  const Result<RedoChain> chain = RedoChain::make(files());
  ASSERT_TRUE(chain) << chain.error().what;
  EXPECT_EQ(chain->start_lsn(), kStart);
  EXPECT_EQ(chain->end_lsn(), kStart + 3 * kDataBytes);
  EXPECT_EQ(chain->find(kStart)->offset_bytes, 2048U);
  EXPECT_EQ(chain->find(kStart + kDataBytes)->file, 1U);
  EXPECT_EQ(chain->find(kStart + kDataBytes + 512)->offset_bytes, 2560U);
  EXPECT_EQ(chain->find(kStart + kDataBytes + 512)->left_bytes, kDataBytes - 512);
  EXPECT_FALSE(chain->find(kStart + 3 * kDataBytes));
  EXPECT_FALSE(chain->find(Lsn{kStart.value() - 1}));
}

TEST_F(RedoLogTest, FilesAreSortedByTheirIds) {
  build(kCheckpoint);
  std::vector<RedoFile> shuffled = files();
  std::ranges::reverse(shuffled);
  EXPECT_EQ(RedoChain::make(shuffled)->start_lsn(), kStart);
}

TEST_F(RedoLogTest, ABrokenChainIsRefusedByName) {
  build(kCheckpoint);
  EXPECT_EQ(why_broken({}), "there are no redo files");

  std::vector<RedoFile> gap = files();
  gap.erase(gap.begin() + 1);
  EXPECT_EQ(why_broken(gap), "redo file #ib_redo7: file #ib_redo6 is missing");

  std::vector<RedoFile> no_newest = files();
  no_newest.pop_back();
  EXPECT_NE(why_broken(no_newest).find("a newer file is missing"), std::string::npos);

  std::vector<RedoFile> foreign = files();
  foreign[1].start.header.uuid = 1;
  EXPECT_NE(why_broken(foreign).find("uuid 0x00000001, expected 0x12345678"), std::string::npos);

  std::vector<RedoFile> resized = files();
  resized[0].size_bytes += 65536;
  EXPECT_NE(why_broken(resized).find("expected 16513024, where file 5 ends"), std::string::npos) << why_broken(resized);

  std::vector<RedoFile> tiny = files();
  tiny[0].size_bytes = 1024;
  EXPECT_NE(why_broken(tiny).find("cannot have 1024 bytes"), std::string::npos);

  std::vector<RedoFile> odd = files();
  odd[0].start.header.start_lsn = Lsn{kStart.value() + 1};
  EXPECT_NE(why_broken(odd).find("cannot start at LSN"), std::string::npos);
}

TEST_F(RedoLogTest, TheNewestCheckpointIsTheLargestInsideItsOwnFile) {
  build(kCheckpoint);
  std::vector<RedoFile> some = files();
  some[0].start.checkpoints = {kStart + 500, Lsn{kStart.value() + 10 * kDataBytes}};
  some[2].start.checkpoints = {Lsn{}, std::nullopt};
  EXPECT_EQ(*RedoChain::make(some)->newest_checkpoint(), kCheckpoint);
  some[1].start.checkpoints = {};
  EXPECT_EQ(*RedoChain::make(some)->newest_checkpoint(), kStart + 500);
  some[0].start.checkpoints = {};
  EXPECT_EQ(RedoChain::make(some)->newest_checkpoint().error().code, Errc::not_found);
}

TEST_F(RedoLogTest, TheLogEndsInItsLastShortBlock) {
  for (const std::uint64_t bytes : {0ULL, 1ULL, 400ULL, 5000ULL, 70'000ULL}) {
    contents_.clear();
    const Lsn end = skip_block_header(kCheckpoint + bytes);
    build(end);
    const Result<RedoChain> chain = RedoChain::make(files());
    const Result<RedoEnd> found = end_of(*chain);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->end, end) << bytes;
    EXPECT_TRUE(found->in_short_block);
    EXPECT_EQ(found->block_count, (end.block_start() - kCheckpoint.block_start()) / 512 + 1);
  }
}

TEST_F(RedoLogTest, TheLogEndsBehindAFullBlockWhenNothingFollows) {
  const Lsn end{(kCheckpoint + 5120).block_start()};
  build(end);
  const Result<RedoChain> chain = RedoChain::make(files());
  EXPECT_EQ(end_of(*chain)->end, end);
  EXPECT_FALSE(end_of(*chain)->in_short_block);
  EXPECT_EQ(skip_block_header(end), end + 12);
}

TEST_F(RedoLogTest, TheLogEndsWhereTheFilesDo) {
  const Lsn end = kStart + 3 * kDataBytes;
  build(end);
  const Result<RedoChain> chain = RedoChain::make(files());
  EXPECT_EQ(end_of(*chain)->end, end);
}

TEST_F(RedoLogTest, ADamagedBlockEndsTheLogAndIsReported) {
  build(kCheckpoint + 5000);
  const Lsn damaged = Lsn{(kCheckpoint + 1024).block_start()};
  contents_[1][kRedoHeaderBytes + (damaged - (kStart + kDataBytes)) + 50] ^= 1;
  const Result<RedoChain> chain = RedoChain::make(files());
  const Result<RedoEnd> end = end_of(*chain);
  EXPECT_EQ(end->end, damaged);
  EXPECT_EQ(end->stopped_at, RedoBlockState::damaged);
}

TEST_F(RedoLogTest, AnEncryptedBlockIsRefused) {
  build(kCheckpoint + 5000);
  const std::size_t offset = kRedoHeaderBytes + (kCheckpoint.block_start() - (kStart + kDataBytes));
  store_u16be(contents_[1], offset + 4, 0x8200);
  const Result<RedoChain> chain = RedoChain::make(files());
  EXPECT_EQ(end_of(*chain).error().code, Errc::unsupported_version);
}

TEST_F(RedoLogTest, NothingIsBehindTheEndOfAHealthyLog) {
  for (const std::uint64_t bytes : {0ULL, 400ULL, 5000ULL, 70'000ULL}) {
    contents_.clear();
    build(skip_block_header(kCheckpoint + bytes));
    const Result<RedoChain> chain = RedoChain::make(files());
    const Result<std::optional<Lsn>> behind = find_redo_behind(*chain, *end_of(*chain), reader(*chain));
    ASSERT_TRUE(behind);
    EXPECT_EQ(*behind, std::nullopt) << bytes;
  }
}

TEST_F(RedoLogTest, ALogThatGoesOnBehindADamagedBlockIsNotAtItsEnd) {
  build(kCheckpoint + 5000);
  const Lsn damaged = Lsn{(kCheckpoint + 1024).block_start()};
  block_at(damaged)[50] ^= 1;
  const Result<RedoChain> chain = RedoChain::make(files());
  const Result<std::optional<Lsn>> behind = find_redo_behind(*chain, *end_of(*chain), reader(*chain));
  ASSERT_TRUE(behind);
  EXPECT_EQ(*behind, damaged + 512);
}

TEST_F(RedoLogTest, ALostBlockIsNotTheEndOfTheLog) {
  build(kCheckpoint + 5000);
  const Lsn lost = Lsn{(kCheckpoint + 1024).block_start()};
  std::ranges::fill(block_at(lost), std::uint8_t{0});
  const Result<RedoChain> chain = RedoChain::make(files());
  EXPECT_EQ(end_of(*chain)->stopped_at, RedoBlockState::other);
  EXPECT_EQ(**find_redo_behind(*chain, *end_of(*chain), reader(*chain)), lost + 512);
}

TEST_F(RedoLogTest, ATornLastBlockIsTheEndOfTheLog) {
  const Lsn end = kCheckpoint + 5000;
  build(end);
  block_at(end.block_start())[50] ^= 1;
  const Result<RedoChain> chain = RedoChain::make(files());
  EXPECT_EQ(end_of(*chain)->end, end.block_start());
  EXPECT_EQ(*find_redo_behind(*chain, *end_of(*chain), reader(*chain)), std::nullopt);
}

TEST_F(RedoLogTest, ABlockThatIsBehindAShortOneIsFoundInTheNextFile) {
  const Lsn end = kStart + 2 * kDataBytes + 700;
  build(end);
  const Lsn last_of_file = Lsn{kStart.value() + 2 * kDataBytes - 512};
  std::ranges::copy(make_redo_block(last_of_file, Bytes(100, 1), 12), block_at(last_of_file).begin());
  const Result<RedoChain> chain = RedoChain::make(files());
  const Result<RedoEnd> found = end_of(*chain);
  EXPECT_EQ(found->end, last_of_file + 112);
  EXPECT_EQ(**find_redo_behind(*chain, *found, reader(*chain)), last_of_file + 512);
}

TEST_F(RedoLogTest, BlocksOfAnEarlierUseAreNotBehindTheEnd) {
  build(kCheckpoint + 5000);
  const Lsn behind = Lsn{(kCheckpoint + 10'000).block_start()};
  std::ranges::copy(testing::make_log_block(Lsn{behind.value() - 512}, kStart + 100 * kDataBytes),
                    block_at(behind).begin());
  const Result<RedoChain> chain = RedoChain::make(files());
  EXPECT_EQ(*find_redo_behind(*chain, *end_of(*chain), reader(*chain)), std::nullopt);
}

TEST_F(RedoLogTest, ReadErrorsBehindTheEndAreErrors) {
  build(kCheckpoint + 5000);
  const Result<RedoChain> chain = RedoChain::make(files());
  const auto broken = [](Lsn, MutableBytes) -> Result<> { return Error{Errc::io, "input/output error"}; };
  EXPECT_EQ(find_redo_behind(*chain, *end_of(*chain), broken).error().code, Errc::io);
}

TEST(RedoFileId, IsInTheNameOfInUseFilesOnly) {
  EXPECT_EQ(redo_file_id("#ib_redo0"), 0U);
  EXPECT_EQ(redo_file_id("#ib_redo4711"), 4711U);
  EXPECT_EQ(redo_file_id("#ib_redo5_tmp"), std::nullopt);
  EXPECT_EQ(redo_file_id("#ib_redo"), std::nullopt);
  EXPECT_EQ(redo_file_id("#ib_redo-1"), std::nullopt);
  EXPECT_EQ(redo_file_id("#ib_redo99999999999999999999999"), std::nullopt);
  EXPECT_EQ(redo_file_id("ib_logfile0"), std::nullopt);
}

}  // namespace
}  // namespace donord::innodb
