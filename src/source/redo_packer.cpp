#include "source/redo_packer.hpp"

#include <algorithm>

#include "innodb/redo_encryption.hpp"

namespace donord {

namespace {

using innodb::kRedoBlockBytes;
using innodb::kRedoHeaderBytes;

constexpr std::uint64_t kMaxFiles = 1000;
constexpr std::uint64_t kFileStepBytes = 1 << 20;  // a multiple of any page size

std::uint64_t files_needed(std::uint64_t file_bytes, const RedoRange& range) {
  return (range.end.block_start() - range.checkpoint.block_start()) / (file_bytes - kRedoHeaderBytes) + 1;
}

/// The block that holds `end`: as far as it belongs to the log, or empty where the log ends with a full block.
Result<innodb::RedoBlockBytes> read_trailer(Lsn end, const innodb::RedoRead& read, const RedoPatches& patches) {
  innodb::RedoBlockBytes bytes{};
  const Lsn lsn = end.block_start();
  const std::uint64_t used = end - lsn;
  const Result<> done = read(lsn, bytes);
  if (done) {
    const innodb::RedoBlock block = innodb::look_at_redo_block(bytes, lsn);
    if (block.state == innodb::RedoBlockState::current && block.header.data_bytes >= used &&
        used > innodb::kRedoBlockHeaderBytes) {
      patches.apply(lsn, bytes);
      innodb::cut_redo_block(bytes, static_cast<std::uint16_t>(used));
      return bytes;
    }
  }
  if (used == innodb::kRedoBlockHeaderBytes) return innodb::make_redo_block(lsn, {}, innodb::kRedoBlockHeaderBytes);
  if (!done) return done.error();
  return Error{Errc::conflict, fmt::format("the last redo block at LSN {} is not the one that was found before", lsn)};
}

}  // namespace

RedoPacker::RedoPacker(const Options& options, const RedoRange& range, innodb::RedoRead read)
    : options_(options),
      range_(range),
      read_(std::move(read)),
      data_bytes_(options.file_bytes - kRedoHeaderBytes),
      file_count_(static_cast<std::uint32_t>(files_needed(options.file_bytes, range))) {}

Result<RedoPacker> RedoPacker::make(const Options& options, const RedoRange& range, innodb::RedoRead read) {
  const auto refuse_size = [&options](std::string_view why) {
    return Error{Errc::usage, fmt::format("redo files of {} bytes: {}", options.file_bytes, why),
                 fmt::format("use a multiple of the page size {} from 64K to 16G", options.page_bytes)};
  };
  if (options.file_bytes < innodb::kMinRedoFileBytes || options.file_bytes > innodb::kMaxRedoFileBytes)
    return refuse_size("too small or too large");
  if (options.page_bytes == 0 || options.file_bytes % options.page_bytes != 0)
    return refuse_size("not a multiple of the page size");
  if (range.end < range.checkpoint || range.end - range.end.block_start() < innodb::kRedoBlockHeaderBytes)
    return Error{Errc::malformed, fmt::format("there is no redo from LSN {} to {}", range.checkpoint, range.end)};
  if (files_needed(options.file_bytes, range) > kMaxFiles)
    return refuse_size(
        fmt::format("more than {} are needed for the redo from LSN {} to {}", kMaxFiles, range.checkpoint, range.end));

  Result<innodb::RedoBlockBytes> trailer = read_trailer(range.end, read, options.patches);
  if (!trailer) return trailer.error();
  RedoPacker packer{options, range, std::move(read)};
  packer.trailer_ = *trailer;
  return packer;
}

RedoPlan RedoPacker::plan() const {
  return {.file_size_bytes = options_.file_bytes,
          .file_count = file_count_,
          .trailer_offset_bytes = kRedoHeaderBytes + (range_.end.block_start() - start_of(file_count_ - 1)),
          .encrypted = options_.cipher != nullptr};
}

std::uint64_t RedoPacker::file_bytes_for(std::uint64_t preferred_bytes, const RedoRange& range,
                                         std::uint64_t max_files) {
  if (files_needed(preferred_bytes, range) <= max_files) return preferred_bytes;
  const std::uint64_t share = (range.end - range.checkpoint) / max_files + kRedoHeaderBytes + 2 * kRedoBlockBytes;
  return std::min((share + kFileStepBytes - 1) / kFileStepBytes * kFileStepBytes, innodb::kMaxRedoFileBytes);
}

std::uint64_t RedoPacker::capacity_bytes(std::uint64_t file_bytes, const RedoRange& range) {
  return files_needed(file_bytes, range) * file_bytes;
}

innodb::RedoFileStartBytes RedoPacker::header_of(std::uint32_t file) const {
  innodb::RedoFileHeader header{
      .uuid = options_.uuid, .start_lsn = start_of(file), .creator = options_.creator, .flags = 0};
  // The server marks the files of a clone itself, and expects the mark on older files of any other log.
  const bool newest = file + 1 == file_count_;
  if (!newest && !options_.creator.starts_with(kCloneCreator))
    header.flags = static_cast<std::uint32_t>(innodb::RedoFlag::file_full);
  innodb::RedoFileStartBytes bytes = innodb::encode_redo_file_start(header, file == 0 ? range_.checkpoint : Lsn{});
  if (file == 0 && options_.cipher) {
    const MutableBytes info =
        MutableBytes{bytes}.subspan(innodb::kRedoEncryptionInfoOffset, innodb::kEncryptionInfoBytes);
    innodb::write_plain_info(options_.cipher->key(), {}, info);
  }
  return bytes;
}

Result<> RedoPacker::read_blocks(Lsn from, MutableBytes into) const {
  if (Result<> done = read_(from, into); !done) return done;
  for (std::size_t offset = 0; offset < into.size(); offset += kRedoBlockBytes) {
    const Lsn lsn = from + offset;
    const auto bytes = into.subspan(offset).first<kRedoBlockBytes>();
    const innodb::RedoBlock block = innodb::look_at_redo_block(bytes, lsn);
    if (block.state != innodb::RedoBlockState::current || !block.header.full())
      return Error{Errc::checksum, fmt::format("the redo block at LSN {} is not the one that was found before", lsn)};
    options_.patches.apply(lsn, bytes);
    innodb::seal_redo_block(bytes);  // under innodb_log_checksums=OFF there is none
    if (options_.cipher) innodb::encrypt_redo_block(bytes, *options_.cipher);
  }
  return {};
}

Result<> RedoPacker::read_aligned(std::uint32_t file, std::uint64_t offset_bytes, MutableBytes into) const {
  if (offset_bytes < kRedoHeaderBytes) {
    const innodb::RedoFileStartBytes header = header_of(file);
    const std::size_t count = std::min<std::uint64_t>(into.size(), kRedoHeaderBytes - offset_bytes);
    std::copy_n(header.begin() + static_cast<std::ptrdiff_t>(offset_bytes), count, into.begin());
    offset_bytes += count;
    into = into.subspan(count);
  }
  Lsn lsn = start_of(file) + (offset_bytes - kRedoHeaderBytes);
  const Lsn trailer_lsn = range_.end.block_start();
  if (lsn < trailer_lsn && !into.empty()) {
    const MutableBytes blocks = into.first(std::min<std::uint64_t>(into.size(), trailer_lsn - lsn));
    if (Result<> done = read_blocks(lsn, blocks); !done) return done;
    lsn = lsn + blocks.size();
    into = into.subspan(blocks.size());
  }
  if (lsn == trailer_lsn && !into.empty()) {
    std::ranges::copy(trailer_, into.begin());
    into = into.subspan(trailer_.size());
  }
  std::ranges::fill(into, std::uint8_t{0});
  return {};
}

Result<> RedoPacker::read(std::uint32_t file, std::uint64_t offset_bytes, MutableBytes into) const {
  if (file >= file_count_ || offset_bytes > options_.file_bytes || into.size() > options_.file_bytes - offset_bytes)
    return Error{Errc::truncated,
                 fmt::format("redo file {} has no {} bytes at offset {}: there are {} files of {} bytes", file,
                             into.size(), offset_bytes, file_count_, options_.file_bytes)};
  const std::uint64_t before = offset_bytes % kRedoBlockBytes;
  const std::uint64_t wanted = before + into.size();
  if (before == 0 && wanted % kRedoBlockBytes == 0) return read_aligned(file, offset_bytes, into);

  Bytes blocks((wanted + kRedoBlockBytes - 1) / kRedoBlockBytes * kRedoBlockBytes);
  if (Result<> done = read_aligned(file, offset_bytes - before, blocks); !done) return done;
  std::ranges::copy(MutableBytes{blocks}.subspan(before, into.size()), into.begin());
  return {};
}

}  // namespace donord
