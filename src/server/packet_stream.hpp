#pragma once

// MySQL packets over a transport: whole payloads in and out, with their sequence numbers, compressed or not.

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "protocol/compressed_frame.hpp"
#include "protocol/deflate.hpp"
#include "protocol/packet.hpp"
#include "server/transport.hpp"

namespace donord {

/// Used on the strand of its connection only.
class PacketStream {
 public:
  explicit PacketStream(std::shared_ptr<Transport> transport) : transport_(std::move(transport)) {}

  /// The next packet of a dialogue, whole before `deadline`. Errors: those of `Transport`, `PacketAssembler` and
  /// `FrameAssembler`.
  boost::asio::awaitable<Result<Bytes>> read(std::size_t limit_bytes, TimePoint deadline);
  /// The first packet of a new dialogue: a command. It begins within `idle_limit`, and is whole `packet_limit` later.
  boost::asio::awaitable<Result<Bytes>> read_command(std::size_t limit_bytes, Duration idle_limit,
                                                     Duration packet_limit);

  /// The next packets of the dialogue.
  boost::asio::awaitable<Result<>> send(std::vector<Bytes> payloads, Duration limit);
  boost::asio::awaitable<Result<>> send(Bytes payload, Duration limit);

  /// Appends a response of the clone RPC: a dialogue of its own, whose numbers begin at 0.
  void frame_response(Bytes& out, ByteView payload);

  /// From here on both sides send compressed frames.
  void start_compression() { compression_.emplace(); }
  [[nodiscard]] bool compressed() const { return compression_.has_value(); }

  [[nodiscard]] Transport& transport() { return *transport_; }

 private:
  struct Compression {
    FrameAssembler frames{0};
    Deflater deflater;
    Bytes run;  ///< the frame that packets are being taken from
    std::size_t run_read = 0;
  };

  boost::asio::awaitable<Result<Bytes>> read(std::size_t limit_bytes, TimePoint deadline,
                                             std::optional<Duration> packet_limit);
  boost::asio::awaitable<Result<std::size_t>> read_bytes(MutableBytes into);
  boost::asio::awaitable<Result<>> read_run(std::size_t limit_bytes);

  std::shared_ptr<Transport> transport_;
  PacketAssembler packets_{0};
  std::optional<Compression> compression_;
  TimePoint deadline_;                    ///< of the packet being read
  std::optional<Duration> packet_limit_;  ///< takes the deadline's place with the first byte
};

}  // namespace donord
