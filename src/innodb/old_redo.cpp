#include "innodb/old_redo.hpp"

#include <algorithm>
#include <charconv>

#include "base/crc32c.hpp"
#include "base/endian.hpp"

namespace donord::innodb {

namespace {

constexpr std::string_view kNamePrefix = "ib_logfile";
constexpr std::uint64_t kMaxRingBytes = std::uint64_t{512} << 30;
constexpr std::array<std::size_t, 2> kSlotOffsets{kRedoBlockBytes, 3 * kRedoBlockBytes};
constexpr std::size_t kNumberOffset = 0;
constexpr std::size_t kLsnOffset = 8;
constexpr std::size_t kRingOffsetOffset = 16;
constexpr std::size_t kLogBufferOffset = 24;
constexpr std::size_t kChecksumOffset = 508;

std::optional<OldCheckpoint> decode_checkpoint(ByteView block) {
  if (load_u32be(block, kChecksumOffset) != crc32c(block.first(kChecksumOffset))) return std::nullopt;
  return OldCheckpoint{.number = load_u64be(block, kNumberOffset),
                       .lsn = Lsn{load_u64be(block, kLsnOffset)},
                       .offset_bytes = load_u64be(block, kRingOffsetOffset),
                       .log_buffer_bytes = load_u64be(block, kLogBufferOffset)};
}

/// Of the number alone, since the oldest formats have other checksums.
Result<> check_format(ByteView bytes) {
  const std::uint32_t format = load_u32be(bytes, 0);
  if (format >= kOldestOldRedoFormat && format <= kNewestOldRedoFormat) return {};
  const bool older = format < kOldestOldRedoFormat;
  return Error{Errc::unsupported_version,
               fmt::format("redo log format {}{}, expected {} to {}", format, older ? " (before MySQL 8.0.3)" : "",
                           kOldestOldRedoFormat, kNewestOldRedoFormat),
               older ? "upgrade the directory to MySQL 8.0 and shut it down cleanly"
                     : "if the file is not damaged, a newer or another server wrote it: start the directory with MySQL "
                       "8.0.30 or newer and shut it down cleanly"};
}

Error impossible(const OldCheckpoint& checkpoint, std::string_view why) {
  return Error{Errc::malformed, fmt::format("checkpoint {} at LSN {} cannot stand at offset {}: {}", checkpoint.number,
                                            checkpoint.lsn, checkpoint.offset_bytes, why)};
}

}  // namespace

Result<OldCheckpoint> OldRedoStart::newest_checkpoint() const {
  const OldCheckpoint* newest = nullptr;
  for (const std::optional<OldCheckpoint>& slot : checkpoints)
    if (slot && (newest == nullptr || slot->number > newest->number)) newest = &*slot;
  if (newest == nullptr) return Error{Errc::not_found, "ib_logfile0 holds no valid checkpoint"};
  return *newest;
}

Result<RedoFileStart> decode_other_old_redo_start(ByteView bytes) {
  if (bytes.size() < kRedoHeaderBytes)
    return Error{Errc::truncated,
                 fmt::format("a redo file's header has {} bytes, have {}", kRedoHeaderBytes, bytes.size())};
  if (std::ranges::all_of(bytes.first(kRedoBlockBytes), [](std::uint8_t byte) { return byte == 0; }))
    return Error{Errc::not_found, "the header was never written: the log has not come so far"};
  if (Result<> known = check_format(bytes); !known) return known.error();
  Result<RedoFileHeader> header = decode_redo_file_header(bytes);
  if (!header) return header.error();
  RedoFileStart start{.header = std::move(*header), .checkpoints = {Lsn{}, Lsn{}}};
  std::ranges::copy(bytes.subspan(kRedoEncryptionInfoOffset, kMaxRedoEncryptionInfoBytes),
                    start.encryption_info.begin());
  return start;
}

Result<OldRedoStart> decode_old_redo_start(ByteView bytes) {
  Result<RedoFileStart> start = decode_other_old_redo_start(bytes);
  if (!start) return start.error();
  OldRedoStart old{.start = std::move(*start), .checkpoints = {}};
  for (std::size_t slot = 0; slot < kSlotOffsets.size(); ++slot) {
    old.checkpoints[slot] = decode_checkpoint(bytes.subspan(kSlotOffsets[slot], kRedoBlockBytes));
    old.start.checkpoints[slot] = old.checkpoints[slot] ? std::optional{old.checkpoints[slot]->lsn} : std::nullopt;
  }
  return old;
}

RedoFileStartBytes encode_old_redo_start(const RedoFileHeader& header, const OldCheckpoint& checkpoint) {
  RedoFileStartBytes bytes = encode_redo_file_start(header, Lsn{});
  for (const std::size_t offset : kSlotOffsets) {
    const auto slot = MutableBytes{bytes}.subspan(offset).first<kRedoBlockBytes>();
    store_u64be(slot, kNumberOffset, checkpoint.number);
    store_u64be(slot, kLsnOffset, checkpoint.lsn.value());
    store_u64be(slot, kRingOffsetOffset, checkpoint.offset_bytes);
    store_u64be(slot, kLogBufferOffset, checkpoint.log_buffer_bytes);
    seal_redo_block(slot);
  }
  return bytes;
}

std::optional<std::uint64_t> old_redo_file_id(std::string_view name) {
  if (!name.starts_with(kNamePrefix)) return std::nullopt;
  name.remove_prefix(kNamePrefix.size());
  if (name.empty() || (name.size() > 1 && name.front() == '0')) return std::nullopt;
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return id;
}

Result<OldRedoRing> OldRedoRing::make(std::uint64_t file_bytes, std::size_t file_count,
                                      const OldCheckpoint& checkpoint) {
  if (file_bytes < kMinRedoFileBytes || file_bytes % kRedoBlockBytes != 0 || file_count < kMinOldRedoFiles ||
      file_count > kMaxOldRedoFiles || file_bytes > kMaxRingBytes / file_count)
    return Error{Errc::malformed, fmt::format("a redo log cannot have {} files of {} bytes", file_count, file_bytes)};
  constexpr std::uint64_t kHighestLsn = std::uint64_t{1} << 62;
  if (checkpoint.lsn < kFirstLsn || checkpoint.lsn.value() > kHighestLsn)
    return impossible(checkpoint, "there is no such LSN");
  if (checkpoint.offset_bytes >= file_count * file_bytes) return impossible(checkpoint, "behind the last file");
  if (checkpoint.offset_bytes % file_bytes < kRedoHeaderBytes)
    return impossible(checkpoint, "a file has its header there");
  if (checkpoint.offset_bytes % kRedoBlockBytes != checkpoint.lsn.value() % kRedoBlockBytes)
    return impossible(checkpoint, "not the same byte of a block");

  OldRedoRing ring;
  ring.data_bytes_ = file_bytes - kRedoHeaderBytes;
  ring.file_count_ = file_count;
  ring.first_ = checkpoint.lsn.block_start();
  const std::uint64_t headers = kRedoHeaderBytes * (1 + checkpoint.offset_bytes / file_bytes);
  const std::uint64_t in_block = checkpoint.lsn - ring.first_;
  ring.first_position_ = checkpoint.offset_bytes - headers - in_block;
  return ring;
}

std::optional<RedoLayout::Place> OldRedoRing::find(Lsn lsn) const {
  if (lsn < first_ || lsn - first_ >= capacity_bytes()) return std::nullopt;
  const std::uint64_t position = (first_position_ + (lsn - first_)) % capacity_bytes();
  const std::uint64_t in_file = position % data_bytes_;
  const std::uint64_t round_bytes = capacity_bytes() - (lsn - first_);
  return Place{.file = static_cast<std::size_t>(position / data_bytes_),
               .offset_bytes = kRedoHeaderBytes + in_file,
               .left_bytes = std::min(data_bytes_ - in_file, round_bytes)};
}

}  // namespace donord::innodb
