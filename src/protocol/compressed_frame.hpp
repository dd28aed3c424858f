#pragma once

// Compressed frames: after the OK that ends authentication, when both sides announced `compress`, all bytes travel in
// frames. A frame holds a run of packets, whole or partial, and is numbered by itself; the ids of the packets inside
// are written and not looked at. Source: docs/wire-and-clone-rpc.md, "Compression"; MySQL manual, "Compressed Packet".
//
// A response to a recipient has frames of its own, the first with id 0: a recipient restarts its count before each
// response, so one that begins inside a frame and goes on in the next would break its order.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "protocol/deflate.hpp"
#include "protocol/growing_buffer.hpp"
#include "protocol/packet.hpp"

namespace donord {

/// The most packet bytes in one frame.
inline constexpr std::size_t kMaxRunBytes = 0xFFFFFF;
/// Shorter runs are sent as they are.
inline constexpr std::size_t kMinDeflatedRunBytes = 50;

/// Precedes every frame. 7 bytes: offset 0, u24 LE, bytes that follow; offset 3, u8, sequence id; offset 4, u24 LE,
/// size of the run they inflate to, or 0 when they are the run itself.
struct CompressedHeader {
  static constexpr std::string_view kName = "CompressedHeader";
  static constexpr std::size_t kSize = 7;

  std::uint32_t payload_length = 0;
  SequenceId sequence;
  std::uint32_t uncompressed_length = 0;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.u24le("payload_length", m.payload_length);
    io.u8("sequence", m.sequence);
    io.u24le("uncompressed_length", m.uncompressed_length);
  }
  bool operator==(const CompressedHeader&) const = default;
};

/// Appends `packets`, already framed as packets, in as many frames as they need; returns the id after the last frame.
/// What does not get smaller is sent as it is.
SequenceId append_frames(Bytes& out, SequenceId first, ByteView packets, Deflater& deflater);

/// Takes frames apart, in the manner of `PacketAssembler`: read into `wanted()`, say `advance()`, and when that answers
/// true `take()` the run, which goes to a `PacketAssembler` that ignores sequence ids.
class FrameAssembler {
 public:
  /// `limit_bytes`: of what follows a header and of the run it inflates to.
  explicit FrameAssembler(std::size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  void set_limit(std::size_t limit_bytes) { limit_bytes_ = limit_bytes; }
  /// The id that the next frame must have.
  void expect(SequenceId next) { next_ = next; }
  [[nodiscard]] SequenceId next_sequence() const { return next_; }
  [[nodiscard]] bool between_frames() const { return state_ == State::header && header_filled_ == 0; }

  /// Where the next bytes go; empty only while a run waits for `take()`. Valid until the next call.
  [[nodiscard]] MutableBytes wanted();
  /// Errors: `malformed` for a wrong sequence id, an empty frame or a stream that does not inflate to what was
  /// announced; `unavailable` over the limit. The connection cannot be read any further then.
  [[nodiscard]] Result<bool> advance(std::size_t count);
  [[nodiscard]] Bytes take();

 private:
  enum class State { header, body, whole };

  [[nodiscard]] Result<> on_header();
  [[nodiscard]] Result<> on_body();

  std::size_t limit_bytes_;
  Inflater inflater_;
  SequenceId next_;
  State state_ = State::header;
  std::array<std::uint8_t, CompressedHeader::kSize> header_bytes_{};
  std::size_t header_filled_ = 0;
  CompressedHeader header_;
  GrowingBuffer payload_;
  Bytes run_;
};

}  // namespace donord
