#include "source/redo_packer.hpp"

#include <gtest/gtest.h>

#include "support/innodb_builder.hpp"

namespace donord {
namespace {

using innodb::kRedoHeaderBytes;

constexpr std::uint64_t kFileBytes = 65536;
constexpr std::uint64_t kDataBytes = kFileBytes - kRedoHeaderBytes;
constexpr Lsn kStart{16'384'000};

/// A log without files: whatever block is asked for, up to its end.
innodb::RedoRead log_until(Lsn end) {
  return [end](Lsn from, MutableBytes into) -> Result<> {
    for (std::size_t offset = 0; offset < into.size(); offset += 512) {
      const Lsn lsn = from + offset;
      if (lsn >= end)
        std::ranges::fill(into.subspan(offset, 512), std::uint8_t{0});
      else
        std::ranges::copy(testing::make_log_block(lsn, end), into.begin() + static_cast<std::ptrdiff_t>(offset));
    }
    return {};
  };
}

Result<RedoPacker> pack(const RedoRange& range, std::string creator = std::string{kCloneCreator}) {
  return RedoPacker::make({.file_bytes = kFileBytes, .page_bytes = 16384, .uuid = 99, .creator = std::move(creator)},
                          range, log_until(range.end));
}

/// Reads the packed files back as a recipient would: chain, checkpoint, end of the log.
void expect_recoverable(const RedoPacker& packer, const RedoRange& range) {
  std::vector<Bytes> contents;
  std::vector<innodb::RedoFile> files;
  const RedoPlan plan = packer.plan();
  for (std::uint32_t i = 0; i < plan.file_count; ++i) {
    Bytes& content = contents.emplace_back(plan.file_size_bytes);
    const Result<> read = packer.read(i, 0, content);
    ASSERT_TRUE(read) << read.error().what;
    files.push_back({.id = i,
                     .size_bytes = content.size(),
                     .start = innodb::decode_redo_file_start(ByteView{content}.first(kRedoHeaderBytes)).value()});
  }
  const Result<innodb::RedoChain> chain = innodb::RedoChain::make(files);
  ASSERT_TRUE(chain) << chain.error().what;
  EXPECT_EQ(chain->start_lsn(), range.checkpoint.block_start());
  EXPECT_EQ(*chain->newest_checkpoint(), range.checkpoint);
  const auto end = innodb::find_redo_end(*chain, range.checkpoint, [&](Lsn from, MutableBytes into) -> Result<> {
    const auto place = chain->find(from);
    std::ranges::copy(ByteView{contents[place->file]}.subspan(place->offset_bytes, into.size()), into.begin());
    return {};
  });
  EXPECT_EQ(end->end, range.end);
  EXPECT_EQ(plan.trailer_offset_bytes, chain->find(range.end.block_start())->offset_bytes);
  EXPECT_EQ(chain->find(range.end.block_start())->file, plan.file_count - 1);
}

TEST(RedoPacker, ACleanLogIsOneFileWithOneBlock) {
  const RedoRange range{kStart + 4000, kStart + 4000};
  const Result<RedoPacker> packer = pack(range);
  ASSERT_TRUE(packer) << packer.error().what;
  EXPECT_EQ(packer->plan().file_count, 1U);
  EXPECT_EQ(packer->plan().trailer_offset_bytes, 2048U);
  expect_recoverable(*packer, range);
}

TEST(RedoPacker, LogsOfEveryLengthAreRecoverable) {
  const Lsn checkpoint = kStart + 4000;
  const std::uint64_t in_block = 4000 % 512;
  for (const std::uint64_t length :
       {std::uint64_t{0}, std::uint64_t{1}, 512 - in_block + 12, std::uint64_t{5000}, kDataBytes - in_block - 512 + 20,
        kDataBytes - in_block + 12, kDataBytes - in_block + 600, 3 * kDataBytes + 77}) {
    const RedoRange range{checkpoint, innodb::skip_block_header(checkpoint + length)};
    const Result<RedoPacker> packer = pack(range);
    ASSERT_TRUE(packer) << length << ": " << packer.error().what;
    SCOPED_TRACE(length);
    expect_recoverable(*packer, range);
  }
}

TEST(RedoPacker, ALogThatEndsWithAFileGetsAnExtraOne) {
  const RedoRange range{kStart + 12, kStart + kDataBytes + 12};
  const Result<RedoPacker> packer = pack(range);
  ASSERT_TRUE(packer) << packer.error().what;
  EXPECT_EQ(packer->plan().file_count, 2U);
  EXPECT_EQ(packer->plan().trailer_offset_bytes, 2048U);
  EXPECT_EQ(RedoPacker::capacity_bytes(kFileBytes, range), 2 * kFileBytes);
}

TEST(RedoPacker, AnEmptyBlockIsMadeWhereTheLogHasNone) {
  const RedoRange range{kStart + 12, kStart + 12};
  const auto nothing = [](Lsn, MutableBytes) -> Result<> { return Error{Errc::truncated, "no more log"}; };
  const Result<RedoPacker> packer = RedoPacker::make(
      {.file_bytes = kFileBytes, .page_bytes = 16384, .uuid = 99, .creator = std::string{kCloneCreator}}, range,
      nothing);
  ASSERT_TRUE(packer) << packer.error().what;
  Bytes block(512);
  ASSERT_TRUE(packer->read(0, 2048, block));
  EXPECT_EQ(innodb::look_at_redo_block(block, kStart).state, innodb::RedoBlockState::current);
}

TEST(RedoPacker, OlderFilesAreMarkedFullUnlessTheLogIsAClones) {
  const RedoRange range{kStart + 4000, kStart + 3 * kDataBytes};
  const auto flags_of = [&](const RedoPacker& packer, std::uint32_t file) {
    Bytes header(kRedoHeaderBytes);
    EXPECT_TRUE(packer.read(file, 0, header));
    return innodb::decode_redo_file_start(header)->header.flags;
  };
  const Result<RedoPacker> clone = pack({range.checkpoint, innodb::skip_block_header(range.end)});
  const Result<RedoPacker> server = pack({range.checkpoint, innodb::skip_block_header(range.end)}, "MySQL 9.7.4");
  ASSERT_TRUE(clone && server);
  const std::uint32_t newest = clone->plan().file_count - 1;
  EXPECT_EQ(flags_of(*clone, 0), 0U);
  EXPECT_EQ(flags_of(*clone, newest), 0U);
  EXPECT_EQ(flags_of(*server, 0), 8U);
  EXPECT_EQ(flags_of(*server, newest), 0U);
}

TEST(RedoPacker, AnyRangeReadsAsTheSameBytes) {
  const RedoRange range{kStart + 4000, kStart + 9000};
  const Result<RedoPacker> packer = pack(range);
  ASSERT_TRUE(packer);
  Bytes whole(kFileBytes);
  ASSERT_TRUE(packer->read(0, 0, whole));
  for (const std::uint64_t offset : {0U, 1U, 511U, 512U, 2047U, 2048U, 2049U, 5000U, 8000U})
    for (const std::size_t length : {0U, 1U, 100U, 512U, 1000U, 4096U}) {
      Bytes part(length);
      ASSERT_TRUE(packer->read(0, offset, part)) << offset << " " << length;
      ASSERT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + static_cast<std::ptrdiff_t>(offset)))
          << offset << " " << length;
    }
}

