#include "server/packet_stream.hpp"

namespace donord {

namespace asio = boost::asio;

asio::awaitable<Result<Bytes>> PacketStream::read(std::size_t limit_bytes, TimePoint deadline) {
  return read(limit_bytes, deadline, std::nullopt);
}

asio::awaitable<Result<Bytes>> PacketStream::read_command(std::size_t limit_bytes, Duration idle_limit,
                                                          Duration packet_limit) {
  packets_.expect(SequenceId{0});
  packets_.set_sequence_check(compression_ ? PacketAssembler::Sequence::ignored : PacketAssembler::Sequence::checked);
  if (compression_) compression_->frames.expect(SequenceId{0});
  return read(limit_bytes, std::chrono::steady_clock::now() + idle_limit, packet_limit);
}

asio::awaitable<Result<Bytes>> PacketStream::read(std::size_t limit_bytes, TimePoint deadline,
                                                  std::optional<Duration> packet_limit) {
  packets_.set_limit(limit_bytes);
  deadline_ = deadline;
  packet_limit_ = packet_limit;
  for (;;) {
    Result<bool> whole = false;
    if (compression_) {
      if (compression_->run_read == compression_->run.size()) {
        if (Result<> filled = co_await read_run(limit_bytes); !filled) co_return filled.error();
      }
      const Result<PacketAssembler::Fed> fed =
          packets_.feed(ByteView{compression_->run}.subspan(compression_->run_read));
      if (!fed) co_return fed.error();
      compression_->run_read += fed->consumed;
      whole = fed->whole;
    } else {
      const Result<std::size_t> got = co_await read_bytes(packets_.wanted());
      if (!got) co_return got.error();
      whole = packets_.advance(*got);
    }
    if (!whole) co_return whole.error();
    if (*whole) co_return packets_.take();
  }
}

asio::awaitable<Result<std::size_t>> PacketStream::read_bytes(MutableBytes into) {
  const Result<std::size_t> got = co_await transport_->read_some(into, deadline_);
  if (packet_limit_) deadline_ = std::chrono::steady_clock::now() + *std::exchange(packet_limit_, std::nullopt);
  co_return got;
}

asio::awaitable<Result<>> PacketStream::read_run(std::size_t limit_bytes) {
  FrameAssembler& frames = compression_->frames;
  frames.set_limit(limit_bytes + PacketHeader::kSize);
  for (;;) {
    const Result<std::size_t> got = co_await read_bytes(frames.wanted());
    if (!got) co_return got.error();
    const Result<bool> whole = frames.advance(*got);
    if (!whole) co_return whole.error();
    if (!*whole) continue;
    compression_->run = frames.take();
    compression_->run_read = 0;
    co_return Result<>{};
  }
}

asio::awaitable<Result<>> PacketStream::send(std::vector<Bytes> payloads, Duration limit) {
  Bytes framed;
  SequenceId sequence = packets_.next_sequence();
  for (const Bytes& payload : payloads) sequence = append_packet(framed, sequence, payload);
  packets_.expect(sequence);
  if (compression_) {
    Bytes frames;
    const SequenceId first = compression_->frames.next_sequence();
    compression_->frames.expect(append_frames(frames, first, framed, compression_->deflater));
    framed = std::move(frames);
  }
  co_return co_await transport_->write(asio::buffer(framed), limit);
}

asio::awaitable<Result<>> PacketStream::send(Bytes payload, Duration limit) {
  std::vector<Bytes> payloads(1);
  payloads.front() = std::move(payload);
  return send(std::move(payloads), limit);
}

void PacketStream::frame_response(Bytes& out, ByteView payload) {
  if (!compression_) {
    append_packet(out, SequenceId{0}, payload);
    return;
  }
  Bytes packet;
  append_packet(packet, SequenceId{0}, payload);
  append_frames(out, SequenceId{0}, packet, compression_->deflater);
}

}  // namespace donord
