#include "protocol/command.hpp"

#include <gtest/gtest.h>

#include "protocol/damage.hpp"
#include "support/hex_file.hpp"

namespace donord {
namespace {

using donord::testing::from_hex;
using donord::testing::load_fixture;

constexpr Capabilities kAttributes{Capability::query_attributes};

ComQuery traced_query() {
  return {"SELECT 1",
          {{kBinaryString, "traceparent", false, "00-abc"},
           {kBinaryString, "absent", true, ""},
           {BinaryType{8}, "count", false, std::string(8, '\1')},
           {BinaryType{12}, "when", false, std::string(7, '\2')},
           {kBinaryNull, "nothing", false, ""}}};
}

TEST(Command, ComesBackAsItWasSent) {
  for (const Command& command :
       {Command{ComQuit{}}, Command{ComInitDb{"mysql"}}, Command{ComInitDb{}}, Command{ComQuery{"SELECT 1", {}}},
        Command{ComPing{}}, Command{ComResetConnection{}}, Command{ComClone{}}, Command{ComUnknown{0x16}}})
    for (const Capabilities effective : {Capabilities{}, kAttributes})
      EXPECT_EQ(decode_command(encode_command(command, effective), effective).value(), command);
}

TEST(Command, OfAStockRecipientIsRecognised) {
  EXPECT_EQ(decode_command(load_fixture("captures/com_clone.hex").bytes, {}).value(), Command{ComClone{}});
  EXPECT_EQ(decode_command(load_fixture("captures/com_reset_connection.hex").bytes, {}).value(),
            Command{ComResetConnection{}});
  EXPECT_EQ(decode_command(load_fixture("captures/com_quit.hex").bytes, {}).value(), Command{ComQuit{}});
}

TEST(Command, IsRefusedWhenEmptyOrWithABodyWhereNoneBelongs) {
  EXPECT_FALSE(decode_command({}, {}));
  EXPECT_FALSE(decode_command(Bytes{0x20, 0}, {}));
  EXPECT_FALSE(decode_command(Bytes{0x0E, 1}, {}));
}

TEST(Command, ThatIsUnknownKeepsItsCode) {
  for (int code = 0; code <= 0xFF; ++code) {
    const Bytes payload{static_cast<std::uint8_t>(code)};
    const Result<Command> command = decode_command(payload, {});
    ASSERT_TRUE(command);
    EXPECT_EQ(encode_command(*command, {}), payload);
  }
}

TEST(ComQuery, HasTwoCountsInFrontWhereAttributesWereAgreedOn) {
  EXPECT_EQ(encode_command(ComQuery{"X", {}}, {}), from_hex("03 58"));
  EXPECT_EQ(encode_command(ComQuery{"X", {}}, kAttributes), from_hex("03 00 01 58"));
}

TEST(ComQuery, CarriesAttributesOfEveryShape) {
  EXPECT_EQ(decode_command(encode_command(traced_query(), kAttributes), kAttributes).value(), Command{traced_query()});
}

TEST(ComQuery, ReadsTheBitmapOfNullsBeyondOneByte) {
  ComQuery query{"SELECT 1", {}};
  for (int i = 0; i < 20; ++i) query.attributes.push_back({kBinaryString, std::to_string(i), i % 3 == 0, ""});
  EXPECT_EQ(decode_command(encode_command(query, kAttributes), kAttributes).value(), Command{query});
}

TEST(ComQuery, RefusesMoreAttributesThanItAllowsBeforeMakingRoom) {
  EXPECT_FALSE(decode_command(from_hex("03 fe ffffffffffffff7f 01"), kAttributes));
  EXPECT_FALSE(decode_command(from_hex("03 fd ffff00 01"), kAttributes));
}

TEST(ComQuery, RefusesMoreSetsThanOneAndTypesItDoesNotKnow) {
  EXPECT_FALSE(decode_command(from_hex("03 00 02 58"), kAttributes));
  EXPECT_FALSE(decode_command(from_hex("03 01 01 00 01 6400 01 61 58"), kAttributes));
}

TEST(ComQuery, SurvivesDamage) {
  expect_survives_damage<Command>(
      encode_command(traced_query(), kAttributes), [](ByteView bytes) { return decode_command(bytes, kAttributes); },
      [](const Command& command) { return encode_command(command, kAttributes); });
}

}  // namespace
}  // namespace donord
