#include "binlog/query_event.hpp"

#include <gmock/gmock.h>

#include "support/binlog_builder.hpp"

namespace donord::binlog {
namespace {

using testing::ddl_variables;
using testing::LogFields;
using ::testing::Optional;
using testing::query_body;

TEST(QueryEvent, HasAStatement) {
  const Bytes body = query_body("BEGIN");
  const Result<QueryEvent> query = decode_query_event(body);
  ASSERT_TRUE(query) << query.error().what;
  EXPECT_EQ(query->statement, "BEGIN");
  EXPECT_EQ(query->ddl_xid, std::nullopt);
}

TEST(QueryEvent, FindsTheXidOfDdlBehindOtherVariables) {
  const Bytes body = query_body("DROP TABLE t", ddl_variables(4711));
  const Result<QueryEvent> query = decode_query_event(body);
  ASSERT_TRUE(query) << query.error().what;
  EXPECT_THAT(query->ddl_xid, Optional(4711U));
  EXPECT_EQ(query->statement, "DROP TABLE t");
}

TEST(QueryEvent, KnowsTheSizeOfEveryVariable) {
  const Bytes all = LogFields{}
                        .u1(2)
                        .u1(3)
                        .text("std")
                        .u1(0)  // catalog, once
                        .u1(7)
                        .filler(2)
                        .u1(8)
                        .filler(2)
                        .u1(9)
                        .filler(8)
                        .u1(10)
                        .filler(4)
                        .u1(11)
                        .u1(1)
                        .text("u")
                        .u1(2)
                        .text("ho")
                        .u1(12)
                        .u1(254)  // too many schemas to name
                        .u1(16)
                        .u1(1)
                        .u1(18)
                        .filler(2)
                        .u1(19)
                        .u1(0)
                        .u1(20)
                        .u1(0)
                        .u1(17)
                        .u8(9);
  EXPECT_THAT(decode_query_event(query_body("x", all))->ddl_xid, Optional(9U));
}

TEST(QueryEvent, NothingIsReadBehindAnUnknownVariable) {
  const Bytes variables = LogFields{}.u1(99).u1(17).u8(9);
  EXPECT_EQ(decode_query_event(query_body("x", variables))->ddl_xid, std::nullopt);
}

TEST(QueryEvent, AnXidOfOnesIsNone) {
  EXPECT_EQ(decode_query_event(query_body("x", ddl_variables(~std::uint64_t{0})))->ddl_xid, std::nullopt);
}

TEST(QueryEvent, PrefixesAreRefusedUpToTheStatement) {
  const Bytes body = query_body("BEGIN", ddl_variables(4711));
  for (std::size_t length = 0; length < body.size() - 5; ++length)
    EXPECT_FALSE(decode_query_event(ByteView{body}.first(length))) << length;
  const Bytes cut = LogFields{}.u1(17).u4(9);
  EXPECT_EQ(decode_query_event(query_body("x", cut)).error().code, Errc::truncated);
}

}  // namespace
}  // namespace donord::binlog
