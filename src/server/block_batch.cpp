#include "server/block_batch.hpp"

#include <algorithm>

#include "protocol/compressed_frame.hpp"
#include "protocol/packet.hpp"
#include "server/server_options.hpp"

namespace donord {
namespace {

/// In front of a block's bytes: packet header and response code.
constexpr std::size_t kDataHeadBytes = PacketHeader::kSize + 1;
static_assert(kMaxBlockBytes + 1 < kMaxFragmentBytes, "a data message is one packet");
/// Room for descriptors: of 256 pages of 4 KiB in a megabyte, for example.
constexpr std::size_t kHeadsBytes = 16 * 1024;

std::size_t packet_bytes(const DonorAction::SendBlock& block) {
  return PacketHeader::kSize + block.descriptor_message.size() + kDataHeadBytes + block.block.length_bytes;
}

}  // namespace

BlockBatch::BlockBatch(std::uint32_t block_bytes, Compression compression)
    : packets_(kHeadsBytes + block_bytes),
      deflater_(compression == Compression::on ? std::make_unique<Deflater>() : nullptr) {}

void BlockBatch::clear() {
  used_ = 0;
  slots_.clear();
  data_bytes_ = 0;
  frames_.clear();
}

bool BlockBatch::has_room_for(const DonorAction::SendBlock& block) const {
  return packet_bytes(block) <= packets_.size() - used_;
}

void BlockBatch::add(const DonorAction::SendBlock& block) {
  const auto put = [this](ByteView bytes) {
    std::ranges::copy(bytes, packets_.begin() + static_cast<std::ptrdiff_t>(used_));
    used_ += bytes.size();
  };
  Slot& slot = slots_.emplace_back(Slot{.block = block.block, .descriptor_at = used_});
  put(encode(PacketHeader{static_cast<std::uint32_t>(block.descriptor_message.size()), SequenceId{0}}));
  put(block.descriptor_message);
  slot.data_at = used_;
  put(encode(PacketHeader{block.block.length_bytes + 1, SequenceId{0}}));
  packets_[used_++] = static_cast<std::uint8_t>(CloneResponse::data);
  used_ += block.block.length_bytes;
  slot.end = used_;
  state_ = block.state;
  data_bytes_ += block.block.length_bytes;
}

Result<> BlockBatch::read(const CloneView& view) {
  if (read_if_cached(view)) return {};
  for (const Slot& slot : slots_)
    if (Result<> done = read_block(view, slot.block, data_of(slot)); !done) return done;
  if (!deflater_) return {};
  for (const Slot& slot : slots_) {
    const ByteView packets{packets_};
    append_frames(frames_, SequenceId{0}, packets.subspan(slot.descriptor_at, slot.data_at - slot.descriptor_at),
                  *deflater_);
    append_frames(frames_, SequenceId{0}, packets.subspan(slot.data_at, slot.end - slot.data_at), *deflater_);
  }
  return {};
}

bool BlockBatch::read_if_cached(const CloneView& view) {
  const auto is_cached = [&](const Slot& slot) {
    return view.read_file_if_cached(slot.block.file_index, slot.block.offset_bytes, data_of(slot));
  };
  was_cached_ = !deflater_ && state_ == CloneState::file_copy && std::ranges::all_of(slots_, is_cached);
  return was_cached_;
}

MutableBytes BlockBatch::data_of(const Slot& slot) {
  const std::size_t begin = slot.data_at + kDataHeadBytes;
  return MutableBytes{packets_}.subspan(begin, slot.end - begin);
}

Result<> BlockBatch::read_block(const CloneView& view, const Block& block, MutableBytes into) const {
  if (state_ == CloneState::file_copy) return view.read_file(block.file_index, block.offset_bytes, into);
  if (state_ == CloneState::redo_copy) return view.read_redo(block.file_index, block.offset_bytes, into);
  return view.read_page({block.file_index, block.offset_bytes, block.length_bytes, block.file_size_bytes}, into);
}

ByteView BlockBatch::wire_bytes() const {
  return deflater_ ? ByteView{frames_} : ByteView{packets_}.first(used_);
}

}  // namespace donord
