#include "innodb/redo_scan.hpp"

#include <gmock/gmock.h>

#include "support/hex.hpp"
#include "support/redo_builder.hpp"

namespace donord::innodb {
namespace {

using ::testing::HasSubstr;
using testing::make_redo_record;
using testing::RedoFields;

constexpr std::uint32_t kPage = 16384;

/// Description of a redundant index, of a compact one with two fields, and of one with row versions.
const Bytes kRedundant = RedoFields{}.u1(1).u1(0);
const Bytes kCompact = RedoFields{}.u1(1).u1(1).u2(2).u2(1).u2(0x8004).u2(0x7FFF);
const Bytes kVersioned =
    RedoFields{}.u1(1).u1(3).u2(3).u2(1).u2(4).u2(4).u2(4).u2(2).u2(1).u2(0x8001).u1(1).u2(2).u2(0xC002).u1(1).u1(2);

struct Example {
  RedoType type;
  Bytes body;
  SpaceId space{7};
  PageNo page{3};
};

std::vector<Example> examples() {
  using enum RedoType;
  const auto after = [](const Bytes& index) { return RedoFields{}.bytes(index); };
  return {
      {one_byte, RedoFields{}.u2(100).compressed32(255)},
      {two_bytes, RedoFields{}.u2(100).compressed32(65535)},
      {four_bytes, RedoFields{}.u2(16380).compressed32(0xFFFFFFFF)},
      {eight_bytes, RedoFields{}.u2(16376).compressed64(0x123456789ABCDEF0)},
      {rec_sec_delete_mark, RedoFields{}.u1(1).u2(120)},
      {page_create, {}},
      {undo_insert, RedoFields{}.u2(300).filler(300), SpaceId{0xFFFFFFEF}},
      {undo_erase_end, {}},
      {undo_init, RedoFields{}.compressed32(2)},
      {undo_hdr_reuse, RedoFields{}.compressed64(4711)},
      {undo_hdr_create, RedoFields{}.compressed64(std::uint64_t{1} << 40)},
      {rec_min_mark, RedoFields{}.u2(99)},
      {ibuf_bitmap_init, {}},
      {lsn, {}, SpaceId{0}, PageNo{0}},
      {init_file_page, {}},
      {write_string, RedoFields{}.u2(16000).u2(384).filler(384)},
      {file_create, RedoFields{}.u4(0x4021).path("./t/c1.ibd"), SpaceId{7}, PageNo{0}},
      {file_rename, RedoFields{}.path("./t/c1.ibd").path("./t/c2.ibd"), SpaceId{7}, PageNo{0}},
      {file_delete, RedoFields{}.path("./t/c1.ibd"), SpaceId{7}, PageNo{0}},
      {comp_rec_min_mark, RedoFields{}.u2(99)},
      {comp_page_create, {}},
      {zip_write_node_ptr, RedoFields{}.u2(100).u2(200).filler(4)},
      {zip_write_blob_ptr, RedoFields{}.u2(100).u2(200).filler(20)},
      {zip_write_header, RedoFields{}.u1(90).u1(3).filler(3)},
      {zip_page_compress, RedoFields{}.u2(1000).u2(50).filler(8 + 1000 + 50)},
      {page_create_rtree, {}},
      {comp_page_create_rtree, {}},
      {init_file_page2, {}},
      {index_load, RedoFields{}.u8(151)},
      {table_dynamic_meta, RedoFields{}.much_compressed64(1064).much_compressed64(0).u1(2).much_compressed64(1U << 20),
       SpaceId{0}, PageNo{0}},
      {table_dynamic_meta,
       RedoFields{}.much_compressed64(std::uint64_t{1} << 33).much_compressed64(5).u1(1).u1(2).filler(24), SpaceId{0},
       PageNo{0}},
      {page_create_sdi, {}},
      {comp_page_create_sdi, {}},
      {file_extend, RedoFields{}.u8(114688).u8(16384), SpaceId{0}, PageNo{0}},
      {test, RedoFields{}.u8(1).u8(2).u2(5).filler(5).u8(3).u8(4)},
      {rec_insert, after(kRedundant).u2(112).compressed32(60).filler(30)},
      {rec_insert, after(kCompact).u2(112).compressed32(61).u1(0x20).compressed32(7).compressed32(300).filler(30)},
      {rec_clust_delete_mark, after(kVersioned).u1(0).u1(1).compressed32(1).filler(7).compressed64(900).u2(150)},
      {rec_delete, after(kCompact).u2(150)},
      {rec_update_in_place, after(kCompact)
                                .u1(0)
                                .compressed32(1)
                                .filler(7)
                                .compressed64(900)
                                .u2(150)
                                .u1(0)
                                .compressed32(3)
                                .compressed32(4)
                                .compressed32(5)
                                .filler(5)
                                .compressed32(5)
                                .compressed32(0xFFFFFFFF)
                                .compressed32(6)
                                .compressed32(0)},
      {list_end_copy_created, after(kCompact).u4(2000).filler(2000)},
      {page_reorganize, after(kVersioned)},
      {zip_page_reorganize, after(kCompact).u1(6)},
      {zip_page_compress_no_data, after(kCompact).u1(6)},
      {list_end_delete, after(kCompact).u2(150)},
      {list_start_delete, after(kRedundant).u2(150)},
  };
}

Bytes bytes_of(const Example& example) {
  return make_redo_record({.type = example.type, .body = example.body, .space = example.space, .page = example.page});
}

TEST(RedoScan, EveryTypeEndsWhereItsFieldsDo) {
  for (const Example& example : examples()) {
    SCOPED_TRACE(name_of(example.type));
    Bytes bytes = bytes_of(example);
    const std::size_t length = bytes.size();
    append(bytes, testing::from_hex("0102030405"));
    const RedoScan scan = scan_redo_record(bytes, kPage);
    ASSERT_EQ(scan.state, RedoScanState::complete) << (scan.problem != nullptr ? scan.problem : "");
    EXPECT_EQ(scan.type, example.type);
    EXPECT_EQ(scan.bytes, length);
    EXPECT_EQ(scan.space, example.space);
    EXPECT_EQ(scan.page, example.page);
    EXPECT_EQ(length - scan.body_at, example.body.size());
    EXPECT_FALSE(scan.single);

    bytes[0] |= 0x80;
    const RedoScan single = scan_redo_record(bytes, kPage);
    EXPECT_EQ(single.state, RedoScanState::complete);
    EXPECT_TRUE(single.single);
    EXPECT_EQ(single.bytes, length);
  }
}

TEST(RedoScan, EveryPrefixWantsMoreAndNeverMoreThanThereIs) {
  for (const Example& example : examples()) {
    SCOPED_TRACE(name_of(example.type));
    const Bytes bytes = bytes_of(example);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      const RedoScan scan = scan_redo_record(ByteView{bytes}.first(length), kPage);
      ASSERT_EQ(scan.state, RedoScanState::incomplete) << length;
      ASSERT_GT(scan.bytes, length);
      ASSERT_LE(scan.bytes, bytes.size());
    }
  }
}

TEST(RedoScan, EveryTypeIsAnExampleOrRefused) {
  std::set<int> known;
  for (const Example& example : examples()) known.insert(static_cast<int>(example.type));
  for (int type = 0; type < 128; ++type) {
    const Bytes bytes = RedoFields{}.u1(static_cast<std::uint64_t>(type)).filler(64);
    const RedoScan scan = scan_redo_record(bytes, kPage);
    const bool old =
        (type >= 9 && type <= 18 && type != 11 && type != 12) || (type >= 38 && type <= 46) || type == 52 || type == 53;
    const bool marker = type == 31 || type == 32;
    SCOPED_TRACE(type);
    EXPECT_EQ(scan.state == RedoScanState::unsupported, old);
    EXPECT_EQ(is_of_old_server(static_cast<RedoType>(type)), old);
    if (!old && !marker && !known.contains(type)) {
      EXPECT_EQ(scan.state, RedoScanState::malformed);
      EXPECT_THAT(scan.problem, HasSubstr("no such type"));
      EXPECT_THAT(name_of(static_cast<RedoType>(type)), HasSubstr("type "));
    } else {
      EXPECT_THAT(name_of(static_cast<RedoType>(type)), ::testing::Not(HasSubstr("type ")));
    }
  }
}

TEST(RedoScan, WhatClosesOrPadsAGroupHasOneByteAndIsNeverAlone) {
  for (const int type : {31, 32}) {
    const Bytes bytes = RedoFields{}.u1(static_cast<std::uint64_t>(type));
    const RedoScan scan = scan_redo_record(bytes, kPage);
    EXPECT_EQ(scan.state, RedoScanState::complete);
    EXPECT_EQ(scan.bytes, 1U);
    const Bytes flagged = RedoFields{}.u1(static_cast<std::uint64_t>(type) | 0x80);
    EXPECT_EQ(scan_redo_record(flagged, kPage).state, RedoScanState::malformed);
  }
}

std::string problem_of(const Example& example, std::uint32_t page_bytes = kPage) {
  const RedoScan scan = scan_redo_record(bytes_of(example), page_bytes);
  EXPECT_EQ(scan.state, RedoScanState::malformed) << name_of(example.type);
  return scan.problem != nullptr ? scan.problem : "";
}

TEST(RedoScan, OffsetsAndLengthsStayInThePage) {
  using enum RedoType;
  const auto after = [](const Bytes& index) { return RedoFields{}.bytes(index); };
  EXPECT_THAT(problem_of({four_bytes, RedoFields{}.u2(16381).compressed32(1)}), HasSubstr("outside of the page"));
  EXPECT_THAT(problem_of({four_bytes, RedoFields{}.u2(4093).compressed32(1)}, 4096), HasSubstr("outside of the page"));
  EXPECT_THAT(problem_of({eight_bytes, RedoFields{}.u2(16377).compressed64(1)}), HasSubstr("outside of the page"));
  EXPECT_THAT(problem_of({write_string, RedoFields{}.u2(16000).u2(385).filler(385)}), HasSubstr("outside of the page"));
  EXPECT_THAT(problem_of({undo_insert, RedoFields{}.u2(16384).filler(16384)}), HasSubstr("above the page size"));
  EXPECT_THAT(problem_of({rec_min_mark, RedoFields{}.u2(16384)}), HasSubstr("outside of the page"));
  EXPECT_THAT(problem_of({rec_delete, after(kCompact).u2(16384)}), HasSubstr("outside of the page"));
  EXPECT_THAT(problem_of({rec_insert, after(kCompact).u2(112).compressed32(32768)}), HasSubstr("above the page size"));
  EXPECT_THAT(problem_of({zip_page_compress, RedoFields{}.u2(16000).u2(384).filler(8)}),
              HasSubstr("above the page size"));
  EXPECT_THAT(problem_of({list_end_copy_created, after(kCompact).u4(0x10000000)}), HasSubstr("above the page size"));
}

TEST(RedoScan, ValuesFitTheirSize) {
  EXPECT_THAT(problem_of({RedoType::one_byte, RedoFields{}.u2(0).compressed32(256)}), HasSubstr("does not fit"));
  EXPECT_THAT(problem_of({RedoType::two_bytes, RedoFields{}.u2(0).compressed32(65536)}), HasSubstr("does not fit"));
}

TEST(RedoScan, ZipHeadersEndWhereTheDataBegins) {
  EXPECT_THAT(problem_of({RedoType::zip_write_header, RedoFields{}.u1(90).u1(4).filler(4)}), HasSubstr("ZIP"));
  EXPECT_THAT(problem_of({RedoType::zip_write_header, RedoFields{}.u1(90).u1(0)}), HasSubstr("ZIP"));
}

TEST(RedoScan, FileOperationsNamePage0AndNotTheSystemTablespace) {
  using enum RedoType;
  const Bytes path = RedoFields{}.path("./t/c1.ibd");
  EXPECT_THAT(problem_of({file_delete, path, SpaceId{7}, PageNo{1}}), HasSubstr("another page than 0"));
  EXPECT_THAT(problem_of({file_delete, path, SpaceId{0}, PageNo{0}}), HasSubstr("system tablespace"));
  EXPECT_THAT(problem_of({file_extend, RedoFields{}.u8(1).u8(~0ULL), SpaceId{7}, PageNo{0}}), HasSubstr("longer"));
}

TEST(RedoScan, PathsEndWithTheirOnlyNul) {
  using enum RedoType;
  const Bytes without = RedoFields{}.u2(3).bytes(as_bytes("./t"));
  const Bytes twice = RedoFields{}.u2(4).u1('a').u1(0).u1('b').u1(0);
  const Bytes nothing = RedoFields{}.u2(0);
  const Bytes only_nul = RedoFields{}.u2(1).u1(0);
  for (const Bytes& body : {without, twice, nothing, only_nul})
    EXPECT_THAT(problem_of({file_delete, body, SpaceId{7}, PageNo{0}}), HasSubstr("NUL"));
}

TEST(RedoScan, AnImpossibleIndexIsNoIndex) {
  const auto with = [](const Bytes& index) { return Example{RedoType::rec_delete, RedoFields{}.bytes(index).u2(150)}; };
  EXPECT_THAT(problem_of(with(RedoFields{}.u1(0).u1(0))), HasSubstr("version"));
  EXPECT_THAT(problem_of(with(RedoFields{}.u1(1).u1(8))), HasSubstr("flags"));
  EXPECT_THAT(problem_of(with(RedoFields{}.u1(1).u1(1).u2(1027))), HasSubstr("too many fields"));
  EXPECT_THAT(problem_of(with(RedoFields{}.u1(1).u1(1).u2(2).u2(3))), HasSubstr("identifying"));
  EXPECT_THAT(problem_of(with(RedoFields{}.u1(1).u1(5).u2(2).u2(3))), HasSubstr("old fields"));
  EXPECT_THAT(problem_of(with(RedoFields{}.u1(1).u1(2).u2(2).u2(3))), HasSubstr("more fields with versions"));
  EXPECT_THAT(problem_of(with(RedoFields{}.u1(1).u1(2).u2(2).u2(1).u2(2))), HasSubstr("not one of its index"));
  EXPECT_THAT(problem_of(with(RedoFields{}.u1(1).u1(2).u2(2).u2(1).u2(1).u2(0x8002))), HasSubstr("no place"));
}

TEST(RedoScan, InstantColumnsOfOlderServersAreSkipped) {
  const Bytes index = RedoFields{}.u1(1).u1(5).u2(2).u2(1).u2(1).u2(4).u2(4);
  const Example example{RedoType::rec_delete, RedoFields{}.bytes(index).u2(150)};
  EXPECT_EQ(scan_redo_record(bytes_of(example), kPage).state, RedoScanState::complete);
}

TEST(RedoScan, MetadataIsOfAKnownKind) {
  const Bytes body = RedoFields{}.much_compressed64(1).much_compressed64(1).u1(3);
  EXPECT_THAT(problem_of({RedoType::table_dynamic_meta, body, SpaceId{0}, PageNo{0}}), HasSubstr("kind"));
}

TEST(RedoScan, ARecordHasABound) {
  RedoFields body;
  body.bytes(kCompact).u1(0).compressed32(1).filler(7).compressed64(900).u2(150).u1(0).compressed32(40);
  for (int i = 0; i < 40; ++i) body.compressed32(1).compressed32(16000).filler(16000);
  EXPECT_THAT(problem_of({RedoType::rec_update_in_place, body}), HasSubstr("longer than any record"));
}

}  // namespace
}  // namespace donord::innodb
