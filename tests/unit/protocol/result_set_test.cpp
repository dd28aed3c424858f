#include "protocol/result_set.hpp"

#include <gtest/gtest.h>

#include "protocol/damage.hpp"
#include "protocol/generic_response.hpp"
#include "support/hex.hpp"

namespace donord {
namespace {

using donord::testing::from_hex;

constexpr std::size_t kLimit = std::size_t{1} << 26;
constexpr Capabilities kModern{Capability::deprecate_eof};
constexpr Capabilities kClassic{};

TextResultSet variables() {
  return {{text_column("Variable_name"), number_column("Value")},
          {{"port", "3306"}, {"server_id", std::nullopt}, {std::string(251, 'x'), ""}, {"\xFE", "\xFF"}}};
}

Result<TextResultSet> read(const std::vector<Bytes>& payloads, Capabilities effective, std::size_t limit = kLimit) {
  ResultSetReader reader{effective, limit};
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    const Result<bool> done = reader.on_packet(payloads[i]);
    if (!done) return done.error();
    EXPECT_EQ(*done, i + 1 == payloads.size());
    if (*done) return reader.take();
  }
  return Error{Errc::truncated, "no end"};
}

TEST(TextResultSet, ComesBackAsItWasSentInBothForms) {
  for (const Capabilities effective : {kModern, kClassic}) {
    EXPECT_EQ(read(encode_result_set(variables(), effective), effective).value(), variables());
    const TextResultSet no_rows{{text_column("a")}, {}};
    EXPECT_EQ(read(encode_result_set(no_rows, effective), effective).value(), no_rows);
  }
}

TEST(TextResultSet, EndsItsPartsAsTheClientExpects) {
  const TextResultSet one{{text_column("a")}, {{"1"}}};
  const std::vector<Bytes> classic = encode_result_set(one, kClassic);
  ASSERT_EQ(classic.size(), 5U);
  EXPECT_EQ(classic[0], from_hex("01"));
  EXPECT_EQ(classic[2], from_hex("fe 00 00 02 00"));
  EXPECT_EQ(classic[3], from_hex("01 31"));
  EXPECT_EQ(classic[4], from_hex("fe 00 00 02 00"));
  const std::vector<Bytes> modern = encode_result_set(one, kModern, {ServerStatus::autocommit}, 2);
  ASSERT_EQ(modern.size(), 4U);
  EXPECT_EQ(modern[3], from_hex("fe 00 00 02 00 02 00"));
}

TEST(TextRow, TellsNullFromEmpty) {
  EXPECT_EQ(encode_row({std::nullopt, ""}), from_hex("fb 00"));
  EXPECT_EQ(decode_row(from_hex("fb 00"), 2).value(), (TextRow{std::nullopt, ""}));
}

TEST(TextRow, ThatStartsLikeAnEndIsARow) {
  const TextResultSet large{{text_column("a")}, {{std::string(std::size_t{1} << 24, 'x')}}};
  for (const Capabilities effective : {kModern, kClassic})
    EXPECT_TRUE(read(encode_result_set(large, effective), effective).value() == large);
}

TEST(TextRow, SurvivesDamage) {
  expect_survives_damage<TextRow>(
      encode_row({"one", std::nullopt, std::string(300, 'x')}), [](ByteView bytes) { return decode_row(bytes, 3); },
      encode_row);
}

TEST(ColumnDefinition41, SurvivesDamage) {
  ColumnDefinition41 column = number_column("id");
  column.schema = "test";
  column.table = column.original_table = "t1";
  column.decimals = 31;
  EXPECT_EQ(decode<ColumnDefinition41>(encode(column)).value(), column);
  expect_survives_damage<ColumnDefinition41>(encode(column), decode<ColumnDefinition41>, encode<ColumnDefinition41>);
}

TEST(ResultSetReader, HandsOnTheServersError) {
  const Bytes err = encode(ErrPacket{1064, "42000", "You have an error in your SQL syntax"});
  EXPECT_EQ(read({err}, kModern).error().what, "error 1064 (42000): You have an error in your SQL syntax");
  std::vector<Bytes> midway = encode_result_set(variables(), kModern);
  midway.insert(midway.begin() + 4, err);
  EXPECT_FALSE(read(midway, kModern));
}

TEST(ResultSetReader, TakesAnOkForAResultWithoutColumns) {
  EXPECT_EQ(read({encode(OkPacket{})}, kModern).value(), TextResultSet{});
}

TEST(ResultSetReader, RefusesMoreBytesOrColumnsThanItAllows) {
  EXPECT_EQ(read(encode_result_set(variables(), kModern), kModern, 100).error().code, Errc::unavailable);
  EXPECT_FALSE(read({from_hex("fd ffffff")}, kModern));
}

TEST(ResultSetReader, SurvivesDamageToEveryPacket) {
  for (const Capabilities effective : {kModern, kClassic}) {
    const std::vector<Bytes> whole = encode_result_set(variables(), effective);
    for (std::size_t packet = 0; packet < whole.size(); ++packet)
      for (std::size_t at = 0; at < whole[packet].size(); ++at)
        for (const int mask : {0x01, 0x80, 0xFF}) {
          std::vector<Bytes> damaged = whole;
          damaged[packet][at] = static_cast<std::uint8_t>(damaged[packet][at] ^ mask);
          ResultSetReader reader{effective, kLimit};
          for (const Bytes& payload : damaged) {
            const Result<bool> done = reader.on_packet(payload);
            if (!done || *done) break;
          }
        }
  }
}

}  // namespace
}  // namespace donord
