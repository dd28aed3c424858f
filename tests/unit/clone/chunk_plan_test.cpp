#include "clone/chunk_plan.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <utility>

#include "support/seeded_random.hpp"

namespace donord {
namespace {

using testing::SeededRandom;

constexpr std::uint32_t kPage = 16384;
constexpr std::uint32_t kBlock = 64 * kPage;

DataFile file_of(std::uint64_t size_bytes) {
  return {.size_bytes = size_bytes};
}

std::uint32_t blocks_in(const ChunkPlan& plan, std::uint32_t chunk) {
  std::uint32_t count = 0;
  while (plan.block(chunk, count + 1)) ++count;
  return count;
}

void expect_block(const ChunkPlan& plan, std::uint32_t chunk, std::uint32_t number, std::uint32_t file_index,
                  std::uint64_t offset_bytes, std::uint32_t length_bytes) {
  SCOPED_TRACE(fmt::format("chunk {}, block {}", chunk, number));
  const std::optional<Block> block = plan.block(chunk, number);
  ASSERT_TRUE(block);
  EXPECT_EQ(block->file_index, file_index);
  EXPECT_EQ(block->offset_bytes, offset_bytes);
  EXPECT_EQ(block->length_bytes, length_bytes);
}

void expect_chunks(const ChunkPlan& plan, std::uint32_t file_index, std::uint32_t first, std::uint32_t last) {
  EXPECT_EQ(plan.chunks_of(file_index).first, first) << "file " << file_index;
  EXPECT_EQ(plan.chunks_of(file_index).last, last) << "file " << file_index;
}

/// Begin and end of every block of every chunk, by file, in order of position.
std::vector<std::vector<std::pair<std::uint64_t, std::uint64_t>>> extents_of(const ChunkPlan& plan,
                                                                             std::uint32_t file_count) {
  std::vector<std::vector<std::pair<std::uint64_t, std::uint64_t>>> extents(file_count);
  for (std::uint32_t chunk = 1; chunk <= plan.chunk_count(); ++chunk) {
    for (std::uint32_t number = 1;; ++number) {
      const std::optional<Block> block = plan.block(chunk, number);
      if (!block) break;
      EXPECT_GT(block->length_bytes, 0U);
      extents.at(block->file_index).emplace_back(block->offset_bytes, block->offset_bytes + block->length_bytes);
    }
  }
  for (auto& of_file : extents) std::sort(of_file.begin(), of_file.end());
  return extents;
}

/// The blocks cover [0, end) of the file, each byte once.
void expect_tiled(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& extents, std::uint64_t end) {
  std::uint64_t covered = 0;
  for (const auto& [from, to] : extents) {
    ASSERT_EQ(from, covered);
    covered = to;
  }
  EXPECT_EQ(covered, end);
}

// docs/clone-stream.md, "Chunks and blocks"
TEST(FilePlan, FollowsTheWorkedExample) {
  const std::vector<DataFile> files = {file_of(5000), file_of(12582912), file_of(157401088)};
  const auto plan = plan_files(files, kPage, kBlock);
  EXPECT_EQ(plan->chunk_count(), 5U);
  EXPECT_EQ(plan->file_count(), 3U);
  EXPECT_EQ(plan->estimate_bytes(), 169989000U);
  expect_chunks(*plan, 0, 1, 1);
  expect_chunks(*plan, 1, 2, 2);
  expect_chunks(*plan, 2, 3, 5);

  expect_block(*plan, 1, 1, 0, 0, 5000);
  EXPECT_EQ(blocks_in(*plan, 1), 1U);
  expect_block(*plan, 2, 12, 1, 11534336, 1048576);
  EXPECT_EQ(blocks_in(*plan, 2), 12U);
  expect_block(*plan, 3, 64, 2, 66060288, 1048576);
  EXPECT_EQ(blocks_in(*plan, 3), 64U);
  expect_block(*plan, 4, 1, 2, 67108864, 1048576);
  expect_block(*plan, 5, 22, 2, 156237824, 1048576);
  expect_block(*plan, 5, 23, 2, 157286400, 114688);
  EXPECT_EQ(blocks_in(*plan, 5), 23U);
  EXPECT_EQ(plan->block(5, 23)->file_size_bytes, 157401088U);
}

TEST(FilePlan, GivesAFileWithoutBytesNoChunk) {
  const std::vector<DataFile> files = {file_of(0), file_of(100), file_of(0), file_of(0), file_of(200), file_of(0)};
  const auto plan = plan_files(files, kPage, kBlock);
  EXPECT_EQ(plan->chunk_count(), 2U);
  expect_chunks(*plan, 0, 1, 0);
  expect_chunks(*plan, 1, 1, 1);
  expect_chunks(*plan, 2, 2, 1);
  expect_chunks(*plan, 3, 2, 1);
  expect_chunks(*plan, 4, 2, 2);
  expect_chunks(*plan, 5, 3, 2);
  expect_block(*plan, 1, 1, 1, 0, 100);
  expect_block(*plan, 2, 1, 4, 0, 200);
}

TEST(FilePlan, WithoutFilesHasNoChunk) {
  const std::vector<DataFile> files;
  const auto plan = plan_files(files, kPage, kBlock);
  EXPECT_EQ(plan->chunk_count(), 0U);
  EXPECT_FALSE(plan->block(1, 1));
}

TEST(FilePlan, ChunksAre4096PagesOfTheInstance) {
  for (const std::uint32_t page : {4096U, 8192U, 16384U, 32768U, 65536U}) {
    SCOPED_TRACE(fmt::format("page size {}", page));
    const std::uint64_t chunk = std::uint64_t{4096} * page;
    const std::vector<DataFile> files = {file_of(chunk), file_of(chunk + 1), file_of(chunk - 1)};
    const auto plan = plan_files(files, page, 64 * page);
    expect_chunks(*plan, 0, 1, 1);
    expect_chunks(*plan, 1, 2, 3);
    expect_chunks(*plan, 2, 4, 4);
    EXPECT_EQ(blocks_in(*plan, 1), 64U);
    expect_block(*plan, 3, 1, 1, chunk, 1);
  }
}

TEST(FilePlan, CountsPagesOfTheInstanceInAFileOfCompressedPagesToo) {
  const std::vector<DataFile> files = {
      {.size_bytes = std::uint64_t{4097} * kPage, .fsp_flags = 0x4023, .page_size_bytes = 1024}};
  const auto plan = plan_files(files, kPage, kBlock);
  expect_chunks(*plan, 0, 1, 2);
  expect_block(*plan, 2, 1, 0, std::uint64_t{4096} * kPage, kPage);
}

TEST(FilePlan, NeverLetsABlockSpanChunks) {
  const std::vector<DataFile> files = {file_of(std::uint64_t{5000} * kPage)};
  const std::uint32_t block_bytes = 1000 * kPage;
  const auto plan = plan_files(files, kPage, block_bytes);
  EXPECT_EQ(blocks_in(*plan, 1), 5U);
  expect_block(*plan, 1, 5, 0, std::uint64_t{4000} * kPage, 96 * kPage);
  expect_block(*plan, 2, 1, 0, std::uint64_t{4096} * kPage, 904 * kPage);
}

TEST(FilePlan, HasNoBlockOutsideOfItsNumbers) {
  const std::vector<DataFile> files = {file_of(100 * kPage)};
  const auto plan = plan_files(files, kPage, kBlock);
  for (const auto& [chunk, block] : std::vector<std::pair<std::uint32_t, std::uint32_t>>{
           {0, 1}, {1, 0}, {1, 3}, {2, 1}, {0xFFFFFFFF, 1}, {1, 0xFFFFFFFF}, {0xFFFFFFFF, 0xFFFFFFFF}})
    EXPECT_FALSE(plan->block(chunk, block)) << chunk << ", " << block;
}

TEST(FilePlan, TilesEveryFileExactlyOnce) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    SeededRandom random{seed};
    const std::uint32_t page = 4096U << random.below(5);
    const auto block_bytes = static_cast<std::uint32_t>(4096 * (1 + random.below(2048)));
    std::vector<DataFile> files(1 + random.below(6));
    for (DataFile& file : files) file.size_bytes = random.one_in(4) ? 0 : random.below(std::uint64_t{9000} * page);

