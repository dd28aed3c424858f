// The redo parser on the log of a real server: whole, from everywhere, and damaged.

#include "support/redo_stream.hpp"

#include <gmock/gmock.h>
#include <map>
#include <set>

#include "innodb/redo_apply.hpp"
#include "innodb/redo_decode.hpp"
#include "innodb/redo_parser.hpp"

namespace donord::innodb {
namespace {

using ::testing::ElementsAre;
using testing::feed;
using ::testing::HasSubstr;
using testing::redo_fixture;
using testing::redo_fixtures;
using testing::RedoStream;

/// Checks what every group must be, and remembers where they are.
class Checking : public RedoSink {
 public:
  Result<> group(const RedoGroup& group) override {
    EXPECT_TRUE(is_redo_position(group.start) && is_redo_position(group.end));
    EXPECT_LT(group.start, group.end);
    EXPECT_TRUE(starts.empty() || group.start == last_end) << "groups follow each other";
    Lsn at = group.start;
    for (const RedoRecord& record : group.records) {
      EXPECT_GE(record.start, at);
      EXPECT_LT(record.start, record.end);
      EXPECT_EQ(record.single, group.records.size() == 1 && record.end == group.end);
      EXPECT_LE(record.body.size(), redo_payload_between(record.start, record.end));
      at = record.end;
      types.insert(record.type);
    }
    EXPECT_LE(at, group.end);
    starts.insert(group.start.value());
    last_end = group.end;
    return {};
  }

