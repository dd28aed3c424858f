#include "innodb/redo_block.hpp"

#include <algorithm>
#include <cassert>

#include "base/crc32c.hpp"
#include "base/endian.hpp"
#include "innodb/page_checksum.hpp"

namespace donord::innodb {

namespace {

constexpr std::size_t kNumberOffset = 0;
constexpr std::size_t kDataBytesOffset = 4;
constexpr std::size_t kFirstRecGroupOffset = 6;
constexpr std::size_t kEpochOffset = 8;
constexpr std::size_t kChecksumOffset = 508;
constexpr std::uint32_t kFlushBit = 0x80000000;
constexpr std::uint16_t kEncryptedBit = 0x8000;
constexpr std::uint64_t kBlocksPerEpoch = 0x40000000;

enum class Epoch { checked, none };

RedoBlock look_at(ByteView bytes, Lsn lsn, Epoch epoch) {
  RedoBlock block;
  if (bytes.size() < kRedoBlockBytes) return block;
  const std::uint16_t length_word = load_u16be(bytes, kDataBytesOffset);
  block.header = {.number = load_u32be(bytes, kNumberOffset) & ~kFlushBit,
                  .data_bytes = static_cast<std::uint16_t>(length_word & ~kEncryptedBit),
                  .encrypted = (length_word & kEncryptedBit) != 0,
                  .first_rec_group = load_u16be(bytes, kFirstRecGroupOffset),
                  .epoch = load_u32be(bytes, kEpochOffset)};
  const RedoBlockHeader& header = block.header;
  if (header.number != redo_block_number(lsn)) return block;
  if (epoch == Epoch::checked && header.epoch != redo_block_epoch(lsn)) return block;

  const std::uint32_t stored = load_u32be(bytes, kChecksumOffset);
  const bool intact = header.encrypted || stored == crc32c(bytes.first(kChecksumOffset)) || stored == kNoChecksum;
  const bool possible_lengths = header.data_bytes >= kRedoBlockHeaderBytes &&
                                (header.full() || header.data_bytes <= kChecksumOffset) &&
                                header.first_rec_group <= header.data_bytes;
  if (!intact || !possible_lengths)
    block.state = RedoBlockState::damaged;
  else
    block.state = header.encrypted ? RedoBlockState::encrypted : RedoBlockState::current;
  return block;
}

}  // namespace

std::uint32_t redo_block_number(Lsn lsn) {
  return static_cast<std::uint32_t>(1 + lsn.value() / kRedoBlockBytes % kBlocksPerEpoch);
}

std::uint32_t redo_block_epoch(Lsn lsn) {
  return static_cast<std::uint32_t>(1 + lsn.value() / kRedoBlockBytes / kBlocksPerEpoch);
}

RedoBlock look_at_redo_block(ByteView bytes, Lsn lsn) {
  return look_at(bytes, lsn, Epoch::checked);
}

RedoBlock look_at_old_redo_block(ByteView bytes, Lsn lsn) {
  return look_at(bytes, lsn, Epoch::none);
}

void seal_redo_block(std::span<std::uint8_t, kRedoBlockBytes> block) {
  store_u32be(block, kChecksumOffset, crc32c(block.first(kChecksumOffset)));
}

void cut_redo_block(std::span<std::uint8_t, kRedoBlockBytes> block, std::uint16_t used_bytes) {
  const MutableBytes bytes{block};
  if (used_bytes < kChecksumOffset) {
    store_u16be(bytes, kDataBytesOffset, used_bytes);
    if (load_u16be(bytes, kFirstRecGroupOffset) > used_bytes) store_u16be(bytes, kFirstRecGroupOffset, 0);
    std::ranges::fill(bytes.subspan(used_bytes), std::uint8_t{0});
  }
  seal_redo_block(block);
}

RedoBlockBytes make_redo_block(Lsn lsn, ByteView payload, std::uint16_t first_rec_group) {
  assert(kRedoBlockHeaderBytes + payload.size() <= kChecksumOffset);
  RedoBlockBytes bytes{};
  const std::size_t used = kRedoBlockHeaderBytes + payload.size();
  store_u32be(bytes, kNumberOffset, redo_block_number(lsn));
  store_u16be(bytes, kDataBytesOffset, static_cast<std::uint16_t>(used == kChecksumOffset ? kRedoBlockBytes : used));
  store_u16be(bytes, kFirstRecGroupOffset, first_rec_group);
  store_u32be(bytes, kEpochOffset, redo_block_epoch(lsn));
  std::ranges::copy(payload, bytes.begin() + kRedoBlockHeaderBytes);
  seal_redo_block(bytes);
  return bytes;
}

}  // namespace donord::innodb
