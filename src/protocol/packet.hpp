#pragma once

// Packets: the framing below every MySQL message. A payload travels as fragments of at most 0xFFFFFF bytes, each behind
// a 4-byte header, numbered from where the dialogue stands (docs/wire-and-clone-rpc.md, "Framing and sequence
// numbers"). A payload whose length is a multiple of 0xFFFFFF ends with an empty fragment, so a short fragment always
// ends it.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "protocol/growing_buffer.hpp"

namespace donord {

inline constexpr std::size_t kMaxFragmentBytes = 0xFFFFFF;

/// The number of a packet in a dialogue; 255 is followed by 0.
class SequenceId {
 public:
  using Representation = std::uint8_t;

  constexpr SequenceId() = default;
  constexpr explicit SequenceId(std::uint8_t value) : value_(value) {}

  [[nodiscard]] constexpr std::uint8_t value() const { return value_; }
  [[nodiscard]] constexpr SequenceId next() const { return SequenceId{static_cast<std::uint8_t>(value_ + 1)}; }
  constexpr auto operator<=>(const SequenceId&) const = default;

 private:
  std::uint8_t value_ = 0;
};

/// Precedes every fragment. 4 bytes: offset 0, u24 LE, bytes of payload that follow; offset 3, u8, sequence id.
/// Source: MySQL manual, "MySQL Packets".
struct PacketHeader {
  static constexpr std::string_view kName = "PacketHeader";
  static constexpr std::size_t kSize = 4;

  std::uint32_t length = 0;
  SequenceId sequence;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.u24le("length", m.length);
    io.u8("sequence", m.sequence);
  }
  bool operator==(const PacketHeader&) const = default;
};

/// Appends `payload` framed; returns the sequence id after its last fragment.
SequenceId append_packet(Bytes& out, SequenceId first, ByteView payload);

/// One fragment of a payload whose body is not copied: `head` (framing, and in the first fragment the prefix) goes out
/// first, then `body`, which looks into the caller's memory.
struct PacketPieceView {
  Bytes head;
  ByteView body;
};

/// Frames the payload `prefix` + `body` for a gathering write. `prefix` is shorter than a fragment. The views are valid
/// as long as `body` is.
[[nodiscard]] std::vector<PacketPieceView> frame_in_place(SequenceId first, ByteView prefix, ByteView body);

/// Puts payloads together from what the peer sends. It has no socket: the caller reads into `wanted()`, says how much
/// it got with `advance()`, until that answers that a whole payload can be taken.
///
///   for (Result<bool> whole = false; !*whole;) {
///     whole = packets.advance(read_some(packets.wanted()));
///     if (!whole) return whole.error();
///   }
///   Bytes payload = packets.take();
///
/// Never asks for a byte past the packet, so nothing that belongs to a TLS handshake is swallowed. Memory grows with
/// the bytes that arrived, not with the length that was announced.
class PacketAssembler {
 public:
  /// Whether a fragment out of sequence is an error. Inside compressed frames it is the frame that is numbered, and
  /// peers do not look at the packets' own ids.
  enum class Sequence { checked, ignored };

  explicit PacketAssembler(std::size_t limit_bytes, Sequence sequence = Sequence::checked)
      : limit_bytes_(limit_bytes), sequence_check_(sequence) {}

  /// The largest payload accepted from the next header on; a matter of the phase a session is in.
  void set_limit(std::size_t limit_bytes) { limit_bytes_ = limit_bytes; }
  /// From here on packets are inside compressed frames, or no longer.
  void set_sequence_check(Sequence sequence) { sequence_check_ = sequence; }
  /// The id that the next packet must have: 0 for a command, the successor of what was sent inside a dialogue.
  void expect(SequenceId next) { next_ = next; }
  /// After a packet: the id that an answer to it has.
  [[nodiscard]] SequenceId next_sequence() const { return next_; }
  /// No byte of a packet has been taken in: a peer that closes the connection here breaks nothing off.
  [[nodiscard]] bool between_packets() const {
    return state_ == State::header && header_filled_ == 0 && payload_.size() == 0;
  }

  /// Where the next bytes go; empty only while a whole payload waits for `take()`. Valid until the next call.
  [[nodiscard]] MutableBytes wanted();
  /// `count` bytes of `wanted()` have been filled. True: a payload is complete, `take()` it. Errors: `malformed` for a
  /// wrong sequence id, `unavailable` for a payload over the limit; the connection cannot be read any further then.
  [[nodiscard]] Result<bool> advance(std::size_t count);
  /// Hands out the payload and gets ready for the next packet.
  [[nodiscard]] Bytes take();

  struct Fed {
    std::size_t consumed = 0;  ///< bytes of the input that were used
    bool whole = false;        ///< a payload is complete: `take()` it, then feed the rest
  };
  /// Takes in bytes already at hand, at most up to the end of the packet.
  [[nodiscard]] Result<Fed> feed(ByteView bytes);

 private:
  enum class State { header, body, whole };

  [[nodiscard]] Result<> on_header();
  void on_fragment_end();

  std::size_t limit_bytes_;
  Sequence sequence_check_;
  SequenceId next_;
  State state_ = State::header;
  std::array<std::uint8_t, PacketHeader::kSize> header_{};
  std::size_t header_filled_ = 0;
  GrowingBuffer payload_;
  std::size_t fragment_bytes_ = 0;  // length of the current fragment
  std::size_t fragment_left_ = 0;   // what of it is still to come
};

}  // namespace donord
