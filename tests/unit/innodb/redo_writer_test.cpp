#include "innodb/redo_writer.hpp"

#include <gmock/gmock.h>

#include "innodb/mini_transaction.hpp"
#include "innodb/redo_apply.hpp"
#include "innodb/redo_continuation.hpp"
#include "innodb/redo_decode.hpp"
#include "innodb/redo_parser.hpp"
#include "support/redo_builder.hpp"
#include "support/redo_records.hpp"
#include "support/seeded_random.hpp"
#include "support/undo_builder.hpp"

namespace donord::innodb {
namespace {

using testing::make_redo_group;
using testing::read_of;
using testing::RedoLogBuilder;

constexpr PageId kUndo{SpaceId{4294967279}, PageNo{10}};

struct Seen {
  Lsn start;
  Lsn end;
  std::vector<RedoRecord> records;
  std::vector<Bytes> bodies;
};

class Collector final : public RedoSink {
 public:
  Result<> group(const RedoGroup& group) override {
    Seen seen{group.start, group.end, {group.records.begin(), group.records.end()}, {}};
    for (const RedoRecord& record : group.records) seen.bodies.emplace_back(record.body.begin(), record.body.end());
    groups.push_back(std::move(seen));
    return {};
  }

  std::vector<Seen> groups;
};

Lsn checkpoint_of(const RedoLogBuilder& log) {
  return log.first_block() + kRedoBlockHeaderBytes;
}

/// Adds a group. Returns where it ends.
Lsn add_to(RedoLogBuilder& log, const Bytes& group) {
  log.add(group);
  return log.end();
}

/// Every group of a log.
std::vector<Seen> parse(Lsn checkpoint, Lsn end, const RedoRead& read) {
  RedoParser parser{checkpoint};
  Collector collector;
  for (Lsn lsn = checkpoint.block_start(); lsn <= end.block_start(); lsn = lsn + kRedoBlockBytes) {
    RedoBlockBytes block{};
    EXPECT_TRUE(read(lsn, block));
    EXPECT_EQ(look_at_redo_block(block, lsn).state, RedoBlockState::current);
    const Result<> fed = parser.feed(lsn, block, collector);
    EXPECT_TRUE(fed) << fed.error().what;
  }
  EXPECT_EQ(parser.complete_until(), end);
  EXPECT_EQ(parser.read_until(), end);
  return std::move(collector.groups);
}

TEST(RedoWriter, WhatItWritesIsReadBack) {
  testing::SeededRandom random{42};
  for (int i = 0; i < 2000; ++i) {
    const std::uint32_t space = random.number<std::uint32_t>() >> random.below(32);
    const std::uint64_t value = random.number<std::uint64_t>() >> random.below(64);
    const auto offset = static_cast<std::uint16_t>(random.below(4000));
    const PageId page{SpaceId{random.one_in(3) ? ~space : space}, PageNo{random.number<std::uint32_t>() >> 8}};
    const Bytes text = random.bytes(200);
    RedoGroupWriter group;
    group.add(RedoType::one_byte, page, integer_write_body(RedoType::one_byte, offset, value & 0xFF));
    group.add(RedoType::two_bytes, page, integer_write_body(RedoType::two_bytes, offset, value & 0xFFFF));
    group.add(RedoType::four_bytes, page, integer_write_body(RedoType::four_bytes, offset, value & 0xFFFFFFFF));
    group.add(RedoType::eight_bytes, page, integer_write_body(RedoType::eight_bytes, offset, value));
    group.add(RedoType::write_string, page, string_write_body(offset, text));
    group.add(RedoType::undo_hdr_create, page, undo_header_body(value));
    ASSERT_EQ(group.records(), 6U);
    RedoLogBuilder log;
    log.add(std::move(group).finish());
    const std::vector<Seen> groups = parse(checkpoint_of(log), log.end(), read_of(log));
    ASSERT_EQ(groups.size(), 1U);
    std::vector<RedoRecord> records = groups[0].records;
    ASSERT_EQ(records.size(), 6U);
    for (std::size_t k = 0; k < records.size(); ++k) {
      records[k].body = groups[0].bodies[k];
      ASSERT_EQ(records[k].space, page.space);
      ASSERT_EQ(records[k].page, page.page);
    }
    const std::array<std::uint64_t, 4> masks{0xFF, 0xFFFF, 0xFFFFFFFF, ~std::uint64_t{0}};
    for (std::size_t k = 0; k < masks.size(); ++k) {
      const Result<IntegerWrite> write = decode_integer_write(records[k]);
      ASSERT_TRUE(write) << write.error().what;
      ASSERT_EQ(write->value, value & masks[k]);
      ASSERT_EQ(write->offset, offset);
    }
    const Result<StringWrite> string = decode_string_write(records[4]);
    ASSERT_TRUE(string);
    ASSERT_TRUE(std::ranges::equal(string->bytes, text));
  }
}

TEST(RedoWriter, AGroupOfOneRecordSaysSo) {
  RedoGroupWriter group;
  group.add(RedoType::two_bytes, kUndo, integer_write_body(RedoType::two_bytes, 56, 2));
  RedoLogBuilder log;
  log.add(std::move(group).finish());
  const std::vector<Seen> groups = parse(checkpoint_of(log), log.end(), read_of(log));
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_TRUE(groups[0].records.front().single);
}

/// A log of some groups, the last of which may be unfinished, goes on with others.
class RedoContinuationTest : public ::testing::Test {
 protected:
  static Bytes group(std::size_t bytes) { return make_redo_group(testing::padding_record(bytes)); }

