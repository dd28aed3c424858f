#pragma once

// Consecutive data messages that are read by one job and sent by one write. In FILE COPY a message mostly has a batch
// to itself; in PAGE COPY, whose messages have a page each, a system call and a wake-up per message would cost several
// times what the page does.

#include <cstdint>
#include <memory>
#include <vector>

#include "clone/donor_machine.hpp"
#include "protocol/deflate.hpp"

namespace donord {

enum class Compression { off, on };

/// Used by one thread at a time: blocks are added on a connection's strand, `read` runs on the pool.
class BlockBatch {
 public:
  /// Room for a block of `block_bytes` with its descriptor, and for as many smaller ones as fit.
  BlockBatch(std::uint32_t block_bytes, Compression compression);

  /// Empty again, its memory kept.
  void clear();
  [[nodiscard]] bool has_room_for(const DonorAction::SendBlock& block) const;
  /// Only if it has room. All blocks of a batch are of one state.
  void add(const DonorAction::SendBlock& block);

  /// Reads the blocks and, for a compressed connection, compresses the messages. Nothing may be sent if it fails.
  [[nodiscard]] Result<> read(const CloneView& view);

  /// What goes out; valid after `read`, until `clear`.
  [[nodiscard]] ByteView wire_bytes() const;
  [[nodiscard]] CloneState state() const { return state_; }
  [[nodiscard]] std::uint64_t data_bytes() const { return data_bytes_; }
  [[nodiscard]] std::uint64_t block_count() const { return slots_.size(); }

 private:
  /// Where the messages of a block are in `packets_`.
  struct Slot {
    Block block;
    std::size_t descriptor_at = 0;
    std::size_t data_at = 0;  ///< of the data's packet
    std::size_t end = 0;
  };

  [[nodiscard]] Result<> read_block(const CloneView& view, const Block& block, MutableBytes into) const;

  Bytes packets_;
  std::size_t used_ = 0;
  std::vector<Slot> slots_;
  CloneState state_ = CloneState::none;
  std::uint64_t data_bytes_ = 0;
  std::unique_ptr<Deflater> deflater_;
  Bytes frames_;
};

}  // namespace donord
