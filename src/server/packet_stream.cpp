#include "server/packet_stream.hpp"

namespace donord {

namespace asio = boost::asio;

asio::awaitable<Result<Bytes>> PacketStream::read(std::size_t limit_bytes, Duration limit) {
  packets_.set_limit(limit_bytes);
  for (;;) {
    const Result<std::size_t> got = co_await transport_->read_some(packets_.wanted(), limit);
    if (!got) co_return got.error();
    const Result<bool> whole = packets_.advance(*got);
    if (!whole) co_return whole.error();
    if (*whole) co_return packets_.take();
  }
}

asio::awaitable<Result<Bytes>> PacketStream::read_command(std::size_t limit_bytes, Duration limit) {
  packets_.expect(SequenceId{0});
  co_return co_await read(limit_bytes, limit);
}

asio::awaitable<Result<>> PacketStream::send(std::vector<Bytes> payloads, Duration limit) {
  Bytes framed;
  SequenceId sequence = packets_.next_sequence();
  for (const Bytes& payload : payloads) sequence = append_packet(framed, sequence, payload);
  packets_.expect(sequence);
  co_return co_await transport_->write(asio::buffer(framed), limit);
}

asio::awaitable<Result<>> PacketStream::send(Bytes payload, Duration limit) {
  std::vector<Bytes> payloads;
  payloads.push_back(std::move(payload));
  co_return co_await send(std::move(payloads), limit);
}

void PacketStream::frame_response(Bytes& out, ByteView payload) const {
  append_packet(out, SequenceId{0}, payload);
}

Result<> PacketStream::compress_data(Bytes&, std::uint8_t, ByteView) const {
  return {};
}

}  // namespace donord