  std::set<RedoType> types;
  std::set<std::uint64_t> starts;
  Lsn last_end;
};

TEST(RedoStream, ARealLogIsReadToItsEnd) {
  std::set<RedoType> types;
  for (const std::string& name : redo_fixtures()) {
    SCOPED_TRACE(name);
    const RedoStream stream = redo_fixture(name);
    RedoParser parser{stream.first_block};
    Checking sink;
    const Result<> fed = feed(parser, stream, sink);
    ASSERT_TRUE(fed) << fed.error().what;
    EXPECT_EQ(parser.counts().blocks, stream.blocks());
    EXPECT_EQ(parser.counts().groups, sink.starts.size());
    EXPECT_EQ(parser.complete_until(), sink.last_end);
    types.insert(sink.types.begin(), sink.types.end());
  }
  using enum RedoType;
  for (const RedoType type : {one_byte,
                              two_bytes,
                              four_bytes,
                              eight_bytes,
                              rec_sec_delete_mark,
                              page_create,
                              undo_insert,
                              undo_init,
                              undo_hdr_reuse,
                              undo_hdr_create,
                              ibuf_bitmap_init,
                              write_string,
                              file_create,
                              file_rename,
                              file_delete,
                              comp_page_create,
                              zip_write_blob_ptr,
                              zip_write_header,
                              zip_page_compress,
                              page_create_rtree,
                              comp_page_create_rtree,
                              init_file_page2,
                              index_load,
                              table_dynamic_meta,
                              comp_page_create_sdi,
                              file_extend,
                              rec_insert,
                              rec_clust_delete_mark,
                              rec_delete,
                              rec_update_in_place,
                              list_end_copy_created,
                              zip_page_reorganize,
                              zip_page_compress_no_data,
                              list_end_delete})
    EXPECT_TRUE(types.contains(type)) << name_of(type);
}

TEST(RedoStream, FromEveryBlockOnTheGroupsAreTheSame) {
  for (const std::string& name : redo_fixtures()) {
    SCOPED_TRACE(name);
    const RedoStream stream = redo_fixture(name);
    RedoParser whole{stream.first_block};
    Checking all;
    ASSERT_TRUE(feed(whole, stream, all));
    for (std::size_t from = 1; from < stream.blocks(); ++from) {
      RedoParser parser{stream.lsn_of(from) + 100};
      Checking sink;
      const Result<> fed = feed(parser, stream, sink, from);
      ASSERT_TRUE(fed) << from << ": " << fed.error().what;
      ASSERT_TRUE(std::ranges::includes(all.starts, sink.starts)) << from;
      if (!sink.starts.empty()) {
        ASSERT_EQ(*sink.starts.rbegin(), *all.starts.rbegin()) << from;
      }
    }
  }
}

TEST(RedoStream, WhatASmallerLastBlockHasNotIsUnfinished) {
  const RedoStream stream = redo_fixture("rows.bin");
  RedoParser whole{stream.first_block};
  Checking all;
  ASSERT_TRUE(feed(whole, stream, all));
  for (std::size_t length = 0; length <= kRedoPayloadBytes; ++length) {
    RedoParser parser{stream.first_block};
    Checking sink;
    for (std::size_t i = 0; i < 8; ++i) ASSERT_TRUE(parser.feed(stream.lsn_of(i), stream.block(i), sink));
    // As a server cuts it: what begins behind the end is not noted.
    const ByteView last = stream.block(8);
    std::uint16_t first = load_u16be(last, 6);
    if (first > length + kRedoBlockHeaderBytes) first = 0;
    const RedoBlockBytes cut = make_redo_block(stream.lsn_of(8), last.subspan(kRedoBlockHeaderBytes, length), first);
    const Result<> fed = parser.feed(stream.lsn_of(8), cut, sink);
    ASSERT_TRUE(fed) << length << ": " << fed.error().what;
    ASSERT_TRUE(std::ranges::includes(all.starts, sink.starts));
    ASSERT_TRUE(all.starts.contains(parser.complete_until()->value()));
    ASSERT_LE(*parser.complete_until(), parser.read_until());
  }
}

TEST(RedoStream, FileOperationsOfATableAreThere) {
  struct Files : RedoSink {
    std::vector<std::string> seen;
    SpaceId space;
    std::uint32_t flags = 0;
    Result<> group(const RedoGroup& group) override {
      for (const RedoRecord& record : group.records) {
        if (record.type == RedoType::file_create) {
          const Result<FileCreate> create = decode_file_create(record);
          if (!create) return create.error();
          space = create->space;
          flags = create->flags;
          seen.push_back(fmt::format("create {}", create->path));
        } else if (record.type == RedoType::file_rename) {
          const Result<FileRename> rename = decode_file_rename(record);
          if (!rename) return rename.error();
          EXPECT_EQ(rename->space, space);
          seen.push_back(fmt::format("rename {} {}", rename->old_path, rename->new_path));
        } else if (record.type == RedoType::file_delete) {
          const Result<FileDelete> remove = decode_file_delete(record);
          if (!remove) return remove.error();
          EXPECT_EQ(remove->space, space);
          seen.push_back(fmt::format("delete {}", remove->path));
        }
      }
      return {};
    }
  } files;
  const RedoStream stream = redo_fixture("ddl.bin");
  RedoParser parser{stream.first_block};
  const Result<> fed = feed(parser, stream, files);
  ASSERT_TRUE(fed) << fed.error().what;
  EXPECT_THAT(files.seen,
              ElementsAre("create ./r/made.ibd", "rename ./r/made.ibd ./r/renamed.ibd", "delete ./r/renamed.ibd"));
  EXPECT_EQ(files.flags, 0x21U) << "of the moment: SDI comes later";
}

TEST(RedoStream, Page0OfANewTableFollowsFromItsRecords) {
  struct FirstPages : RedoSink {
    std::map<SpaceId, Bytes> pages;
    Result<> group(const RedoGroup& group) override {
      for (const RedoRecord& record : group.records) {
        if (!names_a_page(record.type) || record.page != PageNo{0} || is_file_operation(record.type)) continue;
        if (record.type == RedoType::init_file_page2) pages[record.space].resize(16384);
        const auto page = pages.find(record.space);
        if (page == pages.end()) continue;
        if (const Result<> applied = apply_to_page(record, page->second); !applied) return applied;
      }
      return {};
    }
  } sink;
  const RedoStream stream = redo_fixture("ddl.bin");
  RedoParser parser{stream.first_block};
  const Result<> fed = feed(parser, stream, sink);
  ASSERT_TRUE(fed) << fed.error().what;
  ASSERT_EQ(sink.pages.size(), 1U);
  const auto& [space, page] = *sink.pages.begin();
  EXPECT_EQ(load_u32be(page, 4), 0U);
  EXPECT_EQ(load_u32be(page, 8), 90704U) << "the server's version comes in a record of its own";
  EXPECT_EQ(load_u16be(page, 24), 8U) << "FSP_HDR";
  EXPECT_EQ(load_u32be(page, 34), space.value());
  EXPECT_EQ(load_u32be(page, 38), space.value());
  EXPECT_EQ(load_u32be(page, 46), 7U) << "pages";
  EXPECT_EQ(load_u32be(page, 54), 0x4021U) << "flags";
  EXPECT_EQ(load_u32be(page, 10505), 1U) << "version of SDI";
}

/// Copies nothing: the sanitizers see whether a body is readable.
class Touching : public RedoSink {
 public:
  Result<> group(const RedoGroup& group) override {
    for (const RedoRecord& record : group.records)
      for (const std::uint8_t byte : record.body) sum += byte;
    return {};
  }
  std::uint64_t sum = 0;
};

void damage_every_byte(const std::string& name, int mask) {
  RedoStream stream = redo_fixture(name);
  for (std::size_t at = 0; at < stream.bytes.size(); ++at) {
    const auto original = stream.bytes[at];
    stream.bytes[at] = static_cast<std::uint8_t>(original ^ mask);
    // Only what comes near the damage: from the block before it to some behind.
    const std::size_t block = at / kRedoBlockBytes;
    const std::size_t from = block == 0 ? 0 : block - 1;
    RedoParser parser{stream.lsn_of(from)};
    Touching sink;
    Result<> fed;
    for (std::size_t i = from; i < std::min(stream.blocks(), block + 4) && fed; ++i)
      fed = parser.feed(stream.lsn_of(i), stream.block(i), sink);
    if (!fed) {
      EXPECT_THAT(fed.error().what, HasSubstr("LSN ")) << at;
    }
    stream.bytes[at] = original;
  }
}

TEST(RedoStream, DamageStopsTheParseOrStaysInItsRecord) {
  for (const char* name : {"instant.hex", "rows.bin"})
    for (const int mask : {0x01, 0x80, 0xFF}) damage_every_byte(name, mask);
  for (const char* name : {"ddl.bin", "zip_without_images.bin", "spatial.bin"}) damage_every_byte(name, 0x40);
}

TEST(RedoStream, DamageToTypesAndLengthsIsNoticed) {
  // Most bytes are contents of pages: anything is possible there.
  RedoStream stream = redo_fixture("rows.bin");
  std::size_t noticed = 0;
  std::size_t tried = 0;
  for (std::size_t at = 4 * kRedoBlockBytes; at < 12 * kRedoBlockBytes; ++at) {
    const std::size_t offset = at % kRedoBlockBytes;
    if (offset < kRedoBlockHeaderBytes || offset >= kRedoBlockBytes - kRedoBlockTrailerBytes) continue;
    stream.bytes[at] ^= 0xFF;
    RedoParser parser{stream.first_block};
    Touching sink;
    tried += 1;
    noticed += feed(parser, stream, sink) ? 0 : 1;
    stream.bytes[at] ^= 0xFF;
  }
  EXPECT_GT(noticed * 10, tried) << noticed << " of " << tried;
}

}  // namespace
}  // namespace donord::innodb
