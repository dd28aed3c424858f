#pragma once

// How the data of one state is cut: chunks (the unit that is handed to a connection, and that a recipient remembers as
// done) of blocks (the unit of one data message). Chunk and block numbers are 1-based and begin anew in every state; a
// chunk never spans files (docs/clone-stream.md, "Chunks and blocks").

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "clone/donor_source.hpp"

namespace donord {

/// Pages of the instance's page size in a chunk; a recipient knows only the number of chunks.
inline constexpr std::uint32_t kChunkPages = 4096;

/// One data message: `length_bytes` of a file from `offset_bytes`.
struct Block {
  std::uint32_t file_index = 0;
  std::uint64_t offset_bytes = 0;
  std::uint32_t length_bytes = 0;
  std::uint64_t file_size_bytes = 0;  ///< the data descriptor's field
};

struct ChunkRange {
  std::uint32_t first = 1;
  std::uint32_t last = 0;  ///< first - 1 for a file without data
};

class ChunkPlan {
 public:
  virtual ~ChunkPlan() = default;

  [[nodiscard]] virtual std::uint32_t chunk_count() const = 0;
  /// What the state's START announces: files or pages.
  [[nodiscard]] virtual std::uint32_t file_count() const = 0;
  [[nodiscard]] virtual std::uint64_t estimate_bytes() const = 0;
  /// Chunks of a file in the state's list of files; meaningless in PAGE COPY.
  [[nodiscard]] virtual ChunkRange chunks_of(std::uint32_t file_index) const = 0;
  /// The block, or nothing behind the chunk's last one.
  [[nodiscard]] virtual std::optional<Block> block(std::uint32_t chunk, std::uint32_t number) const = 0;
};

/// FILE COPY: whole files, in blocks of `block_bytes`. `files` must outlive the plan.
[[nodiscard]] std::unique_ptr<ChunkPlan> plan_files(const std::vector<DataFile>& files, std::uint32_t page_size_bytes,
                                                    std::uint32_t block_bytes);

/// PAGE COPY: a page a block, 4096 pages a chunk. With a `spare` chunk the last one has no blocks: pages that are sent
/// behind the END bear its number.
enum class SpareChunk { no, yes };
[[nodiscard]] std::unique_ptr<ChunkPlan> plan_pages(std::vector<PageRef> pages, SpareChunk spare = SpareChunk::no);

/// REDO COPY: the log of every file (file 0 without its header), then a chunk with the 2048-byte header of file 0, then
/// one with the 512-byte trailer block. Empty files have no chunks.
[[nodiscard]] std::unique_ptr<ChunkPlan> plan_redo(const RedoPlan& redo, std::uint32_t page_size_bytes,
                                                   std::uint32_t block_bytes);

}  // namespace donord