  static Bytes unfinished(std::size_t bytes) {
    Bytes group = make_redo_group({testing::padding_record(bytes), testing::padding_record(1)});
    group.pop_back();
    return group;
  }

  /// The log, continued behind `until`, has exactly these groups.
  static void expect_groups(const RedoLogBuilder& log, Lsn until, const std::vector<std::size_t>& added,
                            std::size_t before) {
    Result<RedoContinuation> continued = RedoContinuation::make(until, read_of(log));
    ASSERT_TRUE(continued) << continued.error().what;
    for (const std::size_t bytes : added) continued->add(group(bytes));
    const std::vector<Seen> groups = parse(checkpoint_of(log), continued->end(), continued->over(read_of(log)));
    ASSERT_EQ(groups.size(), before + added.size());
    for (std::size_t i = 0; i < added.size(); ++i)
      ASSERT_EQ(groups[before + i].bodies.front().size(), added[i] + 4) << "offset, length and bytes";
    if (before > 0) {
      EXPECT_EQ(groups[before - 1].end, until);
    }
  }
};

TEST_F(RedoContinuationTest, GoesOnWhereverTheLogEnds) {
  for (std::size_t last = 1; last < 1100; last += 7)
    for (const std::size_t added : {1U, 300U, 475U, 490U, 2000U}) {
      RedoLogBuilder log;
      log.add(group(100));
      const Lsn until = add_to(log, group(last));
      expect_groups(log, until, {added, 3, added}, 2);
    }
}

TEST_F(RedoContinuationTest, ReplacesAnUnfinishedGroup) {
  for (std::size_t last = 300; last < 520; ++last)
    for (const std::size_t torn : {5U, 200U, 700U, 3000U}) {
      RedoLogBuilder log;
      const Lsn until = add_to(log, group(last));
      log.add(unfinished(torn));
      expect_groups(log, until, {40, 600}, 1);
      expect_groups(log, until, {}, 1);
    }
}

TEST_F(RedoContinuationTest, GoesOnBehindTheCheckpointOfAnEmptyLog) {
  const RedoLogBuilder log;
  expect_groups(log, log.end(), {10}, 0);
}

TEST_F(RedoContinuationTest, EndsLikeALogOfAServer) {
  // The server writes the same groups: the blocks are the same.
  for (std::size_t last = 1; last < 1100; last += 3) {
    RedoLogBuilder log;
    const Lsn until = add_to(log, group(last));
    RedoContinuation continued = RedoContinuation::make(until, read_of(log)).value();
    for (const std::size_t bytes : {700U, 20U, 1500U}) {
      continued.add(group(bytes));
      log.add(group(bytes));
    }
    ASSERT_EQ(continued.end(), log.end());
    std::vector<RedoBlockBytes> expected = log.blocks();
    expected.erase(
        expected.begin(),
        expected.begin() + static_cast<std::ptrdiff_t>((until.block_start() - checkpoint_of(log).block_start()) / 512));
    std::vector<RedoBlockBytes> found = continued.blocks();
    if (found.size() > expected.size()) {
      ASSERT_EQ(log.end() - log.end().block_start(), kRedoBlockHeaderBytes);
      ASSERT_EQ(found.back(), make_redo_block(log.end().block_start(), {}, kRedoBlockHeaderBytes));
      found.pop_back();
    }
    ASSERT_EQ(found, expected);
  }
}

TEST_F(RedoContinuationTest, ReadsOfAnySizeCrossFromTheLogIntoIt) {
  RedoLogBuilder log;
  log.add(group(3000));
  const Lsn until = add_to(log, group(20));
  RedoContinuation continued = RedoContinuation::make(until, read_of(log)).value();
  continued.add(group(2000));
  const RedoRead read = continued.over(read_of(log));
  const Lsn begin = checkpoint_of(log).block_start();
  Bytes all(continued.end().block_start() - begin + 512);
  ASSERT_TRUE(read(begin, all));
  for (std::size_t at = 0; at < all.size(); at += 512) {
    RedoBlockBytes block{};
    ASSERT_TRUE(read(begin + at, block));
    ASSERT_TRUE(std::equal(block.begin(), block.end(), all.begin() + static_cast<std::ptrdiff_t>(at)));
  }
  RedoBlockBytes block{};
  EXPECT_EQ(read(begin + all.size(), block).error().code, Errc::truncated);
}

TEST_F(RedoContinuationTest, ALogThatIsNotWhatItWasIsRefused) {
  RedoLogBuilder log;
  const Lsn until = add_to(log, group(20));
  EXPECT_EQ(RedoContinuation::make(until + 40, read_of(log)).error().code, Errc::conflict) << "the block is shorter";
  const auto broken = [](Lsn, MutableBytes) -> Result<> { return Error{Errc::io, "input/output error"}; };
  EXPECT_EQ(RedoContinuation::make(until, broken).error().code, Errc::io);
  EXPECT_EQ(RedoContinuation::make(until.block_start() + 5, read_of(log)).error().code, Errc::malformed);
}

TEST(MiniTransaction, WhatIsLoggedIsWhatHappensToThePages) {
  const Bytes before = testing::make_undo_page({.logs = {{.transaction = 5}}});
  PageMap pages{{kUndo, before}};
  MiniTransaction change{pages};
  change.write2(kUndo, 56, 2);
  change.write1(kUndo, 106, 3);
  change.write4(kUndo, 200, 0xFFFFFFFE);
  change.write8(kUndo, 210, 0x0102030405060708);
  change.write_string(kUndo, 300, as_bytes("text"));
  change.write_address(kUndo, 400, {PageNo{77}, 1234});
  change.create_undo_header(kUndo, 9);
  change.write2({kUndo.space, PageNo{11}}, 120, 7);  // of a page that nobody has here
  const Result<Bytes> group = std::move(change).finish();
  ASSERT_TRUE(group) << group.error().what;

  Bytes replayed = before;
  RedoLogBuilder log;
  log.add(*group);
  const std::vector<Seen> groups = parse(checkpoint_of(log), log.end(), read_of(log));
  ASSERT_EQ(groups.size(), 1U);
  ASSERT_EQ(groups[0].records.size(), 9U);
  for (std::size_t i = 0; i + 1 < groups[0].records.size(); ++i) {
    RedoRecord record = groups[0].records[i];
    record.body = groups[0].bodies[i];
    ASSERT_TRUE(apply_to_page(record, replayed));
  }
  EXPECT_EQ(replayed, pages.at(kUndo));
  EXPECT_NE(replayed, before);
  EXPECT_EQ(load_u32be(replayed, 400), 77U);
  EXPECT_EQ(load_u16be(replayed, 404), 1234);
}

TEST(MiniTransaction, WhatDoesNotFitAPageIsAnError) {
  PageMap pages{{kUndo, Bytes(16384)}};
  MiniTransaction change{pages};
  change.create_undo_header(kUndo, 9);
  EXPECT_EQ(std::move(change).finish().error().code, Errc::malformed);
}

}  // namespace
}  // namespace donord::innodb
