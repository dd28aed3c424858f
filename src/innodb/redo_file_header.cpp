#include "innodb/redo_file_header.hpp"

#include <algorithm>

#include "base/crc32c.hpp"
#include "base/endian.hpp"

namespace donord::innodb {

namespace {

constexpr std::size_t kFormatOffset = 0;
constexpr std::size_t kUuidOffset = 4;
constexpr std::size_t kStartLsnOffset = 8;
constexpr std::size_t kCreatorOffset = 16;
constexpr std::size_t kCreatorBytes = 32;
constexpr std::size_t kFlagsOffset = 48;
constexpr std::size_t kBlockChecksumOffset = 508;
constexpr std::size_t kCheckpointLsnOffset = 8;
constexpr std::array<std::size_t, 2> kCheckpointOffsets{kRedoBlockBytes, 3 * kRedoBlockBytes};

std::uint32_t checksum_of(ByteView block) {
  return crc32c(block.first(kBlockChecksumOffset));
}

bool is_sealed(ByteView block) {
  return load_u32be(block, kBlockChecksumOffset) == checksum_of(block);
}

void seal(MutableBytes block) {
  store_u32be(block, kBlockChecksumOffset, checksum_of(block));
}

}  // namespace

Result<RedoFileHeader> decode_redo_file_header(ByteView bytes) {
  if (bytes.size() < kRedoBlockBytes)
    return Error{Errc::truncated,
                 fmt::format("block 0 of a redo file has {} bytes, have {}", kRedoBlockBytes, bytes.size())};
  const ByteView block = bytes.first(kRedoBlockBytes);
  if (!is_sealed(block))
    return Error{Errc::checksum, fmt::format("redo file header: checksum 0x{:08x}, expected crc32c 0x{:08x}",
                                             load_u32be(block, kBlockChecksumOffset), checksum_of(block))};
  RedoFileHeader header;
  header.format = load_u32be(block, kFormatOffset);
  header.uuid = load_u32be(block, kUuidOffset);
  header.start_lsn = Lsn{load_u64be(block, kStartLsnOffset)};
  const ByteView creator = block.subspan(kCreatorOffset, kCreatorBytes);
  header.creator = as_text(creator.first(static_cast<std::size_t>(std::ranges::find(creator, 0) - creator.begin())));
  header.flags = load_u32be(block, kFlagsOffset);
  return header;
}

Result<RedoFileStart> decode_redo_file_start(ByteView bytes) {
  if (bytes.size() < kRedoHeaderBytes)
    return Error{Errc::truncated,
                 fmt::format("a redo file's header has {} bytes, have {}", kRedoHeaderBytes, bytes.size())};
  Result<RedoFileHeader> header = decode_redo_file_header(bytes);
  if (!header) return header.error();
  if (header->format != kRedoFormat)
    return Error{Errc::unsupported_version, fmt::format("redo log format {}, expected {}", header->format, kRedoFormat),
                 "start the directory with MySQL 8.0.30 or newer and shut it down cleanly"};
  RedoFileStart start;
  start.header = std::move(*header);
  for (std::size_t slot = 0; slot < kCheckpointOffsets.size(); ++slot) {
    const ByteView checkpoint = bytes.subspan(kCheckpointOffsets[slot], kRedoBlockBytes);
    if (is_sealed(checkpoint)) start.checkpoints[slot] = Lsn{load_u64be(checkpoint, kCheckpointLsnOffset)};
  }
  std::ranges::copy(bytes.subspan(kRedoEncryptionInfoOffset, kMaxRedoEncryptionInfoBytes),
                    start.encryption_info.begin());
  return start;
}

RedoFileStartBytes encode_redo_file_start(const RedoFileHeader& header, Lsn checkpoint) {
  RedoFileStartBytes bytes{};
  const MutableBytes block = MutableBytes{bytes}.first(kRedoBlockBytes);
  store_u32be(block, kFormatOffset, header.format);
  store_u32be(block, kUuidOffset, header.uuid);
  store_u64be(block, kStartLsnOffset, header.start_lsn.value());
  const std::size_t creator_bytes = std::min(header.creator.size(), kCreatorBytes - 1);
  std::copy_n(header.creator.begin(), creator_bytes, block.begin() + kCreatorOffset);
  store_u32be(block, kFlagsOffset, header.flags);
  seal(block);
  for (const std::size_t offset : kCheckpointOffsets) {
    const MutableBytes slot = MutableBytes{bytes}.subspan(offset, kRedoBlockBytes);
    store_u64be(slot, kCheckpointLsnOffset, checkpoint.value());
    seal(slot);
  }
  return bytes;
}

}  // namespace donord::innodb
