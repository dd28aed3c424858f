#pragma once

// Redo logs of 8.0.17 to 8.0.29 made byte by byte, for tests that then damage them.

#include <filesystem>
#include <string>
#include <vector>

#include "innodb/old_redo.hpp"
#include "support/innodb_builder.hpp"

namespace donord::testing {

struct OldRedoSpec {
  std::uint32_t format = 4;
  std::string creator = "MySQL 8.0.26";
  std::uint32_t flags = 0;
  std::uint64_t file_bytes = 65536;
  std::size_t file_count = 2;
  Lsn checkpoint{16'384'000 + 4000};
  Lsn end = {};                       ///< 0: at the checkpoint
  std::uint64_t number = 77;          ///< of the newest checkpoint, which is in the first slot
  std::uint64_t file = 0;             ///< the checkpoint's block stands in this file ...
  std::uint64_t block_offset = 2048;  ///< ... at this offset
};

/// As servers before 8.0.30 write it: without an epoch.
inline innodb::RedoBlockBytes make_old_log_block(Lsn lsn, Lsn end, std::uint64_t checkpoint_number) {
  innodb::RedoBlockBytes block = make_log_block(lsn, end);
  store_u32be(block, 8, static_cast<std::uint32_t>(checkpoint_number));
  innodb::seal_redo_block(block);
  return block;
}

inline innodb::OldCheckpoint checkpoint_of(const OldRedoSpec& spec) {
  return {.number = spec.number,
          .lsn = spec.checkpoint,
          .offset_bytes =
              spec.file * spec.file_bytes + spec.block_offset + (spec.checkpoint - spec.checkpoint.block_start()),
          .log_buffer_bytes = 16'777'216};
}

/// The files. The slot that is not the newest has an older checkpoint at a larger LSN, which must not matter. Files
/// other than the first have headers of zeros until the log gets there.
inline std::vector<Bytes> make_old_redo(const OldRedoSpec& spec) {
  std::vector<Bytes> files(spec.file_count, Bytes(spec.file_bytes));
  const innodb::OldCheckpoint checkpoint = checkpoint_of(spec);
  const innodb::RedoFileHeader header{.format = spec.format,
                                      .uuid = 0,
                                      .start_lsn = spec.checkpoint.block_start(),
                                      .creator = spec.creator,
                                      .flags = spec.flags};
  std::ranges::copy(innodb::encode_old_redo_start(header, checkpoint), files[0].begin());
  const auto older = MutableBytes{files[0]}.subspan(3 * 512).first<512>();
  store_u64be(older, 0, spec.number - 1);
  store_u64be(older, 8, spec.checkpoint.value() + 100'000);
  innodb::seal_redo_block(older);

  std::uint64_t file = spec.file;
  std::uint64_t offset = spec.block_offset;
  const Lsn end = spec.end == Lsn{} ? spec.checkpoint : spec.end;
  for (Lsn lsn = spec.checkpoint.block_start(); lsn < end; lsn = lsn + 512) {
    std::ranges::copy(make_old_log_block(lsn, end, spec.number),
                      files[file].begin() + static_cast<std::ptrdiff_t>(offset));
    offset += 512;
    if (offset < spec.file_bytes) continue;
    offset = innodb::kRedoHeaderBytes;
    file = (file + 1) % spec.file_count;
  }
  return files;
}

inline void write_old_redo(const std::filesystem::path& directory, const OldRedoSpec& spec) {
  const std::vector<Bytes> files = make_old_redo(spec);
  for (std::size_t i = 0; i < files.size(); ++i) write_file(directory / ("ib_logfile" + std::to_string(i)), files[i]);
}

}  // namespace donord::testing
