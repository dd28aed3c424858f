#include "innodb/redo_parser.hpp"

#include <gmock/gmock.h>

#include "support/redo_builder.hpp"
#include "support/seeded_random.hpp"

namespace donord::innodb {
namespace {

using ::testing::HasSubstr;
using testing::kPaddingOverhead;
using testing::make_redo_group;
using testing::padding_record;
using testing::RedoFields;
using testing::RedoLogBuilder;

/// What a sink was given, copied.
struct Group {
  Lsn start;
  Lsn end;
  struct Record {
    RedoRecord record;
    Bytes body;
  };
  std::vector<Record> records;
};

class Groups : public RedoSink {
 public:
  Result<> group(const RedoGroup& group) override {
    Group copy{.start = group.start, .end = group.end};
    for (const RedoRecord& record : group.records)
      copy.records.push_back({record, Bytes(record.body.begin(), record.body.end())});
    groups.push_back(copy);
    return {};
  }

  std::vector<Group> groups;
};

/// Everything that is in the log, from the block on.
Result<> feed_all(RedoParser& parser, const RedoLogBuilder& log, RedoSink& sink) {
  Lsn lsn = log.first_block();
  for (const RedoBlockBytes& block : log.blocks()) {
    if (const Result<> fed = parser.feed(lsn, block, sink); !fed) return fed;
    lsn = lsn + kRedoBlockBytes;
  }
  return {};
}

const Bytes kWrite = RedoFields{}.u2(46).compressed32(768);

TEST(RedoParser, HandsOutGroupsWithTheirRecordsAndLsns) {
  RedoLogBuilder log;
  log.add(make_redo_group({.type = RedoType::four_bytes, .body = kWrite, .space = SpaceId{9}, .page = PageNo{1}}));
  log.add(make_redo_group({{.type = RedoType::init_file_page2, .page = PageNo{5}},
                           {.type = RedoType::page_create, .page = PageNo{5}},
                           {.type = RedoType::table_dynamic_meta, .body = RedoFields{}.u1(1).u1(0).u1(2).u1(9)}}));
  RedoParser parser{Lsn{8192 + 100}};
  Groups sink;
  EXPECT_EQ(parser.complete_until(), std::nullopt);
  ASSERT_TRUE(feed_all(parser, log, sink));

  ASSERT_EQ(sink.groups.size(), 2U);
  const Group& first = sink.groups[0];
  EXPECT_EQ(first.start, Lsn{8204});
  EXPECT_EQ(first.end, Lsn{8204 + 3 + 4});
  ASSERT_EQ(first.records.size(), 1U);
  EXPECT_EQ(first.records[0].record.type, RedoType::four_bytes);
  EXPECT_TRUE(first.records[0].record.single);
  EXPECT_EQ(first.records[0].record.space, SpaceId{9});
  EXPECT_EQ(first.records[0].record.page, PageNo{1});
  EXPECT_EQ(first.records[0].body, kWrite);

  const Group& second = sink.groups[1];
  EXPECT_EQ(second.start, first.end);
  ASSERT_EQ(second.records.size(), 3U);
  EXPECT_EQ(second.records[0].record.start, second.start);
  EXPECT_EQ(second.records[0].record.end, second.records[1].record.start);
  EXPECT_EQ(second.records[2].record.end + 1, second.end) << "MULTI_REC_END is part of the group";
  EXPECT_FALSE(second.records[0].record.single);
  EXPECT_EQ(second.records[2].record.space, SpaceId{0});

  EXPECT_EQ(parser.complete_until(), log.end());
  EXPECT_EQ(parser.read_until(), log.end());
  EXPECT_EQ(parser.counts().blocks, 1U);
  EXPECT_EQ(parser.counts().groups, 2U);
  EXPECT_EQ(parser.counts().records, 4U);
  EXPECT_EQ(parser.counts().payload_bytes, redo_payload_between(Lsn{8204}, log.end()));
}

TEST(RedoParser, GroupsMayCrossBlocksAtEveryByte) {
  const Bytes tail = make_redo_group({{.type = RedoType::four_bytes, .body = kWrite, .space = SpaceId{0xFFFFFFEF}},
                                      padding_record(700),
                                      {.type = RedoType::page_create, .page = PageNo{70'000}}});
  for (std::size_t before = kPaddingOverhead; before <= kPaddingOverhead + 2 * 496; ++before) {
    RedoLogBuilder log;
    const Lsn first = log.add(make_redo_group(padding_record(before - kPaddingOverhead)));
    const Lsn second = log.add(tail);
    const Lsn third = log.add(make_redo_group({.type = RedoType::page_create}));
    RedoParser parser{log.first_block()};
    Groups sink;
    const Result<> fed = feed_all(parser, log, sink);
    ASSERT_TRUE(fed) << before << ": " << fed.error().what;
    ASSERT_EQ(sink.groups.size(), 3U) << before;
    EXPECT_EQ(sink.groups[0].start, first);
    EXPECT_EQ(sink.groups[1].start, second);
    EXPECT_EQ(sink.groups[1].end, third);
    ASSERT_EQ(sink.groups[1].records.size(), 3U);
    EXPECT_EQ(sink.groups[1].records[0].body, kWrite);
    EXPECT_EQ(sink.groups[1].records[1].body.size(), 704U);
    EXPECT_EQ(sink.groups[1].records[2].record.page, PageNo{70'000});
    EXPECT_EQ(sink.groups[1].records[1].record.end, sink.groups[1].records[2].record.start);
    EXPECT_TRUE(is_redo_position(sink.groups[1].records[2].record.start));
    EXPECT_EQ(parser.complete_until(), log.end());
  }
}

TEST(RedoParser, BeginsWithTheFirstGroupThatBeginsInABlock) {
  RedoLogBuilder log;
  log.add(make_redo_group(padding_record(1200)));
  const Lsn second = log.add(make_redo_group({.type = RedoType::page_create}));
  const std::vector<RedoBlockBytes> blocks = log.blocks();
  RedoParser parser{Lsn{8704 + 77}};
  Groups sink;
  ASSERT_TRUE(parser.feed(Lsn{8704}, blocks[1], sink)) << "the checkpoint's block may have no beginning of a group";
  EXPECT_EQ(parser.complete_until(), std::nullopt);
  ASSERT_TRUE(parser.feed(Lsn{9216}, blocks[2], sink));
  ASSERT_EQ(sink.groups.size(), 1U);
  EXPECT_EQ(sink.groups[0].start, second);
}

TEST(RedoParser, AnUnfinishedGroupIsKeptBack) {
  RedoLogBuilder log;
  log.add(make_redo_group({.type = RedoType::page_create}));
  const Bytes group = make_redo_group({padding_record(600), {.type = RedoType::page_create}});
  for (std::size_t length = 0; length < group.size(); ++length) {
    RedoLogBuilder cut = log;
    const Lsn start = cut.add(ByteView{group}.first(length));
    RedoParser parser{log.first_block()};
    Groups sink;
    // The builder notes the end as the start of a next group, which a server would not.
    std::vector<RedoBlockBytes> blocks = cut.blocks();
    for (std::size_t i = 1; i < blocks.size(); ++i) store_u16be(blocks[i], 6, 0);
    Lsn lsn = log.first_block();
    for (const RedoBlockBytes& block : blocks) {
      const Result<> fed = parser.feed(lsn, block, sink);
      ASSERT_TRUE(fed) << length << ": " << fed.error().what;
      lsn = lsn + kRedoBlockBytes;
    }
    ASSERT_EQ(sink.groups.size(), 1U) << length;
    EXPECT_EQ(parser.complete_until(), start);
    EXPECT_EQ(parser.read_until(), cut.end());
  }
}

TEST(RedoParser, ALastBlockThatGrowsIsFedAgain) {
  const Bytes group = make_redo_group({padding_record(30), {.type = RedoType::page_create}});
  RedoLogBuilder whole;
  std::vector<Lsn> ends;
  for (int i = 0; i < 30; ++i) {
    whole.add(group);
    ends.push_back(whole.end());
  }
  const RedoBlockBytes last = whole.blocks().back();
  const Lsn last_lsn = whole.end().block_start();

  RedoParser parser{whole.first_block()};
  Groups sink;
  Lsn lsn = whole.first_block();
  for (const RedoBlockBytes& full : whole.blocks()) {
    const std::size_t used = lsn == last_lsn ? whole.end() - lsn : 508;
    // Byte by byte, as a reader may find it.
    for (std::size_t length = 12; length <= used; ++length) {
      const bool complete = length == 508;
      std::uint16_t first = load_u16be(full, 6);
      if (first > length) first = 0;
      RedoBlockBytes block =
          make_redo_block(lsn, ByteView{full}.subspan(12, length - 12), complete ? load_u16be(full, 6) : first);
      const Result<> fed = parser.feed(lsn, block, sink);
      ASSERT_TRUE(fed) << lsn.value() << " " << length << ": " << fed.error().what;
      ASSERT_EQ(parser.read_until(), complete ? lsn + 512 + 12 : lsn + length);
    }
    lsn = lsn + kRedoBlockBytes;
  }
  ASSERT_EQ(sink.groups.size(), 30U);
  for (std::size_t i = 0; i < ends.size(); ++i) EXPECT_EQ(sink.groups[i].end, ends[i]);
  EXPECT_EQ(parser.counts().blocks, whole.blocks().size());
  ASSERT_TRUE(parser.feed(last_lsn, last, sink)) << "the same again changes nothing";
  EXPECT_EQ(sink.groups.size(), 30U);
}

TEST(RedoParser, ABlockThatWasRewrittenIsAConflict) {
  RedoLogBuilder log;
  log.add(make_redo_group(padding_record(30)));
  RedoBlockBytes block = log.blocks()[0];
  RedoParser parser{log.first_block()};
  Groups sink;
  ASSERT_TRUE(parser.feed(Lsn{8192}, block, sink));
  block[20] ^= 1;
  const Result<> again = parser.feed(Lsn{8192}, block, sink);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::conflict);
  EXPECT_THAT(again.error().what, HasSubstr("8192"));
}

TEST(RedoParser, BlocksFollowEachOther) {
  RedoLogBuilder log;
  log.add(make_redo_group(padding_record(2000)));
  const std::vector<RedoBlockBytes> blocks = log.blocks();
  Groups sink;
  RedoParser late{log.first_block()};
  EXPECT_EQ(late.feed(Lsn{8704}, blocks[1], sink).error().code, Errc::conflict);
  RedoParser gap{log.first_block()};
  ASSERT_TRUE(gap.feed(Lsn{8192}, blocks[0], sink));
  EXPECT_EQ(gap.feed(Lsn{9216}, blocks[2], sink).error().code, Errc::conflict);
  RedoParser twice{log.first_block()};
  ASSERT_TRUE(twice.feed(Lsn{8192}, blocks[0], sink));
  EXPECT_EQ(twice.feed(Lsn{8192}, blocks[0], sink).error().code, Errc::conflict);
  RedoParser after_short{Lsn{8192 + 4 * 512}};
  ASSERT_TRUE(after_short.feed(Lsn{8192 + 4 * 512}, blocks[4], sink));
  EXPECT_EQ(after_short.feed(Lsn{8192 + 5 * 512}, make_redo_block(Lsn{8192 + 5 * 512}, {}, 0), sink).error().code,
            Errc::conflict);
}

TEST(RedoParser, AnErrorIsFinal) {
  RedoLogBuilder log;
  log.add(make_redo_group({.type = RedoType::page_create}));
  const RedoBlockBytes block = log.blocks()[0];
  Groups sink;
  RedoParser parser{log.first_block()};
  const Result<> first = parser.feed(Lsn{8704}, block, sink);
  ASSERT_FALSE(first);
  const Result<> second = parser.feed(Lsn{8192}, block, sink);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().what, first.error().what);
  EXPECT_TRUE(sink.groups.empty());
}

TEST(RedoParser, AnErrorOfTheSinkEndsTheParse) {
  class Refusing : public RedoSink {
   public:
    Result<> group(const RedoGroup&) override { return Error{Errc::cancelled, "enough"}; }
  };
  RedoLogBuilder log;
  log.add(make_redo_group({.type = RedoType::page_create}));
  RedoParser parser{log.first_block()};
  Refusing sink;
  const Result<> fed = parser.feed(Lsn{8192}, log.blocks()[0], sink);
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code, Errc::cancelled);
}

TEST(RedoParser, PaddingBelongsToTheGroupItIsIn) {
  // What a server writes to fill a redo file: thousands of DUMMY and the end of the group.
  RedoLogBuilder log;
  Bytes padding(4096, 32);
  padding.push_back(31);
  const Lsn start = log.add(padding);
  const Bytes inside = RedoFields{}
                           .bytes(testing::make_redo_record({.type = RedoType::page_create}))
                           .u1(32)
                           .bytes(testing::make_redo_record({.type = RedoType::page_create}))
                           .u1(32)
                           .u1(31);
  const Lsn second = log.add(inside);
  const Bytes only_end{31};
  const Lsn third = log.add(only_end);
  RedoParser parser{log.first_block()};
  Groups sink;
  const Result<> fed = feed_all(parser, log, sink);
  ASSERT_TRUE(fed) << fed.error().what;
  ASSERT_EQ(sink.groups.size(), 3U);
  EXPECT_EQ(sink.groups[0].start, start);
  EXPECT_EQ(sink.groups[0].end, second);
  EXPECT_TRUE(sink.groups[0].records.empty());
  EXPECT_EQ(sink.groups[1].records.size(), 2U);
  EXPECT_EQ(sink.groups[2].start, third);
  EXPECT_TRUE(sink.groups[2].records.empty());
  EXPECT_EQ(parser.counts().records, 2U);
}

TEST(RedoParser, ASingleRecordInsideOfAGroupIsRefused) {
  RedoLogBuilder log;
  const Bytes group =
      RedoFields{}
          .bytes(testing::make_redo_record({.type = RedoType::page_create}))
          .bytes(make_redo_group({.type = RedoType::page_create, .space = SpaceId{12}, .page = PageNo{34}}));
  log.add(group);
  RedoParser parser{log.first_block()};
  Groups sink;
  const Result<> fed = feed_all(parser, log, sink);
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code, Errc::malformed);
  EXPECT_THAT(fed.error().what, HasSubstr("PAGE_CREATE at LSN 8207 (page 34 of space 12): it says that it is alone"));
}

TEST(RedoParser, RecordsOfOldServersAreRefusedByName) {
  RedoLogBuilder log;
  log.add(make_redo_group({.type = static_cast<RedoType>(38), .body = Bytes(40)}));
  RedoParser parser{log.first_block()};
  Groups sink;
  const Result<> fed = feed_all(parser, log, sink);
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code, Errc::unsupported_version);
  EXPECT_THAT(fed.error().what, HasSubstr("COMP_REC_INSERT_8027 at LSN 8204"));
}

TEST(RedoParser, FirstRecGroupHasToAgreeWithTheRecords) {
  RedoLogBuilder log;
  log.add(make_redo_group(padding_record(600)));
  log.add(make_redo_group(padding_record(100)));
  log.add(make_redo_group(padding_record(900)));
  for (std::size_t damaged = 1; damaged < log.blocks().size(); ++damaged) {
    for (const std::uint16_t wrong : {std::uint16_t{0}, std::uint16_t{12}, std::uint16_t{13}, std::uint16_t{100}}) {
      std::vector<RedoBlockBytes> blocks = log.blocks();
      if (load_u16be(blocks[damaged], 6) == wrong) continue;
      if (damaged + 1 == blocks.size() && wrong == 0) continue;  // the end of the log needs no note
      store_u16be(blocks[damaged], 6, wrong);
      RedoParser parser{log.first_block()};
      Groups sink;
      Result<> fed;
      for (std::size_t i = 0; i < blocks.size() && fed; ++i)
        fed = parser.feed(log.first_block() + i * kRedoBlockBytes, blocks[i], sink);
      ASSERT_FALSE(fed) << damaged << " " << wrong;
      EXPECT_EQ(fed.error().code, Errc::malformed);
      EXPECT_THAT(fed.error().what, HasSubstr(fmt::format("block at LSN {}", 8192 + damaged * 512)));
      EXPECT_THAT(fed.error().what, HasSubstr(fmt::format("at {} by its first_rec_group", wrong)));
    }
  }
}

TEST(RedoParser, NoGroupOfABlockIsHandedOutBeforeItsFirstRecGroupAgrees) {
  RedoLogBuilder log;
  log.add(make_redo_group(padding_record(600)));
  log.add(make_redo_group({.type = RedoType::page_create}));
  std::vector<RedoBlockBytes> blocks = log.blocks();
  store_u16be(blocks[1], 6, 13);
  RedoParser parser{log.first_block()};
  Groups sink;
  ASSERT_TRUE(parser.feed(Lsn{8192}, blocks[0], sink));
  EXPECT_FALSE(parser.feed(Lsn{8704}, blocks[1], sink));
  EXPECT_TRUE(sink.groups.empty());
  EXPECT_EQ(parser.complete_until(), Lsn{8204});
}

TEST(RedoParser, HeadersMakeSense) {
  RedoLogBuilder log;
  log.add(make_redo_group({.type = RedoType::page_create}));
  const RedoBlockBytes good = log.blocks()[0];
  const auto problem = [&](std::size_t offset, std::uint16_t value) {
    RedoBlockBytes block = good;
    store_u16be(block, offset, value);
    RedoParser parser{log.first_block()};
    Groups sink;
    const Result<> fed = parser.feed(Lsn{8192}, block, sink);
    EXPECT_TRUE(sink.groups.empty());
    return fed ? std::string{} : fed.error().what;
  };
  EXPECT_THAT(problem(2, 99), HasSubstr("number 17 expected, 99 found"));
  EXPECT_THAT(problem(4, 11), HasSubstr("data length 11"));
  EXPECT_THAT(problem(4, 509), HasSubstr("data length 509"));
  EXPECT_THAT(problem(4, 513), HasSubstr("data length 513"));
  EXPECT_THAT(problem(6, 11), HasSubstr("first_rec_group 11"));
  EXPECT_THAT(problem(6, 16), HasSubstr("first_rec_group 16")) << "behind the data";

  RedoParser parser{log.first_block()};
  Groups sink;
  EXPECT_FALSE(parser.feed(Lsn{8192}, ByteView{good}.first(511), sink));
}

TEST(RedoParser, AGroupAboveTheLimitIsRefused) {
  RedoLogBuilder log;
  Bytes group;
  for (int i = 0; i < 1000; ++i) append(group, testing::make_redo_record({.type = RedoType::page_create}));
  group.push_back(31);
  log.add(group);
  Groups sink;
  RedoParser enough{log.first_block(), {.group_bytes = 100'000}};
  ASSERT_TRUE(feed_all(enough, log, sink));
  EXPECT_EQ(sink.groups.back().records.size(), 1000U);

  RedoParser parser{log.first_block(), {.group_bytes = 20'000}};
  const Result<> fed = feed_all(parser, log, sink);
  ASSERT_FALSE(fed) << "the list of records counts";
  EXPECT_EQ(fed.error().code, Errc::exhausted);
  EXPECT_THAT(fed.error().what, HasSubstr("LSN 8204 needs more than 20000 bytes"));
}

TEST(RedoParser, AnEmptyLogIsNoError) {
  RedoParser parser{Lsn{8204}};
  Groups sink;
  ASSERT_TRUE(parser.feed(Lsn{8192}, make_redo_block(Lsn{8192}, {}, 12), sink));
  EXPECT_EQ(parser.complete_until(), Lsn{8204});
  EXPECT_EQ(parser.read_until(), Lsn{8204});
}

TEST(RedoParser, RandomLogsComeBackAsTheyWere) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    testing::SeededRandom random{seed};
    RedoLogBuilder log{Lsn{512 * (16 + random.below(1'000'000))}};
    std::vector<std::vector<Bytes>> bodies;
    std::vector<Lsn> starts;
    for (int i = 0; i < 50; ++i) {
      std::vector<Bytes> group_bodies;
      Bytes group;
      const std::uint64_t count = 1 + (random.one_in(2) ? 0 : random.below(12));
      for (std::uint64_t j = 0; j < count; ++j) {
        testing::RedoRecordSpec record = padding_record(random.below(random.one_in(5) ? 3000 : 60));
        record.space = SpaceId{random.number<std::uint32_t>()};
        record.page = PageNo{random.number<std::uint32_t>()};
        record.single = count == 1;
        append(group, testing::make_redo_record(record));
        group_bodies.push_back(record.body);
      }
      if (count > 1) group.push_back(31);
      starts.push_back(log.add(group));
      bodies.push_back(group_bodies);
    }
    RedoParser parser{log.first_block()};
    Groups sink;
    const Result<> fed = feed_all(parser, log, sink);
    ASSERT_TRUE(fed) << fed.error().what;
    ASSERT_EQ(sink.groups.size(), starts.size());
    for (std::size_t i = 0; i < starts.size(); ++i) {
      ASSERT_EQ(sink.groups[i].start, starts[i]);
      ASSERT_EQ(sink.groups[i].records.size(), bodies[i].size());
      for (std::size_t j = 0; j < bodies[i].size(); ++j) ASSERT_EQ(sink.groups[i].records[j].body, bodies[i][j]);
    }
    ASSERT_EQ(parser.complete_until(), log.end());
  }
}

}  // namespace
}  // namespace donord::innodb
