#include "source/old_redo_packer.hpp"

#include <algorithm>

#include "base/endian.hpp"
#include "source/redo_packer.hpp"

namespace donord {

namespace {

using innodb::kRedoBlockBytes;
using innodb::kRedoHeaderBytes;

constexpr std::size_t kCheckpointNumberOffset = 8;  // where newer blocks have the epoch

/// The block that the checkpoint is in: as it is in the log, or an empty one where the log ends with a full block.
Result<innodb::RedoBlockBytes> read_block(const innodb::OldCheckpoint& checkpoint, const innodb::RedoRead& read) {
  const Lsn lsn = checkpoint.lsn.block_start();
  const std::uint64_t used = innodb::skip_block_header(checkpoint.lsn) - lsn;
  innodb::RedoBlockBytes bytes{};
  if (Result<> done = read(lsn, bytes); !done) return done.error();
  const innodb::RedoBlock block = innodb::look_at_old_redo_block(bytes, lsn);
  if (block.state == innodb::RedoBlockState::current && block.header.data_bytes == used) {
    innodb::seal_redo_block(bytes);  // under innodb_log_checksums=OFF there is no checksum
    return bytes;
  }
  if (used != innodb::kRedoBlockHeaderBytes)
    return Error{Errc::conflict,
                 fmt::format("the last redo block at LSN {} is not the one that was found before", lsn)};
  bytes = innodb::make_redo_block(lsn, {}, innodb::kRedoBlockHeaderBytes);
  store_u32be(bytes, kCheckpointNumberOffset, static_cast<std::uint32_t>(checkpoint.number));
  innodb::seal_redo_block(bytes);
  return bytes;
}

}  // namespace

Result<OldRedoPacker> OldRedoPacker::make(const Options& options, const innodb::OldCheckpoint& checkpoint,
                                          const innodb::RedoRead& read) {
  const Result<innodb::RedoBlockBytes> block = read_block(checkpoint, read);
  if (!block) return block.error();
  const Lsn start = checkpoint.lsn.block_start();
  innodb::OldCheckpoint moved = checkpoint;
  moved.offset_bytes = kRedoHeaderBytes + (checkpoint.lsn - start);
  const innodb::RedoFileStartBytes header = innodb::encode_old_redo_start(
      {.format = options.format, .start_lsn = start, .creator = std::string{kCloneCreator}}, moved);
  OldRedoPacker packer{options.file_bytes};
  append(packer.used_, header);
  append(packer.used_, *block);
  return packer;
}

RedoPlan OldRedoPacker::plan() const {
  return {.file_size_bytes = file_bytes_,
          .file_count = 1,
          .trailer_offset_bytes = kRedoHeaderBytes,
          .empty_file_count = kFileCount - 1};
}

Result<> OldRedoPacker::read(std::uint32_t file, std::uint64_t offset_bytes, MutableBytes into) const {
  if (file >= kFileCount || offset_bytes > file_bytes_ || into.size() > file_bytes_ - offset_bytes)
    return Error{Errc::truncated,
                 fmt::format("redo file {} has no {} bytes at offset {}: there are {} files of {} bytes", file,
                             into.size(), offset_bytes, kFileCount, file_bytes_)};
  std::ranges::fill(into, std::uint8_t{0});
  if (file > 0 || offset_bytes >= used_.size()) return {};
  const ByteView rest = ByteView{used_}.subspan(offset_bytes);
  std::ranges::copy(rest.first(std::min(rest.size(), into.size())), into.begin());
  return {};
}

}  // namespace donord
