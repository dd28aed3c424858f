#pragma once

// MySQL packets over a transport: whole payloads in and out, with their sequence numbers, compressed or not.

#include <boost/asio/awaitable.hpp>
#include <initializer_list>
#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "protocol/packet.hpp"
#include "server/transport.hpp"

namespace donord {

class PacketStream {
 public:
  explicit PacketStream(std::shared_ptr<Transport> transport) : transport_(std::move(transport)) {}

  /// The next packet of a dialogue. Errors: those of `Transport` and `PacketAssembler`.
  boost::asio::awaitable<Result<Bytes>> read(std::size_t limit_bytes, Duration limit);
  /// The first packet of a new dialogue: a command.
  boost::asio::awaitable<Result<Bytes>> read_command(std::size_t limit_bytes, Duration limit);

  /// The next packets of the dialogue.
  boost::asio::awaitable<Result<>> send(std::vector<Bytes> payloads, Duration limit);
  boost::asio::awaitable<Result<>> send(Bytes payload, Duration limit);

  /// Appends a response of the clone RPC: a dialogue of its own, whose numbers begin at 0. Any thread.
  void frame_response(Bytes& out, ByteView payload) const;
  /// The same for a data message of a compressed connection.
  [[nodiscard]] Result<> compress_data(Bytes& out, std::uint8_t code, ByteView data) const;
  void start_compression() {}
  [[nodiscard]] bool compressed() const { return false; }

  /// Begins a dialogue of our own, or takes one over after TLS has been started.
  void expect(SequenceId next) { packets_.expect(next); }

  [[nodiscard]] Transport& transport() { return *transport_; }

 private:
  std::shared_ptr<Transport> transport_;
  PacketAssembler packets_{0};
};

}  // namespace donord
