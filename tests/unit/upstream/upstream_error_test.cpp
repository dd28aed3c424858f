#include "upstream/upstream_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace donord {
namespace {

using testing::HasSubstr;

TEST(UpstreamError, HasNumberSqlStateAndText) {
  const Error error = upstream_error(ErrPacket{1045, "28000", "Access denied for user 'clone'@'db2'"});
  EXPECT_EQ(error.code, Errc::denied);
  EXPECT_EQ(error.what, "error 1045 (28000): Access denied for user 'clone'@'db2'");
  EXPECT_THAT(error.hint, HasSubstr("password"));
}

TEST(UpstreamError, MayComeWithoutASqlState) {
  const Error error = upstream_error(encode(ErrPacket{1040, "", "Too many connections"}));
  EXPECT_EQ(error.code, Errc::unavailable);
  EXPECT_EQ(error.what, "error 1040: Too many connections");
}

TEST(UpstreamError, TellsApartWhatDonordDoesDifferentThingsAbout) {
  const auto code = [](std::uint16_t number) { return upstream_error(ErrPacket{number, "HY000", ""}).code; };
  EXPECT_EQ(code(1227), Errc::denied);
  EXPECT_EQ(code(1142), Errc::denied);
  EXPECT_EQ(code(1205), Errc::timeout);
  EXPECT_EQ(code(1305), Errc::unsupported_version);
  EXPECT_EQ(code(3159), Errc::insecure);
  EXPECT_EQ(code(4031), Errc::cancelled);
  EXPECT_EQ(code(1), Errc::io);
  EXPECT_EQ(code(65535), Errc::io);
}

TEST(UpstreamError, LetsNoControlCharactersThrough) {
  EXPECT_EQ(upstream_error(ErrPacket{1,
                                     "HY\x1b"
                                     "00",
                                     "\x1b[2J"})
                .what,
            "error 1 (HY\\x1b00): \\x1b[2J");
}

TEST(UpstreamError, OfABrokenPacketIsMalformed) {
  EXPECT_EQ(upstream_error(Bytes{0xFF, 0x01}).code, Errc::truncated);
}

}  // namespace
}  // namespace donord
