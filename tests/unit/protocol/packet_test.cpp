#include "protocol/packet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

#include "base/codec.hpp"

namespace donord {
namespace {

constexpr std::size_t kNoLimit = std::size_t{1} << 30;

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + (i >> 8));
  return bytes;
}

Bytes framed(ByteView payload, SequenceId first = {}) {
  Bytes out;
  append_packet(out, first, payload);
  return out;
}

TEST(Packet, HasAHeaderOfLengthAndSequence) {
  EXPECT_EQ(framed(Bytes{0x20}, SequenceId{7}), (Bytes{1, 0, 0, 7, 0x20}));
  EXPECT_EQ(framed({}), (Bytes{0, 0, 0, 0}));
}

TEST(Packet, ComesBackWholeAtEveryBoundary) {
  for (const std::size_t size :
       {0U, 1U, 250U, 251U, 255U, 256U, 0xFFFFU, 0xFFFFFEU, 0xFFFFFFU, 0x1000000U, 0x1FFFFFEU}) {
    const Bytes payload = pattern(size);
    const Bytes wire = framed(payload, SequenceId{254});
    EXPECT_EQ(wire.size(), size + PacketHeader::kSize * (size / kMaxFragmentBytes + 1));
    PacketAssembler packets{kNoLimit};
    packets.expect(SequenceId{254});
    const PacketAssembler::Fed fed = packets.feed(wire).value();
    EXPECT_EQ(fed.consumed, wire.size());
    ASSERT_TRUE(fed.whole) << size;
    EXPECT_TRUE(packets.take() == payload) << size;
    EXPECT_TRUE(packets.between_packets());
  }
}

TEST(Packet, OfExactlyTheLargestFragmentEndsWithAnEmptyOne) {
  const Bytes wire = framed(Bytes(kMaxFragmentBytes));
  EXPECT_EQ(decode<PacketHeader>(ByteView{wire}.last(4)).value(), (PacketHeader{0, SequenceId{1}}));
}

TEST(Packet, CountsTheSequenceOverItsFragmentsAndPast255) {
  Bytes out;
  EXPECT_EQ(append_packet(out, SequenceId{255}, Bytes(1)), SequenceId{0});
  EXPECT_EQ(append_packet(out, SequenceId{3}, Bytes(kMaxFragmentBytes)), SequenceId{5});
}

TEST(PacketInPlace, IsTheSamePacketWithoutACopyOfItsBody) {
  for (const std::size_t size : {0U, 1U, 1000U, 0xFFFFFDU, 0xFFFFFEU, 0xFFFFFFU, 0x1FFFFFDU}) {
    const Bytes body = pattern(size);
    Bytes whole{3};
    append(whole, body);
    Bytes gathered;
    std::size_t offset = 0;
    for (const PacketPieceView& piece : frame_in_place({}, Bytes{3}, body)) {
      EXPECT_TRUE(piece.body.empty() || piece.body.data() == body.data() + offset);
      offset += piece.body.size();
      append(gathered, piece.head);
      append(gathered, piece.body);
    }
    EXPECT_TRUE(gathered == framed(whole)) << size;
  }
}

TEST(PacketAssembler, TakesBytesInPiecesOfAnySize) {
  const Bytes payload = pattern(100000);
  const Bytes wire = framed(payload);
  const std::uint64_t seed = std::random_device{}();
  std::mt19937_64 random{seed};
  for (int round = 0; round < 20; ++round) {
    PacketAssembler packets{kNoLimit};
    ByteView left = wire;
    bool whole = false;
    while (!whole) {
      const ByteView piece = left.first(std::min<std::size_t>(left.size(), random() % 3000));
      const PacketAssembler::Fed fed = packets.feed(piece).value();
      left = left.subspan(fed.consumed);
      whole = fed.whole;
    }
    EXPECT_TRUE(packets.take() == payload) << "seed " << seed;
  }
}

