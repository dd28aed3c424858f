#include "protocol/packet.hpp"

#include <algorithm>
#include <cassert>

#include "base/codec.hpp"

namespace donord {

namespace {

Bytes header_bytes(std::size_t length, SequenceId sequence) {
  return encode(PacketHeader{static_cast<std::uint32_t>(length), sequence});
}

}  // namespace

SequenceId append_packet(Bytes& out, SequenceId first, ByteView payload) {
  for (const PacketPieceView& piece : frame_in_place(first, {}, payload)) {
    append(out, piece.head);
    append(out, piece.body);
    first = first.next();
  }
  return first;
}

std::vector<PacketPieceView> frame_in_place(SequenceId first, ByteView prefix, ByteView body) {
  assert(prefix.size() < kMaxFragmentBytes);
  std::vector<PacketPieceView> pieces;
  pieces.reserve((prefix.size() + body.size()) / kMaxFragmentBytes + 1);
  std::size_t length = 0;
  do {
    const std::size_t of_body = std::min(body.size(), kMaxFragmentBytes - prefix.size());
    length = prefix.size() + of_body;
    PacketPieceView& piece = pieces.emplace_back(PacketPieceView{header_bytes(length, first), body.first(of_body)});
    append(piece.head, prefix);
    prefix = {};
    body = body.subspan(of_body);
    first = first.next();
  } while (length == kMaxFragmentBytes);
  return pieces;
}

MutableBytes PacketAssembler::wanted() {
  switch (state_) {
    case State::header:
      return MutableBytes{header_}.subspan(header_filled_);
    case State::body:
      return payload_.room(fragment_left_);
    case State::whole:
      break;
  }
  return {};
}

Result<bool> PacketAssembler::advance(std::size_t count) {
  if (state_ == State::header) {
    header_filled_ += count;
    assert(header_filled_ <= header_.size());
    if (header_filled_ < header_.size()) return false;
    if (Result<> accepted = on_header(); !accepted) return accepted.error();
  } else {
    assert(count <= fragment_left_);
    payload_.advance(count);
    fragment_left_ -= count;
  }
  if (fragment_left_ == 0) on_fragment_end();
  return state_ == State::whole;
}

Result<> PacketAssembler::on_header() {
  const PacketHeader header = decode<PacketHeader>(header_).value();
  if (sequence_check_ == Sequence::checked && header.sequence != next_)
    return Error{Errc::malformed, fmt::format("packet out of order: sequence id {}, expected {}",
                                              header.sequence.value(), next_.value())};
  if (header.length > limit_bytes_ || payload_.size() > limit_bytes_ - header.length)
    return Error{Errc::unavailable, fmt::format("packet of {} bytes or more, the limit here is {}",
                                                payload_.size() + header.length, limit_bytes_)};
  next_ = header.sequence.next();
  header_filled_ = 0;
  fragment_bytes_ = fragment_left_ = header.length;
  state_ = State::body;
  return {};
}

void PacketAssembler::on_fragment_end() {
  state_ = fragment_bytes_ == kMaxFragmentBytes ? State::header : State::whole;
}

Bytes PacketAssembler::take() {
  assert(state_ == State::whole);
  state_ = State::header;
  return payload_.take();
}

Result<PacketAssembler::Fed> PacketAssembler::feed(ByteView bytes) {
  Fed fed{0, state_ == State::whole};
  while (!fed.whole && fed.consumed < bytes.size()) {
    const MutableBytes to = wanted();
    const ByteView from = bytes.subspan(fed.consumed, std::min(to.size(), bytes.size() - fed.consumed));
    std::copy(from.begin(), from.end(), to.begin());
    fed.consumed += from.size();
    const Result<bool> whole = advance(from.size());
    if (!whole) return whole.error();
    fed.whole = *whole;
  }
  return fed;
}

}  // namespace donord
