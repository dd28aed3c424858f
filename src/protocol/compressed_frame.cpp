#include "protocol/compressed_frame.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/codec.hpp"

namespace donord {

SequenceId append_frames(Bytes& out, SequenceId first, ByteView packets, Deflater& deflater) {
  while (!packets.empty()) {
    const ByteView run = packets.first(std::min(packets.size(), kMaxRunBytes));
    packets = packets.subspan(run.size());

    // The header is written when it is known what follows it.
    const std::size_t header_at = out.size();
    out.resize(header_at + CompressedHeader::kSize);
    const bool deflated = run.size() >= kMinDeflatedRunBytes && deflater.append(out, run);
    if (!deflated) append(out, run);
    const std::size_t payload_length = out.size() - header_at - CompressedHeader::kSize;
    const Bytes header = encode(CompressedHeader{static_cast<std::uint32_t>(payload_length), first,
                                                 deflated ? static_cast<std::uint32_t>(run.size()) : 0});
    std::copy(header.begin(), header.end(), out.begin() + static_cast<std::ptrdiff_t>(header_at));
    first = first.next();
  }
  return first;
}

MutableBytes FrameAssembler::wanted() {
  switch (state_) {
    case State::header:
      return MutableBytes{header_bytes_}.subspan(header_filled_);
    case State::body:
      return payload_.room(header_.payload_length - payload_.size());
    case State::whole:
      break;
  }
  return {};
}

Result<bool> FrameAssembler::advance(std::size_t count) {
  Result<> done;
  if (state_ == State::header) {
    header_filled_ += count;
    assert(header_filled_ <= header_bytes_.size());
    if (header_filled_ == header_bytes_.size()) done = on_header();
  } else {
    payload_.advance(count);
    assert(payload_.size() <= header_.payload_length);
    if (payload_.size() == header_.payload_length) done = on_body();
  }
  if (!done) return done.error();
  return state_ == State::whole;
}

Result<> FrameAssembler::on_header() {
  header_ = decode<CompressedHeader>(header_bytes_).value();
  if (header_.sequence != next_)
    return Error{Errc::malformed, fmt::format("compressed frame out of order: sequence id {}, expected {}",
                                              header_.sequence.value(), next_.value())};
  if (header_.payload_length == 0) return Error{Errc::malformed, "an empty compressed frame"};
  if (const std::size_t largest = std::max(header_.payload_length, header_.uncompressed_length); largest > limit_bytes_)
    return Error{Errc::unavailable,
                 fmt::format("compressed frame of {} bytes, the limit here is {}", largest, limit_bytes_)};
  next_ = header_.sequence.next();
  header_filled_ = 0;
  state_ = State::body;
  return {};
}

Result<> FrameAssembler::on_body() {
  run_ = payload_.take();
  if (header_.uncompressed_length != 0) {
    Result<Bytes> inflated = inflater_.inflate(run_, header_.uncompressed_length);
    if (!inflated) return inflated.error();
    run_ = std::move(*inflated);
  }
  state_ = State::whole;
  return {};
}

Bytes FrameAssembler::take() {
  assert(state_ == State::whole);
  state_ = State::header;
  return std::exchange(run_, {});
}

}  // namespace donord
