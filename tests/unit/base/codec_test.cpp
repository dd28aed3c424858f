#include "base/codec.hpp"

#include <gtest/gtest.h>

#include "base/ids.hpp"

namespace donord {
namespace {

struct Inner {
  std::uint16_t number = 0;
  std::string name;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.u16be("number", m.number);
    io.cstring("name", m.name);
  }
  bool operator==(const Inner&) const = default;
};

struct Sample {
  static constexpr std::string_view kName = "Sample";
  std::uint8_t small = 0;
  SpaceId space;
  std::string text;
  Bytes blob;
  std::vector<Inner> inner;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.u8("small", m.small);
    io.u32le("space", m.space);
    io.lenenc_text("text", m.text);
    io.lenenc_bytes("blob", m.blob);
    io.until_end("inner", m.inner, 3);
  }
  bool operator==(const Sample&) const = default;
};

Sample sample() {
  return Sample{7, SpaceId{0xFFFFFFFE}, "hello", Bytes{1, 2, 3}, {{0x0102, "a"}, {3, ""}}};
}

TEST(Codec, DecodesWhatItEncoded) {
  EXPECT_EQ(*decode<Sample>(encode(sample())), sample());
}

TEST(Codec, WritesTheByteOrderThatTheFieldNames) {
  const Bytes expected = {7, 0xFE, 0xFF, 0xFF, 0xFF, 5, 'h', 'e', 'l', 'l', 'o', 3, 1, 2, 3, 1, 2, 'a', 0, 0, 3, 0};
  EXPECT_EQ(encode(sample()), expected);
}

TEST(Codec, EveryProperPrefixIsRefusedOrReencodesToItself) {
  const Bytes whole = encode(sample());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const ByteView prefix = ByteView{whole}.first(length);
    if (const Result<Sample> decoded = decode<Sample>(prefix)) {
      EXPECT_EQ(encode(*decoded), Bytes(prefix.begin(), prefix.end())) << length;
    }
  }
}

TEST(Codec, NamesMessageFieldOffsetNeedAndHave) {
  const Bytes bytes = {7, 1};
  EXPECT_EQ(decode<Sample>(bytes).error().what, "Sample.space at 1: need 4 bytes, have 1");
}

TEST(Codec, RefusesALengthThatLiesBeforeAllocating) {
  const Bytes bytes = {7, 0, 0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F};
  EXPECT_EQ(decode<Sample>(bytes).error().code, Errc::truncated);
}

TEST(Codec, RefusesMoreElementsThanItAllows) {
  Sample message = sample();
  message.inner.resize(3);
  EXPECT_EQ(*decode<Sample>(encode(message)), message);
  message.inner.resize(4);
  EXPECT_EQ(decode<Sample>(encode(message)).error().what, "Sample.inner at 25: more than 3 elements");
}

TEST(Codec, LengthEncodedIntegersRoundTripOverTheirBoundaries) {
  for (const std::size_t length : {0U, 1U, 250U, 251U, 252U, 255U, 256U, 0xFFFFU, 0x10000U, 0xFFFFFFU, 0x1000000U}) {
    Sample message;
    message.text.assign(length, 'x');
    EXPECT_EQ(decode<Sample>(encode(message))->text.size(), length);
  }
}

TEST(Codec, DumpShowsOffsetBytesFieldAndValue) {
  const std::string text = dump<Sample>(encode(sample()));
  EXPECT_NE(text.find("0001  fe ff ff ff"), std::string::npos) << text;
  EXPECT_NE(text.find("space = 4294967294"), std::string::npos) << text;
}

TEST(Lsn, DifferencesAreByteCounts) {
  EXPECT_EQ(Lsn{1000} - Lsn{400}, 600U);
  EXPECT_EQ(Lsn{1000} + 24, Lsn{1024});
  EXPECT_EQ(Lsn{1535}.block_start(), Lsn{1024});
}

}  // namespace
}  // namespace donord
