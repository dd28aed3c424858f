#include "live/redo_segment.hpp"

#include <gtest/gtest.h>

#include "base/crc32c.hpp"
#include "base/endian.hpp"

namespace donord {
namespace {

constexpr RedoSegmentHeader kHeader{.log_uuid = 0xA1B2C3D4, .start_lsn = Lsn{16'384'000}};

TEST(RedoSegment, AHeaderReadsAsItWasWritten) {
  const Result<RedoSegmentHeader> read = decode_redo_segment_header(encode_redo_segment_header(kHeader));
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(*read, kHeader);
}

TEST(RedoSegment, AHeaderWithADamagedByteIsRefused) {
  const RedoSegmentHeaderBytes good = encode_redo_segment_header(kHeader);
  for (std::size_t i = 0; i < 28; ++i) {
    RedoSegmentHeaderBytes bad = good;
    bad[i] ^= 1;
    EXPECT_FALSE(decode_redo_segment_header(bad)) << i;
  }
  EXPECT_EQ(decode_redo_segment_header(ByteView{good}.first(good.size() - 1)).error().code, Errc::truncated);
}

TEST(RedoSegment, AHeaderOfALaterVersionIsRefusedByItsNumber) {
  RedoSegmentHeaderBytes bytes = encode_redo_segment_header(kHeader);
  store_u32be(bytes, 8, 2);
  store_u32be(bytes, 24, crc32c(ByteView{bytes}.first(24)));
  const Result<RedoSegmentHeader> read = decode_redo_segment_header(bytes);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::unsupported_version);
  EXPECT_EQ(read.error().what, "redo segment version 2, expected 1");
}

TEST(RedoSegment, NamesSortAsTheLogDoes) {
  EXPECT_EQ(redo_segment_name(kHeader.start_lsn), "donord-redo-00000000000016384000.seg");
  EXPECT_LT(redo_segment_name(Lsn{99'999'744}), redo_segment_name(Lsn{100'000'256}));
}

TEST(RedoSegment, OnlyItsOwnNamesAreItsOwn) {
  EXPECT_TRUE(is_redo_segment_name(redo_segment_name(Lsn{~std::uint64_t{511}})));
  EXPECT_TRUE(is_redo_segment_name(temporary_redo_segment_name(Lsn{512})));
  for (const char* name : {"", "donord-redo-", "donord-redo-.seg", "donord-redo-1.seg", "#ib_redo5", "ibdata1",
                           "donord-redo-00000000000016384000", "donord-redo-00000000000016384000.segs",
                           "donord-redo-0000000000001638400x.seg", "xdonord-redo-00000000000016384000.seg",
                           "donord-redo-00000000000016384000.tmp", "donord-redo-000000000000016384000.seg"})
    EXPECT_FALSE(is_redo_segment_name(name)) << name;
}

}  // namespace
}  // namespace donord
