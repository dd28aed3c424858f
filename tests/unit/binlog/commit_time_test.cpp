#include "binlog/commit_time.hpp"

#include <gmock/gmock.h>

#include "support/binlog_builder.hpp"
#include "support/hex.hpp"

namespace donord::binlog {
namespace {

using testing::from_hex;
using testing::make_gtid;
using ::testing::Optional;

constexpr std::int64_t kTime = 1'795'263'453'421'433;

TEST(CommitTime, IsInTheGtidEventsOfAnyKind) {
  for (const EventType type : {EventType::gtid, EventType::anonymous_gtid})
    EXPECT_THAT(commit_time_of(type, testing::gtid_body(make_gtid(1), kTime)), Optional(kTime));
  for (const std::string_view tag : {"", "audit"})
    EXPECT_THAT(commit_time_of(EventType::gtid_tagged, testing::tagged_gtid_body(make_gtid(1, tag), kTime)),
                Optional(kTime));
  EXPECT_EQ(commit_time_of(EventType::query, testing::gtid_body(make_gtid(1), kTime)), std::nullopt);
}

TEST(CommitTime, IsThatOfTheServerItself) {
  Bytes of_a_replica = testing::gtid_body(make_gtid(1), kTime);
  of_a_replica.back() |= 0x80;
  append(of_a_replica, Bytes(7, 0x11));  // the time on the source
  EXPECT_THAT(commit_time_of(EventType::gtid, of_a_replica), Optional(kTime));
}

TEST(CommitTime, IsWhereA974HasIt) {
  const Bytes body = from_hex(
      "0274000000021d0258b903e09503950222c503a9028404f103000000020404060a6175646974"
      "08000a040c7f79df7358c860061071041283120b");
  EXPECT_THAT(commit_time_of(EventType::gtid_tagged, body), Optional(0x0660C85873DF79));
}

TEST(CommitTime, MayBeMissing) {
  EXPECT_EQ(commit_time_of(EventType::gtid, testing::gtid_body(make_gtid(1))), std::nullopt);
  EXPECT_EQ(commit_time_of(EventType::gtid_tagged, testing::tagged_gtid_body(make_gtid(1, "t"))), std::nullopt);
  const Bytes plain = testing::gtid_body(make_gtid(1), kTime);
  for (std::size_t size = 0; size < plain.size(); ++size)
    EXPECT_EQ(commit_time_of(EventType::gtid, ByteView{plain}.first(size)), std::nullopt);
  const Bytes tagged = testing::tagged_gtid_body(make_gtid(1, "t"), kTime);
  for (std::size_t size = 0; size < tagged.size(); ++size)
    EXPECT_EQ(commit_time_of(EventType::gtid_tagged, ByteView{tagged}.first(size)), std::nullopt);
}

TEST(CommitTime, OfDamageIsNoneOrSmallEnoughToCalculateWith) {
  const Bytes whole = testing::tagged_gtid_body(make_gtid(1, "audit"), kTime);
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (const int mask : {0x01, 0x80, 0xFF}) {
      Bytes damaged = whole;
      damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ mask);
      const std::optional<std::int64_t> time = commit_time_of(EventType::gtid_tagged, damaged);
      if (time) {
        EXPECT_GE(*time, 0);
        EXPECT_LT(*time, std::int64_t{1} << 55);
      }
    }
}

}  // namespace
}  // namespace donord::binlog
