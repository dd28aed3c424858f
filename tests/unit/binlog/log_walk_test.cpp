#include "binlog/log_walk.hpp"

#include <gmock/gmock.h>

#include "support/binlog_builder.hpp"

namespace donord::binlog {
namespace {

using testing::BinlogBuilder;
using ::testing::HasSubstr;
using testing::source_of;

/// The number of events, or -1 for an error.
int count(ByteView bytes) {
  Result<LogWalk> walk = LogWalk::open(source_of(bytes));
  if (!walk) return -1;
  for (int events = 0;; ++events) {
    const Result<std::optional<Event>> event = walk->next();
    if (!event) return -1;
    if (!*event) return events;
  }
}

TEST(LogWalk, GivesEveryEventInOrder) {
  for (const Checksum checksum : {Checksum::none, Checksum::crc32}) {
    BinlogBuilder log{checksum};
    const std::size_t first = log.add(EventType::query, testing::query_body("BEGIN"));
    const std::size_t second = log.add(EventType::xid, testing::LogFields{}.u8(7));
    Result<LogWalk> walk = LogWalk::open(source_of(log.bytes()));
    ASSERT_TRUE(walk) << walk.error().what;
    EXPECT_EQ(walk->format().server_version, "9.7.4");
    Result<std::optional<Event>> event = walk->next();
    ASSERT_TRUE(event && *event);
    EXPECT_EQ((*event)->offset, first);
    EXPECT_EQ(*walk->body(**event, 1000), testing::query_body("BEGIN"));
    event = walk->next();
    ASSERT_TRUE(event && *event);
    EXPECT_EQ((*event)->offset, second);
    EXPECT_EQ((*event)->header.type, EventType::xid);
    EXPECT_EQ((*event)->body_bytes, 8U);
    EXPECT_EQ(walk->body(**event, 3)->size(), 3U);
    event = walk->next();
    ASSERT_TRUE(event);
    EXPECT_FALSE(*event);
    EXPECT_EQ(walk->position(), log.size());
  }
}

TEST(LogWalk, EventsMayBeLargerThanWhatIsReadAtOnce) {
  BinlogBuilder log;
  log.transaction(1, 3'000'000).transaction(2, 1'048'576).transaction(3);
  EXPECT_EQ(count(log.bytes()), 9);
}

TEST(LogWalk, WhatIsNotWholeAtTheEndDoesNotCount) {
  BinlogBuilder log;
  log.transaction(1);
  const std::size_t whole = log.size();
  log.xid(2);
  for (std::size_t size = whole; size < log.size(); ++size)
    EXPECT_EQ(count(ByteView{log.bytes()}.first(size)), 3) << size;
  Bytes zeros = log.bytes();
  std::fill(zeros.begin() + static_cast<std::ptrdiff_t>(whole) + 19, zeros.end(), std::uint8_t{0});
  EXPECT_EQ(count(zeros), 3);
  zeros.resize(zeros.size() + 5000);
  EXPECT_EQ(count(zeros), 3);
}

TEST(LogWalk, DamageInTheMiddleIsAnError) {
  BinlogBuilder log;
  log.transaction(1);
  const std::size_t at = log.size();
  log.transaction(2).transaction(3);
  for (const std::size_t byte : {at, at + 4, at + 9, at + 10, at + 20, at + 30}) {
    Bytes damaged = log.bytes();
    damaged[byte] ^= 0x55;
    Result<LogWalk> walk = LogWalk::open(source_of(damaged));
    ASSERT_TRUE(walk);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(walk->next());
    const Result<std::optional<Event>> event = walk->next();
    ASSERT_FALSE(event) << byte - at;
    EXPECT_EQ(event.error().code, Errc::checksum);
    EXPECT_THAT(event.error().what, HasSubstr(fmt::format("damaged at position {}", at)));
  }
}

TEST(LogWalk, WithoutChecksumsALengthThatCannotBeIsDamage) {
  BinlogBuilder log{Checksum::none};
  const std::size_t at = log.size();
  log.transaction(1).transaction(2);
  Bytes damaged = log.bytes();
  damaged[at + 9] = 3;
  EXPECT_EQ(count(damaged), -1);
}

TEST(LogWalk, TheMarkOfAFileInUseIsNotInTheChecksum) {
  BinlogBuilder log;
  EXPECT_EQ(count(log.bytes()), 0);
  log.set_in_use(false);
  EXPECT_EQ(count(log.bytes()), 0);
}

TEST(LogWalk, RefusesWhatIsNoBinaryLog) {
  const BinlogBuilder log;
  const auto code = [](ByteView bytes) { return LogWalk::open(source_of(bytes)).error().code; };
  for (std::size_t size = 0; size < log.size(); ++size)
    EXPECT_EQ(code(ByteView{log.bytes()}.first(size)), Errc::malformed) << size;
  Bytes other = log.bytes();
  other[0] = 0xFD;
  EXPECT_EQ(code(other), Errc::unsupported_version) << "encrypted";
  other[0] = 'x';
  EXPECT_EQ(code(other), Errc::malformed);
  other = log.bytes();
  other[4 + 4] = 16;
  EXPECT_EQ(code(other), Errc::malformed) << "begins with another event";
  other = log.bytes();
  other[30] ^= 1;
  EXPECT_EQ(code(other), Errc::checksum);
}

TEST(LogWalk, ReadErrorsAreErrors) {
  BinlogBuilder log;
  log.transaction(1, 2'000'000);
  ByteSource source = source_of(log.bytes());
  source.read = [read = source.read](std::uint64_t offset, MutableBytes into) -> Result<> {
    if (offset + into.size() > 1'500'000) return Error{Errc::io, "input/output error"};
    return read(offset, into);
  };
  Result<LogWalk> walk = LogWalk::open(source);
  ASSERT_TRUE(walk);
  ASSERT_TRUE(walk->next());
  EXPECT_EQ(walk->next().error().code, Errc::io);
}

}  // namespace
}  // namespace donord::binlog