TEST(PacketAssembler, LeavesWhatFollowsThePacketAlone) {
  Bytes wire = framed(Bytes{1, 2, 3});
  append(wire, Bytes{0x16, 0x03, 0x01});
  PacketAssembler packets{kNoLimit};
  const PacketAssembler::Fed fed = packets.feed(wire).value();
  EXPECT_TRUE(fed.whole);
  EXPECT_EQ(fed.consumed, 7U);
  EXPECT_EQ(packets.feed(ByteView{wire}.subspan(7)).value().consumed, 0U) << "not before the packet is taken";
}

TEST(PacketAssembler, NeverWantsMoreThanThePacket) {
  const Bytes wire = framed(Bytes{1, 2, 3});
  PacketAssembler packets{kNoLimit};
  EXPECT_EQ(packets.wanted().size(), PacketHeader::kSize);
  std::copy_n(wire.begin(), 4, packets.wanted().begin());
  EXPECT_FALSE(packets.advance(4).value());
  EXPECT_EQ(packets.wanted().size(), 3U);
  EXPECT_FALSE(packets.between_packets());
  std::copy_n(wire.begin() + 4, 3, packets.wanted().begin());
  EXPECT_TRUE(packets.advance(3).value());
  EXPECT_TRUE(packets.wanted().empty());
}

TEST(PacketAssembler, RefusesAFragmentOutOfOrder) {
  PacketAssembler packets{kNoLimit};
  EXPECT_EQ(packets.feed(framed(Bytes{1}, SequenceId{1})).error().code, Errc::malformed);

  Bytes wire = framed(Bytes(kMaxFragmentBytes + 1));
  wire[PacketHeader::kSize + kMaxFragmentBytes + 3] = 2;
  PacketAssembler split{kNoLimit};
  EXPECT_EQ(split.feed(wire).error().what, "packet out of order: sequence id 2, expected 1");
}

TEST(PacketAssembler, DoesNotLookAtSequenceIdsInsideCompressedFrames) {
  PacketAssembler packets{kNoLimit, PacketAssembler::Sequence::ignored};
  EXPECT_TRUE(packets.feed(framed(Bytes{1}, SequenceId{9})).value().whole);
}

TEST(PacketAssembler, RefusesAPacketOverTheLimitBeforeItsBytesCome) {
  PacketAssembler packets{3};
  EXPECT_TRUE(packets.feed(framed(Bytes(3))).value().whole);
  static_cast<void>(packets.take());
  packets.expect({});
  EXPECT_EQ(packets.feed(Bytes{4, 0, 0, 0}).error().code, Errc::unavailable);

  PacketAssembler split{kMaxFragmentBytes + 1};
  Bytes wire = framed(Bytes(kMaxFragmentBytes + 2));
  EXPECT_EQ(split.feed(wire).error().what, "packet of 16777217 bytes or more, the limit here is 16777216");
}

TEST(PacketAssembler, MakesRoomForWhatArrivesAndNotForWhatIsAnnounced) {
  PacketAssembler packets{kNoLimit};
  ASSERT_FALSE(packets.feed(Bytes{0xFE, 0xFF, 0xFF, 0}).value().whole);
  for (std::size_t arrived = 0; arrived < kMaxFragmentBytes - 1;) {
    const std::size_t room = packets.wanted().size();
    EXPECT_LE(room, std::max(arrived, std::size_t{16384}));
    ASSERT_GT(room, 0U);
    arrived += room;
    EXPECT_EQ(packets.advance(room).value(), arrived == kMaxFragmentBytes - 1);
  }
}

TEST(GrowingBuffer, HasRoomForAsMuchAgainAsArrived) {
  GrowingBuffer buffer;
  EXPECT_EQ(buffer.room(100).size(), 100U);
  EXPECT_EQ(buffer.room(kNoLimit).size(), 16384U);
  buffer.advance(1);
  EXPECT_EQ(buffer.room(kNoLimit).size(), 16384U) << "a peer that sends byte by byte makes no room";
  buffer.advance(16384);
  EXPECT_EQ(buffer.room(kNoLimit).size(), 16385U);
  for (int i = 0; i < 10; ++i) buffer.advance(buffer.room(kNoLimit).size());
  EXPECT_EQ(buffer.room(kNoLimit).size(), std::size_t{1} << 20);
}

}  // namespace
}  // namespace donord