    const auto plan = plan_files(files, page, block_bytes);
    const auto extents = extents_of(*plan, plan->file_count());
    std::uint32_t next_chunk = 1;
    for (std::uint32_t i = 0; i < files.size(); ++i) {
      SCOPED_TRACE(fmt::format("file {}", i));
      expect_tiled(extents[i], files[i].size_bytes);
      EXPECT_EQ(plan->chunks_of(i).first, next_chunk);
      next_chunk = plan->chunks_of(i).last + 1;
    }
    EXPECT_EQ(plan->chunk_count(), next_chunk - 1);
  }
}

TEST(PagePlan, SendsAPageABlockAnd4096PagesAChunk) {
  std::vector<PageRef> pages;
  for (std::uint32_t i = 0; i < 5760; ++i) pages.push_back({i % 3, std::uint64_t{i} * kPage, kPage, 1U << 30});
  const auto plan = plan_pages(pages);
  EXPECT_EQ(plan->chunk_count(), 2U);
  EXPECT_EQ(plan->file_count(), 5760U);
  EXPECT_EQ(plan->estimate_bytes(), 5760U * kPage);
  EXPECT_EQ(blocks_in(*plan, 1), 4096U);
  EXPECT_EQ(blocks_in(*plan, 2), 5760U - 4096U);
  expect_block(*plan, 1, 1, 0, 0, kPage);
  expect_block(*plan, 1, 4096, 0, std::uint64_t{4095} * kPage, kPage);
  expect_block(*plan, 2, 1, 1, std::uint64_t{4096} * kPage, kPage);
  EXPECT_EQ(plan->block(2, 1)->file_size_bytes, 1U << 30);
}

