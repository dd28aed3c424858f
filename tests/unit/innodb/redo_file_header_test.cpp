#include "innodb/redo_file_header.hpp"

#include <gtest/gtest.h>

#include "base/crc32c.hpp"
#include "support/innodb_builder.hpp"

namespace donord::innodb {
namespace {

using testing::innodb_fixture;

const RedoFileHeader kHeader{.uuid = 77, .start_lsn = Lsn{8192 * 3}, .creator = "MySQL Clone", .flags = 8};

TEST(RedoFileHeader, OfARealServerDecodesToWhatItHolds) {
  const Bytes bytes = innodb_fixture("redo_header.hex");
  const Result<RedoFileStart> start = decode_redo_file_start(bytes);
  ASSERT_TRUE(start) << start.error().what;
  EXPECT_EQ(start->header.format, 6U);
  EXPECT_NE(start->header.uuid, 0U);
  EXPECT_EQ(start->header.start_lsn, Lsn{44005376});
  EXPECT_EQ(start->header.creator, "MySQL 9.7.4");
  EXPECT_EQ(start->header.flags, 0U);
  EXPECT_EQ(std::max(start->checkpoints[0], start->checkpoints[1]), Lsn{44823997});
  // Slots differ there; ours are alike, so only block 0 can be compared as bytes.
  const RedoFileStartBytes ours = encode_redo_file_start(start->header, Lsn{44823997});
  EXPECT_TRUE(std::equal(ours.begin(), ours.begin() + 512, bytes.begin()));
}

TEST(RedoFileHeader, SurvivesTheRoundTrip) {
  const Result<RedoFileStart> start = decode_redo_file_start(encode_redo_file_start(kHeader, Lsn{30000}));
  ASSERT_TRUE(start);
  EXPECT_EQ(start->header, kHeader);
  EXPECT_TRUE(start->header.has(RedoFlag::file_full));
  EXPECT_EQ(start->checkpoints[0], Lsn{30000});
  EXPECT_EQ(start->checkpoints[1], Lsn{30000});
  EXPECT_FALSE(start->has_encryption_info());
}

TEST(RedoFileHeader, ALongCreatorIsCut) {
  RedoFileHeader header = kHeader;
  header.creator = std::string(40, 'x');
  EXPECT_EQ(decode_redo_file_start(encode_redo_file_start(header, Lsn{}))->header.creator, std::string(31, 'x'));
}

TEST(RedoFileHeader, AnUnknownFormatIsRefusedByItsNumber) {
  RedoFileHeader header = kHeader;
  header.format = 5;
  const Result<RedoFileStart> start = decode_redo_file_start(encode_redo_file_start(header, Lsn{}));
  ASSERT_FALSE(start);
  EXPECT_EQ(start.error().code, Errc::unsupported_version);
  EXPECT_EQ(start.error().what, "redo log format 5, expected 6");
}

TEST(RedoFileHeader, ATornCheckpointLeavesTheOther) {
  RedoFileStartBytes bytes = encode_redo_file_start(kHeader, Lsn{30000});
  bytes[512 + 100] = 1;
  const Result<RedoFileStart> start = decode_redo_file_start(bytes);
  ASSERT_TRUE(start);
  EXPECT_EQ(start->checkpoints[0], std::nullopt);
  EXPECT_EQ(start->checkpoints[1], Lsn{30000});
}

TEST(RedoFileHeader, SeesEncryptionInformation) {
  RedoFileStartBytes bytes = encode_redo_file_start(kHeader, Lsn{30000});
  std::ranges::copy(as_bytes("lCC"), bytes.begin() + 1024 + 48);
  EXPECT_TRUE(decode_redo_file_start(bytes)->has_encryption_info());
}

TEST(RedoFileHeader, EveryPrefixAndEveryFlippedByteOfTheFirstBlockIsRefused) {
  const RedoFileStartBytes bytes = encode_redo_file_start(kHeader, Lsn{30000});
  for (std::size_t length = 0; length < bytes.size(); ++length)
    ASSERT_FALSE(decode_redo_file_start(ByteView{bytes}.first(length))) << length;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    RedoFileStartBytes damaged = bytes;
    damaged[at] ^= 0xFF;
    const Result<RedoFileStart> start = decode_redo_file_start(damaged);
    ASSERT_EQ(start.has_error(), at < 512) << at;
    if (start) {
      ASSERT_TRUE(start->checkpoints[0] || start->checkpoints[1]) << at;
    }
  }
}

}  // namespace
}  // namespace donord::innodb
