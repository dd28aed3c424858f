#include "innodb/redo_apply.hpp"

#include <gmock/gmock.h>

#include "support/redo_builder.hpp"

namespace donord::innodb {
namespace {

using ::testing::HasSubstr;
using testing::RedoFields;

Result<> apply(RedoType type, const Bytes& body, MutableBytes page) {
  return apply_to_page({.type = type, .space = SpaceId{7}, .page = PageNo{2}, .start = Lsn{8204}, .body = body}, page);
}

TEST(RedoApply, IntegersAreWrittenBigEndian) {
  Bytes page(4096, 0xEE);
  ASSERT_TRUE(apply(RedoType::one_byte, RedoFields{}.u2(100).compressed32(0x12), page));
  ASSERT_TRUE(apply(RedoType::two_bytes, RedoFields{}.u2(101).compressed32(0x1234), page));
  ASSERT_TRUE(apply(RedoType::four_bytes, RedoFields{}.u2(103).compressed32(0xFFFFFFFE), page));
  ASSERT_TRUE(apply(RedoType::eight_bytes, RedoFields{}.u2(107).compressed64(0x0102030405060708), page));
  const Bytes expected = RedoFields{}.u1(0xEE).u1(0x12).u2(0x1234).u4(0xFFFFFFFE).u8(0x0102030405060708).u1(0xEE);
  EXPECT_TRUE(std::ranges::equal(ByteView{page}.subspan(99, expected.size()), expected));
}

TEST(RedoApply, StringsAreWrittenUpToTheEndOfThePage) {
  Bytes page(4096);
  ASSERT_TRUE(apply(RedoType::write_string, RedoFields{}.u2(4093).u2(3).bytes(as_bytes("abc")), page));
  EXPECT_EQ(as_text(ByteView{page}.last(3)), "abc");
  ASSERT_TRUE(apply(RedoType::write_string, RedoFields{}.u2(0).u2(0), page));
}

TEST(RedoApply, APageThatIsTakenIntoUseHasItsNumberAndItsSpaceOnly) {
  for (const RedoType type : {RedoType::init_file_page, RedoType::init_file_page2}) {
    Bytes page(4096, 0xEE);
    ASSERT_TRUE(apply(type, {}, page));
    Bytes expected(4096);
    store_u32be(expected, 4, 2);
    store_u32be(expected, 34, 7);
    EXPECT_EQ(page, expected);
  }
}

TEST(RedoApply, NothingIsWrittenOutsideOfThePage) {
  Bytes page(4096);
  const Bytes before = page;
  const Result<> integer = apply(RedoType::four_bytes, RedoFields{}.u2(4093).compressed32(1), page);
  ASSERT_FALSE(integer);
  EXPECT_EQ(integer.error().code, Errc::malformed);
  EXPECT_THAT(integer.error().what, HasSubstr("4 bytes at 4093 of a page of 4096"));
  EXPECT_FALSE(apply(RedoType::write_string, RedoFields{}.u2(65535).u2(1).u1(1), page));
  EXPECT_FALSE(apply(RedoType::init_file_page2, {}, MutableBytes{page}.first(37)));
  EXPECT_EQ(page, before);
}

TEST(RedoApply, RecordsOfIndexesAreNotRepeated) {
  Bytes page(4096);
  for (int type = 0; type < 128; ++type) {
    const auto redo = static_cast<RedoType>(type);
    if (can_apply_to_page(redo)) continue;
    const Result<> applied = apply(redo, {}, page);
    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().code, Errc::unsupported_version);
    EXPECT_THAT(applied.error().what, HasSubstr(name_of(redo)));
  }
}

}  // namespace
}  // namespace donord::innodb
