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

  /// The next packet of a dialogue. Errors: those of `Transport`, `PacketAssembler` and `FrameAssembler`.
  boost::asio::awaitable<Result<Bytes>> read(std::size_t limit_bytes, Duration limit);
  /// The first packet of a new dialogue: a command.
  boost::asio::awaitable<Result<Bytes>> read_command(std::size_t limit_bytes, Duration limit);

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

  boost::asio::awaitable<Result<>> read_run(std::size_t limit_bytes, Duration limit);

  std::shared_ptr<Transport> transport_;
  PacketAssembler packets_{0};
  std::optional<Compression> compression_;
};

}  // namespace donord