TEST(RedoPacker, RangesOutsideAreRefused) {
  const Result<RedoPacker> packer = pack({kStart + 4000, kStart + 4000});
  Bytes block(512);
  EXPECT_FALSE(packer->read(1, 0, block));
  EXPECT_FALSE(packer->read(0, kFileBytes, block));
  EXPECT_FALSE(packer->read(0, kFileBytes - 511, block));
  EXPECT_FALSE(packer->read(0, ~std::uint64_t{0}, block));
}

TEST(RedoPacker, BlocksThatChangeUnderneathAreFound) {
  const RedoRange range{kStart + 4000, kStart + 9000};
  bool damaged = false;
  const Result<RedoPacker> packer = RedoPacker::make(
      {.file_bytes = kFileBytes, .page_bytes = 16384, .uuid = 99, .creator = std::string{kCloneCreator}}, range,
      [&, read = log_until(range.end)](Lsn from, MutableBytes into) -> Result<> {
        Result<> done = read(from, into);
        if (damaged) into[100] ^= 1;
        return done;
      });
  damaged = true;
  Bytes blocks(1024);
  EXPECT_EQ(packer->read(0, 2048, blocks).error().code, Errc::checksum);
}

TEST(RedoPacker, BlocksWithoutAChecksumGetOne) {
  const RedoRange range{kStart + 4000, kStart + 9000};
  const Result<RedoPacker> with = pack(range);
  const Result<RedoPacker> without = RedoPacker::make(
      {.file_bytes = kFileBytes, .page_bytes = 16384, .uuid = 99, .creator = std::string{kCloneCreator}}, range,
      [read = log_until(range.end)](Lsn from, MutableBytes into) -> Result<> {
        Result<> done = read(from, into);
        for (std::size_t block = 0; block < into.size(); block += 512) store_u32be(into, block + 508, 0xDEADBEEF);
        return done;
      });
  ASSERT_TRUE(with && without);
  Bytes expected(kFileBytes);
  Bytes found(kFileBytes);
  ASSERT_TRUE(with->read(0, 0, expected));
  ASSERT_TRUE(without->read(0, 0, found));
  EXPECT_EQ(found, expected);
}

TEST(RedoPacker, ImpossibleFileSizesAreRefused) {
  for (const std::uint64_t bytes :
       {std::uint64_t{0}, std::uint64_t{32768}, std::uint64_t{65536 + 512}, (std::uint64_t{16} << 30) + 16384}) {
    const RedoRange range{kStart + 4000, kStart + 4000};
    const auto packer = RedoPacker::make({.file_bytes = bytes, .page_bytes = 16384, .uuid = 1, .creator = "x"}, range,
                                         log_until(range.end));
    ASSERT_FALSE(packer) << bytes;
    EXPECT_EQ(packer.error().code, Errc::usage) << bytes;
  }
  EXPECT_EQ(pack({kStart + 4000, kStart + 2000 * kDataBytes + 12}).error().code, Errc::usage);
  EXPECT_EQ(pack({kStart + 4000, kStart + 100}).error().code, Errc::malformed);
}

}  // namespace
}  // namespace donord
