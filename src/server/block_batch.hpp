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

/// Used by one thread at a time: blocks are added on a connection's strand, `read` runs on the pool, `read_if_cached`
/// on the strand.
class BlockBatch {
 public:
  /// Room for a block of `block_bytes` with its descriptor, and for as many smaller ones as fit.
  BlockBatch(std::uint32_t block_bytes, Compression compression);

  /// Empty again, its memory kept.
  void clear();
  [[nodiscard]] bool has_room_for(const DonorAction::SendBlock& block) const;
  /// Only if it has room. All blocks of a batch are of one state.
  void add(const DonorAction::SendBlock& block);

  /// Reads the blocks, at once if that can be, and, for a compressed connection, compresses the messages. Nothing may
  /// be sent if it fails.
  [[nodiscard]] Result<> read(const CloneView& view);

  /// The same, if it can be done at once: the page cache has the blocks, and they are sent as they are. Else false, and
  /// `read` has to do it: always in PAGE COPY and REDO COPY, and where something is compressed.
  [[nodiscard]] bool read_if_cached(const CloneView& view);
  /// Whether it was read at once, by the one or the other.
  [[nodiscard]] bool was_cached() const { return was_cached_; }

  /// What goes out; valid after it was read, until `clear`.
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

  [[nodiscard]] MutableBytes data_of(const Slot& slot);
  [[nodiscard]] Result<> read_block(const CloneView& view, const Block& block, MutableBytes into) const;

  Bytes packets_;
  std::size_t used_ = 0;
  std::vector<Slot> slots_;
  CloneState state_ = CloneState::none;
  std::uint64_t data_bytes_ = 0;
  bool was_cached_ = false;
  std::unique_ptr<Deflater> deflater_;
  Bytes frames_;
};

}  // namespace donord
