#include "clone/chunk_plan.hpp"

#include <algorithm>
#include <utility>

namespace donord {
namespace {

constexpr std::uint32_t kRedoHeaderBytes = 2048;
constexpr std::uint32_t kRedoBlockBytes = 512;

std::uint32_t ceil_div(std::uint64_t value, std::uint64_t by) {
  return static_cast<std::uint32_t>((value + by - 1) / by);
}

/// A run of a file that is cut into chunks of equal size.
struct Extent {
  std::uint32_t file_index = 0;
  std::uint64_t begin_bytes = 0;
  std::uint64_t end_bytes = 0;
  std::uint64_t file_size_bytes = 0;
  ChunkRange chunks;
};

class ExtentPlan : public ChunkPlan {
 public:
  ExtentPlan(std::uint32_t file_count, std::uint32_t page_size_bytes, std::uint32_t block_bytes)
      : chunk_bytes_(std::uint64_t{kChunkPages} * page_size_bytes), block_bytes_(block_bytes), by_file_(file_count) {}

  void add(std::uint32_t file_index, std::uint64_t begin, std::uint64_t end, std::uint64_t file_size) {
    append(file_index, begin, end, file_size, ceil_div(end - begin, chunk_bytes_));
    estimate_bytes_ += end - begin;
  }
  /// Exactly one chunk, even for no data.
  void add_one_chunk(std::uint32_t file_index, std::uint64_t begin, std::uint64_t end, std::uint64_t file_size) {
    append(file_index, begin, end, file_size, 1);
    estimate_bytes_ += end - begin;
  }
  void set_chunks_of(std::uint32_t file_index) { by_file_[file_index] = extents_.back().chunks; }

  std::uint32_t chunk_count() const override { return extents_.empty() ? 0 : extents_.back().chunks.last; }
  std::uint32_t file_count() const override { return static_cast<std::uint32_t>(by_file_.size()); }
  std::uint64_t estimate_bytes() const override { return estimate_bytes_; }
  ChunkRange chunks_of(std::uint32_t file_index) const override { return by_file_[file_index]; }

  std::optional<Block> block(std::uint32_t chunk, std::uint32_t number) const override {
    const auto extent = std::lower_bound(extents_.begin(), extents_.end(), chunk,
                                         [](const Extent& e, std::uint32_t c) { return e.chunks.last < c; });
    if (extent == extents_.end() || chunk < extent->chunks.first || number == 0) return std::nullopt;
    const std::uint64_t chunk_begin = extent->begin_bytes + (chunk - extent->chunks.first) * chunk_bytes_;
    const std::uint64_t chunk_end = std::min(chunk_begin + chunk_bytes_, extent->end_bytes);
    const std::uint64_t begin = chunk_begin + std::uint64_t{number - 1} * block_bytes_;
    if (begin >= chunk_end) return std::nullopt;
    const auto length = static_cast<std::uint32_t>(std::min<std::uint64_t>(block_bytes_, chunk_end - begin));
    return Block{extent->file_index, begin, length, extent->file_size_bytes};
  }

 private:
  void append(std::uint32_t file_index, std::uint64_t begin, std::uint64_t end, std::uint64_t file_size,
              std::uint32_t chunk_total) {
    const std::uint32_t first = chunk_count() + 1;
    extents_.push_back({file_index, begin, end, file_size, {first, first + chunk_total - 1}});
  }

  std::uint64_t chunk_bytes_;
  std::uint32_t block_bytes_;
  std::vector<Extent> extents_;
  std::vector<ChunkRange> by_file_;
  std::uint64_t estimate_bytes_ = 0;
};

class PageChunks : public ChunkPlan {
 public:
  PageChunks(std::vector<PageRef> pages, SpareChunk spare)
      : pages_(std::move(pages)), spare_chunks_(spare == SpareChunk::yes ? 1 : 0) {
    for (const PageRef& page : pages_) estimate_bytes_ += page.length_bytes;
  }

  std::uint32_t chunk_count() const override { return ceil_div(pages_.size(), kChunkPages) + spare_chunks_; }
  std::uint32_t file_count() const override { return static_cast<std::uint32_t>(pages_.size()); }
  std::uint64_t estimate_bytes() const override { return estimate_bytes_; }
  ChunkRange chunks_of(std::uint32_t) const override { return {}; }

  std::optional<Block> block(std::uint32_t chunk, std::uint32_t number) const override {
    if (chunk == 0 || number == 0 || number > kChunkPages) return std::nullopt;
    const std::size_t at = std::size_t{chunk - 1} * kChunkPages + (number - 1);
    if (at >= pages_.size()) return std::nullopt;
    const PageRef& page = pages_[at];
    return Block{page.file_index, page.offset_bytes, page.length_bytes, page.file_size_bytes};
  }

 private:
  std::vector<PageRef> pages_;
  std::uint32_t spare_chunks_;
  std::uint64_t estimate_bytes_ = 0;
};

}  // namespace

std::unique_ptr<ChunkPlan> plan_files(const std::vector<DataFile>& files, std::uint32_t page_size_bytes,
                                      std::uint32_t block_bytes) {
  auto plan = std::make_unique<ExtentPlan>(static_cast<std::uint32_t>(files.size()), page_size_bytes, block_bytes);
  for (std::uint32_t i = 0; i < files.size(); ++i) {
    plan->add(i, 0, files[i].size_bytes, files[i].size_bytes);
    plan->set_chunks_of(i);
  }
  return plan;
}

std::unique_ptr<ChunkPlan> plan_pages(std::vector<PageRef> pages, SpareChunk spare) {
  return std::make_unique<PageChunks>(std::move(pages), spare);
}

std::unique_ptr<ChunkPlan> plan_redo(const RedoPlan& redo, std::uint32_t page_size_bytes, std::uint32_t block_bytes) {
  auto plan = std::make_unique<ExtentPlan>(redo.file_count + redo.empty_file_count, page_size_bytes, block_bytes);
  const std::uint32_t last = redo.file_count - 1;
  for (std::uint32_t i = 0; i < redo.file_count; ++i) {
    const std::uint64_t begin = i == 0 ? kRedoHeaderBytes : 0;
    const std::uint64_t end = i == last ? redo.trailer_offset_bytes : redo.file_size_bytes;
    if (begin == end)
      plan->add_one_chunk(i, begin, end, redo.file_size_bytes);
    else
      plan->add(i, begin, end, redo.file_size_bytes);
    plan->set_chunks_of(i);
  }
  plan->add_one_chunk(0, 0, kRedoHeaderBytes, redo.file_size_bytes);
  plan->add_one_chunk(last, redo.trailer_offset_bytes, redo.trailer_offset_bytes + kRedoBlockBytes,
                      redo.file_size_bytes);
  return plan;
}

}  // namespace donord
