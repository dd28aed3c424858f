#include "protocol/generic_response.hpp"

#include <gtest/gtest.h>

#include "protocol/damage.hpp"
#include "protocol/error_numbers.hpp"
#include "support/hex_file.hpp"

namespace donord {
namespace {

using donord::testing::from_hex;
using donord::testing::load_fixture;
using donord::testing::to_hex;

constexpr Capabilities kTracking{Capability::session_track};

TEST(OkPacket, OfAStockServerIsReadAndWrittenToTheByte) {
  for (const char* name :
       {"captures/ok_login.hex", "captures/ok_com_clone.hex", "captures/ok_com_reset_connection.hex"}) {
    const Bytes captured = load_fixture(name).bytes;
    EXPECT_TRUE(is_ok(captured));
    for (const Capabilities capabilities : {Capabilities{}, kTracking}) {
      const OkPacket ok = decode_ok(captured, capabilities).value();
      EXPECT_EQ(ok.status, StatusFlags{ServerStatus::autocommit});
      EXPECT_EQ(to_hex(encode(ok)), to_hex(captured));
    }
  }
}

TEST(OkPacket, IsSevenBytesWhenThereIsNothingToSay) {
  EXPECT_EQ(encode(OkPacket{}), from_hex("00 00 00 02 00 00 00"));
}

TEST(OkPacket, ComesBackAsItWasSentOverTheBoundariesOfItsNumbers) {
  for (const std::uint64_t number : {0ULL, 250ULL, 251ULL, 255ULL, 256ULL, 0xFFFFULL, 0xFFFFFFULL, ~0ULL}) {
    OkPacket ok;
    ok.affected_rows = number;
    ok.last_insert_id = ~number;
    ok.warnings = 7;
    ok.info = "done";
    EXPECT_EQ(decode<OkPacket>(encode(ok)).value(), ok);
  }
}

TEST(OkPacket, CarriesChangesOfSessionStateWhereTheyWereAgreedOn) {
  OkPacket ok;
  ok.capabilities = kTracking;
  ok.status.add(ServerStatus::session_state_changed);
  ok.session_state_changes = {1, 2, 3};
  EXPECT_EQ(encode(ok), from_hex("00 00 00 02 40 00 00 | 00 | 03 01 02 03"));
  EXPECT_EQ(decode_ok(encode(ok), kTracking).value(), ok);
}

TEST(OkPacket, SurvivesDamage) {
  OkPacket ok;
  ok.capabilities = kTracking;
  ok.status.add(ServerStatus::session_state_changed);
  ok.info = "some text";
  ok.session_state_changes = {1, 2, 3};
  expect_survives_damage<OkPacket>(
      encode(ok), [](ByteView bytes) { return decode_ok(bytes, kTracking); }, encode<OkPacket>);
}

TEST(ErrPacket, OfAStockServerIsReadAndWrittenToTheByte) {
  const Bytes captured = load_fixture("captures/err_1045.hex").bytes;
  EXPECT_TRUE(is_err(captured));
  const ErrPacket err = decode<ErrPacket>(captured).value();
  EXPECT_EQ(err.code, kErAccessDenied);
  EXPECT_EQ(err.sql_state, "28000");
  EXPECT_EQ(err.message, "Access denied for user 'clone'@'localhost' (using password: YES)");
  EXPECT_EQ(to_hex(encode(err)), to_hex(captured));

  const ErrPacket privilege = decode<ErrPacket>(load_fixture("captures/err_1227.hex").bytes).value();
  EXPECT_EQ(privilege.code, 1227);
  EXPECT_EQ(privilege.sql_state, "42000");
}

TEST(ErrPacket, BeforeTheHandshakeHasNoSqlState) {
  const ErrPacket err{1040, "", "Too many connections"};
  EXPECT_EQ(encode(err), from_hex("ff 10 04 54 6f 6f 20 6d 61 6e 79 20 63 6f 6e 6e 65 63 74 69 6f 6e 73"));
  EXPECT_EQ(decode<ErrPacket>(encode(err)).value(), err);
}

TEST(ErrPacket, SurvivesDamage) {
  expect_survives_damage<ErrPacket>(encode(ErrPacket{1045, "28000", "Access denied"}), decode<ErrPacket>,
                                    encode<ErrPacket>);
}

TEST(ErrPacket, BecomesAnErrorThatSaysWhatTheServerSaid) {
  EXPECT_EQ(server_error({1045, "28000", "Access denied"}).code, Errc::denied);
  EXPECT_EQ(server_error({1040, "08004", "Too many connections"}).what, "error 1040 (08004): Too many connections");
}

TEST(EofPacket, IsFiveBytes) {
  const EofPacket eof{3, {ServerStatus::autocommit, ServerStatus::more_results_exist}};
  EXPECT_EQ(encode(eof), from_hex("fe 03 00 0a 00"));
  EXPECT_EQ(decode<EofPacket>(encode(eof)).value(), eof);
}

}  // namespace
}  // namespace donord
