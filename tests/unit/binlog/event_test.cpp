#include "binlog/event.hpp"

#include <gmock/gmock.h>

#include "support/binlog_builder.hpp"
#include "support/damage.hpp"

namespace donord::binlog {
namespace {

using testing::LogFields;

Bytes format_description(std::uint16_t version, std::uint8_t header_bytes, std::uint8_t checksum) {
  Bytes name(50);
  std::ranges::copy(std::string_view{"8.4.0"}, name.begin());
  return LogFields{}.u2(version).bytes(name).u4(0).u1(header_bytes).filler(41).u1(checksum).u4(0);
}

TEST(EventHeader, HasNineteenBytes) {
  const EventHeader header{
      .time = 1, .type = EventType::xid, .server_id = 2, .size_bytes = 31, .end_position = 4711, .flags = kInUseFlag};
  const Bytes bytes = encode(header);
  ASSERT_EQ(bytes.size(), kEventHeaderBytes);
  EXPECT_EQ(bytes[kEventFlagsOffset], 1);
  testing::survives_damage<EventHeader>(bytes);
}

TEST(FormatDescription, NamesTheServerAndTheChecksum) {
  const Result<FormatDescription> format = decode_format_description(format_description(4, 19, 1));
  ASSERT_TRUE(format) << format.error().what;
  EXPECT_EQ(format->server_version, "8.4.0");
  EXPECT_EQ(format->checksum_bytes(), 4U);
  EXPECT_EQ(decode_format_description(format_description(4, 19, 0))->checksum_bytes(), 0U);
}

TEST(FormatDescription, OthersAreRefused) {
  EXPECT_EQ(decode_format_description(format_description(3, 19, 1)).error().code, Errc::unsupported_version);
  EXPECT_EQ(decode_format_description(format_description(4, 13, 1)).error().code, Errc::unsupported_version);
  EXPECT_EQ(decode_format_description(format_description(4, 19, 2)).error().code, Errc::unsupported_version);
  const Bytes whole = format_description(4, 19, 1);
  for (std::size_t length = 0; length < 62; ++length)
    EXPECT_EQ(decode_format_description(ByteView{whole}.first(length)).error().code, Errc::truncated) << length;
}

TEST(EventChecksum, IsThatOfZlib) {
  EXPECT_EQ(event_checksum(0, as_bytes("123456789")), 0xCBF43926);
  EXPECT_EQ(event_checksum(event_checksum(0, as_bytes("1234")), as_bytes("56789")), 0xCBF43926);
}

}  // namespace
}  // namespace donord::binlog
