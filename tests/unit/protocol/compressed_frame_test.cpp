#include "protocol/compressed_frame.hpp"

#include <gtest/gtest.h>

#include "base/codec.hpp"
#include "support/hex_file.hpp"
#include "support/seeded_random.hpp"

namespace donord {
namespace {

using donord::testing::load_fixture;
using donord::testing::SeededRandom;

constexpr std::size_t kNoLimit = kMaxRunBytes;

/// Feeds frames; the run of each is appended to what is returned.
Result<Bytes> unframed(ByteView wire, SequenceId first = {}, std::size_t limit = kNoLimit) {
  FrameAssembler frames{limit};
  frames.expect(first);
  Bytes out;
  while (!wire.empty()) {
    const MutableBytes to = frames.wanted();
    const ByteView from = wire.first(std::min(to.size(), wire.size()));
    std::copy(from.begin(), from.end(), to.begin());
    wire = wire.subspan(from.size());
    const Result<bool> whole = frames.advance(from.size());
    if (!whole) return whole.error();
    if (*whole) append(out, frames.take());
  }
  if (!frames.between_frames()) return Error{Errc::truncated, "inside a frame"};
  return out;
}

Bytes framed(ByteView run, SequenceId first = {}) {
  Deflater deflater;
  Bytes out;
  append_frames(out, first, run, deflater);
  return out;
}

CompressedHeader header_of(ByteView wire) {
  return decode<CompressedHeader>(wire.first(CompressedHeader::kSize)).value();
}

Bytes compressible(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>("InnoDB"[i % 6] + (i / 997) % 3);
  return bytes;
}

Bytes random_bytes(std::size_t size) {
  SeededRandom random{1};
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.below(256));
  return bytes;
}

TEST(CompressedFrame, ComesBackWholeAtEveryBoundary) {
  for (const std::size_t size :
       {1U, 49U, 50U, 51U, 255U, 256U, 65535U, 65536U, 1U << 20, 0xFFFFFEU, 0xFFFFFFU, 0x1000000U})
    for (const Bytes& run : {compressible(size), random_bytes(size)})
      EXPECT_TRUE(unframed(framed(run)).value() == run) << size;
}

TEST(CompressedFrame, StoresShortRunsAndWhatDoesNotGetSmaller) {
  EXPECT_EQ(framed(Bytes{1, 0, 0, 0, 0x20}), (Bytes{5, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x20}));
  EXPECT_EQ(header_of(framed(compressible(49))), (CompressedHeader{49, SequenceId{}, 0}));
  EXPECT_EQ(header_of(framed(compressible(50))).uncompressed_length, 50U);
  EXPECT_EQ(header_of(framed(random_bytes(100000))), (CompressedHeader{100000, SequenceId{}, 0}));
}

TEST(CompressedFrame, CountsFramesFromTheIdItIsGiven) {
  Deflater deflater;
  Bytes out;
  EXPECT_EQ(append_frames(out, SequenceId{255}, Bytes(kMaxRunBytes + 1), deflater), SequenceId{1});
  EXPECT_EQ(header_of(out).sequence, SequenceId{255});
  EXPECT_EQ(header_of(out).uncompressed_length, kMaxRunBytes);
}

TEST(CompressedFrame, OfAStockServerAndRecipientYieldTheirPackets) {
  // Each command and each response of a capture starts its ids anew.
  for (const char* name : {"captures/stream_compressed_to_donor.hex", "captures/stream_compressed_to_recipient.hex"}) {
    const Bytes stream = load_fixture(name).bytes;
    ByteView wire = stream;
    PacketAssembler packets{std::size_t{1} << 26, PacketAssembler::Sequence::ignored};
    std::size_t count = 0;
    while (wire.size() >= CompressedHeader::kSize) {
      const CompressedHeader header = header_of(wire);
      const std::size_t frame_bytes = CompressedHeader::kSize + header.payload_length;
      if (wire.size() < frame_bytes) break;
      const Bytes run = unframed(wire.first(frame_bytes), header.sequence).value();
      wire = wire.subspan(frame_bytes);
      for (ByteView left = run; !left.empty();) {
        const PacketAssembler::Fed fed = packets.feed(left).value();
        left = left.subspan(fed.consumed);
        if (!fed.whole) continue;
        EXPECT_FALSE(packets.take().empty());
        ++count;
      }
    }
    EXPECT_GT(count, 5U) << name;
  }
}

TEST(CompressedFrame, OfAStockRecipientStartsWithComClone) {
  const Bytes stream = load_fixture("captures/stream_compressed_to_donor.hex").bytes;
  EXPECT_EQ(unframed(ByteView{stream}.first(12)).value(), (Bytes{1, 0, 0, 0, 0x20}));
}

TEST(FrameAssembler, RefusesAFrameOutOfOrder) {
  EXPECT_EQ(unframed(framed(compressible(100), SequenceId{1})).error().what,
            "compressed frame out of order: sequence id 1, expected 0");
}

TEST(FrameAssembler, RefusesAnEmptyFrame) {
  EXPECT_EQ(unframed(Bytes(CompressedHeader::kSize)).error().code, Errc::malformed);
}

TEST(FrameAssembler, RefusesWhatIsOverTheLimitByItsHeader) {
  EXPECT_EQ(unframed(framed(compressible(1000)), {}, 999).error().code, Errc::unavailable);
  EXPECT_TRUE(unframed(framed(compressible(1000)), {}, 1000));
  EXPECT_EQ(unframed(framed(random_bytes(1000)), {}, 999).error().code, Errc::unavailable);
}

TEST(FrameAssembler, InflatesToNeitherMoreNorLessThanAnnounced) {
  for (const int difference : {-1, 1}) {
    Bytes wire = framed(compressible(1000));
    wire[4] = static_cast<std::uint8_t>(wire[4] + difference);
    EXPECT_EQ(unframed(wire).error().code, Errc::malformed);
  }
}

TEST(FrameAssembler, RefusesBytesBehindTheStream) {
  Bytes wire = framed(compressible(1000));
  wire.push_back(0);
  wire[0] = static_cast<std::uint8_t>(wire[0] + 1);
  EXPECT_EQ(unframed(wire).error().what, "1 bytes left over behind a zlib stream");
}

TEST(FrameAssembler, MakesNoRoomForWhatAStreamIsTooShortToYield) {
  Bytes wire = framed(compressible(1000));
  wire[6] = 0xFF;
  EXPECT_NE(unframed(wire).error().what.find("announces"), std::string::npos);
}

TEST(FrameAssembler, DetectsEveryFlippedByteOfACompressedRun) {
  const Bytes run = compressible(1000);
  const Bytes whole = framed(run);
  for (std::size_t at = CompressedHeader::kSize; at < whole.size(); ++at) {
    Bytes damaged = whole;
    damaged[at] ^= 0xFF;
    const Result<Bytes> result = unframed(damaged);
    // The two bytes of the zlib header have bits that do not matter.
    EXPECT_TRUE(!result || (at < CompressedHeader::kSize + 2 && *result == run)) << at;
  }
}

TEST(FrameAssembler, RefusesEveryPrefix) {
  const Bytes whole = framed(compressible(1000));
  for (std::size_t length = 1; length < whole.size(); ++length) EXPECT_FALSE(unframed(ByteView{whole}.first(length)));
}

TEST(Deflater, LeavesTheOutputAloneWhenNothingIsGained) {
  Deflater deflater;
  Bytes out{1, 2, 3};
  EXPECT_FALSE(deflater.append(out, random_bytes(1000)));
  EXPECT_EQ(out, (Bytes{1, 2, 3}));
  EXPECT_FALSE(deflater.append(out, {}));
}

}  // namespace
}  // namespace donord