TEST(PagePlan, KeepsThePhysicalSizeOfCompressedPages) {
  const auto plan = plan_pages({{4, 3 * 1024, 1024, 65536}});
  expect_block(*plan, 1, 1, 4, 3 * 1024, 1024);
}

TEST(PagePlan, MayHaveASpareChunkWithoutBlocks) {
  const auto plan = plan_pages({{4, 3 * 1024, 1024, 65536}}, SpareChunk::yes);
  EXPECT_EQ(plan->chunk_count(), 2U);
  EXPECT_TRUE(plan->block(1, 1));
  EXPECT_FALSE(plan->block(2, 1));
  EXPECT_EQ(plan_pages({}, SpareChunk::yes)->chunk_count(), 1U);
}

TEST(PagePlan, WithoutPagesHasNoChunk) {
  const auto plan = plan_pages({});
  EXPECT_EQ(plan->chunk_count(), 0U);
  EXPECT_FALSE(plan->block(1, 1));
  EXPECT_FALSE(plan->block(0xFFFFFFFF, 1));
}

// docs/clone-stream.md, "What is sent" of REDO_COPY
TEST(RedoPlan, FollowsTheWorkedExample) {
  const auto plan = plan_redo({3276800, 2, 727040}, kPage, kBlock);
  EXPECT_EQ(plan->chunk_count(), 4U);
  EXPECT_EQ(plan->file_count(), 2U);
  expect_chunks(*plan, 0, 1, 1);
  expect_chunks(*plan, 1, 2, 2);

  expect_block(*plan, 1, 1, 0, 2048, 1048576);
  expect_block(*plan, 1, 2, 0, 1050624, 1048576);
  expect_block(*plan, 1, 3, 0, 2099200, 1048576);
  expect_block(*plan, 1, 4, 0, 3147776, 129024);
  EXPECT_EQ(blocks_in(*plan, 1), 4U);
  expect_block(*plan, 2, 1, 1, 0, 727040);
  EXPECT_EQ(blocks_in(*plan, 2), 1U);
  expect_block(*plan, 3, 1, 0, 0, 2048);
  EXPECT_EQ(blocks_in(*plan, 3), 1U);
  expect_block(*plan, 4, 1, 1, 727040, 512);
  EXPECT_EQ(blocks_in(*plan, 4), 1U);
}

TEST(RedoPlan, OfOneBlockHasADummyChunkAHeaderAndATrailer) {
  const auto plan = plan_redo({3276800, 1, 2048}, kPage, kBlock);
  EXPECT_EQ(plan->chunk_count(), 3U);
  expect_chunks(*plan, 0, 1, 1);
  EXPECT_EQ(blocks_in(*plan, 1), 0U);
  expect_block(*plan, 2, 1, 0, 0, 2048);
  expect_block(*plan, 3, 1, 0, 2048, 512);
}

TEST(RedoPlan, AnEmptyFileIsAnnouncedAndHasNoChunks) {
  const auto plan =
      plan_redo({.file_size_bytes = 3276800, .file_count = 1, .trailer_offset_bytes = 2048, .empty_file_count = 1},
                kPage, kBlock);
  EXPECT_EQ(plan->file_count(), 2U);
  EXPECT_EQ(plan->chunk_count(), 3U);
  expect_chunks(*plan, 0, 1, 1);
  expect_chunks(*plan, 1, 1, 0);
  expect_block(*plan, 3, 1, 0, 2048, 512);
}

TEST(RedoPlan, WithItsEndAtAFileEndAddsAFileThatHasOnlyHeaderAndTrailer) {
  const auto plan = plan_redo({65536, 2, 2048}, kPage, kBlock);
  EXPECT_EQ(plan->chunk_count(), 4U);
  expect_block(*plan, 1, 1, 0, 2048, 63488);
  expect_block(*plan, 2, 1, 1, 0, 2048);
  expect_block(*plan, 3, 1, 0, 0, 2048);
  expect_block(*plan, 4, 1, 1, 2048, 512);
}

TEST(RedoPlan, TilesEveryFileExactlyOnceUpToTheEndOfTheTrailer) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    SeededRandom random{seed};
    const std::uint32_t page = 4096U << random.below(5);
    const std::uint64_t file_size = std::uint64_t{page} * (16 + random.below(9000));
    const auto file_count = static_cast<std::uint32_t>(1 + random.below(4));
    const std::uint64_t trailer = 2048 + 512 * random.below((file_size - 2048) / 512);
    const auto block_bytes = static_cast<std::uint32_t>(512 * (1 + random.below(4096)));

    const auto plan = plan_redo({file_size, file_count, trailer}, page, block_bytes);
    const auto extents = extents_of(*plan, file_count);
    for (std::uint32_t i = 0; i < file_count; ++i) {
      SCOPED_TRACE(fmt::format("file {}", i));
      expect_tiled(extents[i], i + 1 == file_count ? trailer + 512 : file_size);
    }
  }
}

}  // namespace
}  // namespace donord
