#include "binlog/gtid.hpp"

#include <gmock/gmock.h>

#include "support/binlog_builder.hpp"
#include "support/hex.hpp"

namespace donord::binlog {
namespace {

using testing::LogFields;
using testing::make_gtid;

constexpr std::string_view kUuid = "00112233-4455-6677-8899-aabbccddeeff";

TEST(Gtid, HasTheTextThatServersUse) {
  EXPECT_EQ(to_text(make_gtid(23)), fmt::format("{}:23", kUuid));
  EXPECT_EQ(to_text(make_gtid(1, "audit")), fmt::format("{}:audit:1", kUuid));
}

TEST(Gtid, ComesFromTheEventOfEitherKind) {
  const Result<Gtid> plain = decode_gtid_event(testing::gtid_body(make_gtid(77)));
  ASSERT_TRUE(plain) << plain.error().what;
  EXPECT_EQ(*plain, make_gtid(77));
  for (const std::string_view tag : {"", "a", "tag_with_32_characters__________"}) {
    const Gtid gtid = make_gtid(kLastGtid, tag);
    const Result<Gtid> tagged = decode_tagged_gtid_event(testing::tagged_gtid_body(gtid));
    ASSERT_TRUE(tagged) << tagged.error().what;
    EXPECT_EQ(*tagged, gtid);
  }
}

TEST(Gtid, DamagedEventsAreRefusedOrAnotherGtid) {
  const Bytes plain = testing::gtid_body(make_gtid(77));
  for (std::size_t length = 0; length < 25; ++length) EXPECT_FALSE(decode_gtid_event(ByteView{plain}.first(length)));
  const Gtid gtid = make_gtid(77, "audit");
  const Bytes tagged = testing::tagged_gtid_body(gtid);
  for (std::size_t length = 0; length < tagged.size(); ++length)
    if (const Result<Gtid> cut = decode_tagged_gtid_event(ByteView{tagged}.first(length)); cut) {
      EXPECT_TRUE(*cut == gtid || *cut == make_gtid(77)) << length << ": the tag may be missing";
    }
  for (std::size_t at = 0; at < tagged.size(); ++at)
    for (const int mask : {0x01, 0x80, 0xFF}) {
      Bytes damaged = tagged;
      damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ mask);
      if (const Result<Gtid> other = decode_tagged_gtid_event(damaged); other) {
        EXPECT_GT(other->number, 0);
        EXPECT_LE(other->tag.size(), 32U);
      }
    }
}

TEST(Gtid, NumbersAndTagsThatCannotBeAreRefused) {
  EXPECT_EQ(decode_gtid_event(testing::gtid_body(make_gtid(0))).error().code, Errc::malformed);
  EXPECT_EQ(decode_gtid_event(testing::gtid_body(make_gtid(-1))).error().code, Errc::malformed);
  EXPECT_EQ(decode_gtid_event(testing::gtid_body(make_gtid(kLastGtid + 1))).error().code, Errc::malformed);
  EXPECT_EQ(decode_tagged_gtid_event(testing::tagged_gtid_body(make_gtid(1, "A B"))).error().code, Errc::malformed);
  EXPECT_EQ(decode_tagged_gtid_event(testing::tagged_gtid_body(make_gtid(1, std::string(33, 'a')))).error().code,
            Errc::malformed);
  EXPECT_EQ(decode_tagged_gtid_event(testing::from_hex("04 40 00")).error().code, Errc::unsupported_version);
}

TEST(PersistedGtid, IsTextWithoutATag) {
  const PersistedGtid kept = persisted(make_gtid(23));
  EXPECT_EQ(kept.version, 1);
  Bytes expected = to_bytes(fmt::format("{}:23", kUuid));
  expected.resize(kPersistedGtidBytes);
  EXPECT_TRUE(std::ranges::equal(kept.bytes, expected));
}

TEST(PersistedGtid, IsBinaryWithATag) {
  const PersistedGtid kept = persisted(make_gtid(200, "audit"));
  EXPECT_EQ(kept.version, 2);
  Bytes expected = testing::from_hex("00112233445566778899aabbccddeeff 0a 6175646974 4106");
  expected.resize(kPersistedGtidBytes);
  EXPECT_EQ(testing::to_hex(kept.bytes), testing::to_hex(expected));
}

TEST(PersistedGtid, TheLongestFits) {
  const PersistedGtid tagged = persisted(make_gtid(kLastGtid, std::string(32, 'z')));
  EXPECT_EQ(tagged.bytes[57], 0xFF) << "the last of 16 + 1 + 32 + 9 bytes";
  EXPECT_EQ(tagged.bytes[58], 0);
  EXPECT_EQ(persisted(make_gtid(kLastGtid)).bytes[36 + 1 + 19], 0);
}

}  // namespace
}  // namespace donord::binlog
