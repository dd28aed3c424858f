#include "binlog/xid.hpp"

#include <gmock/gmock.h>

#include "support/binlog_builder.hpp"

namespace donord::binlog {
namespace {

using ::testing::Optional;

Xid internal(std::uint64_t number) {
  const Bytes bytes = testing::LogFields{}.text("MySQLXid").u8(0x1234).u8(number);
  return {.format_id = 1, .gtrid = std::string{as_text(bytes)}};
}

TEST(Xid, InternalOnesHaveANumber) {
  EXPECT_THAT(internal(4711).internal_number(), Optional(4711U));
  EXPECT_EQ(internal(0).internal_number(), std::nullopt);
  Xid with_branch = internal(1);
  with_branch.bqual = "b";
  EXPECT_EQ(with_branch.internal_number(), std::nullopt);
  EXPECT_EQ((Xid{1, "MySQLXid", ""}.internal_number()), std::nullopt);
  Xid other = internal(1);
  other.gtrid[0] = 'm';
  EXPECT_EQ(other.internal_number(), std::nullopt);
}

TEST(Xid, IsReadFromTheTextThatServersLog) {
  const Result<Xid> xid = parse_xid("X'6100ff',X'62',7");
  ASSERT_TRUE(xid) << xid.error().what;
  EXPECT_EQ(*xid, (Xid{7, std::string{"a\0\xff", 3}, "b"}));
  EXPECT_EQ(to_text(*xid), "X'6100ff',X'62',7");
  EXPECT_EQ(*parse_xid("X'61',X'',4294967295"), (Xid{4294967295, "a", ""}));
}

TEST(Xid, OtherTextIsRefused) {
  const std::string too_long(2 * 65, '0');
  for (const std::string& text :
       {std::string{}, std::string{"X'61'"}, std::string{"X'61',X''"}, std::string{"X'6',X'',1"},
        std::string{"X'6g',X'',1"}, std::string{"'a','b',1"}, std::string{"X'61',X'',-1"}, std::string{"X'61',X'',x"},
        std::string{"X'61"}, "X'" + too_long + "',X'',1"})
    EXPECT_FALSE(parse_xid(text)) << text;
}

TEST(XaPrepare, HasAnXidOfAnyBytes) {
  const Xid xid{7, std::string{"a\0b", 3}, "branch"};
  for (const bool one_phase : {false, true}) {
    const Bytes body = testing::xa_prepare_body(xid, one_phase);
    const Result<XaPrepare> prepare = decode_xa_prepare(body);
    ASSERT_TRUE(prepare) << prepare.error().what;
    EXPECT_EQ(prepare->xid, xid);
    EXPECT_EQ(prepare->one_phase, one_phase);
    for (std::size_t length = 0; length < body.size(); ++length)
      EXPECT_FALSE(decode_xa_prepare(ByteView{body}.first(length))) << length;
  }
}

TEST(XaPrepare, PartsThatAreTooLongAreRefused) {
  EXPECT_FALSE(decode_xa_prepare(testing::xa_prepare_body({1, std::string(65, 'a'), ""})));
  EXPECT_FALSE(decode_xa_prepare(Bytes(testing::LogFields{}.u1(0).u4(1).u4(0xFFFFFFFF).u4(0xFFFFFFFF).filler(200))));
}

}  // namespace
}  // namespace donord::binlog
