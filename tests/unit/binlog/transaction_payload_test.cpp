#include "binlog/transaction_payload.hpp"

#include <gmock/gmock.h>

#include "support/binlog_builder.hpp"

namespace donord::binlog {
namespace {

using testing::BinlogBuilder;
using ::testing::ElementsAre;
using testing::LogFields;
using ::testing::Pair;
using testing::source_of;

using Seen = std::vector<std::pair<EventType, std::size_t>>;

/// Types and the bytes that were given of the bodies of the events of a payload.
Result<Seen> visit(const Bytes& body, std::size_t limit_bytes = 100) {
  BinlogBuilder log;
  log.add(EventType::transaction_payload, body);
  Result<LogWalk> walk = LogWalk::open(source_of(log.bytes()));
  const Result<std::optional<Event>> event = walk->next();
  Seen seen;
  const Result<> visited =
      visit_payload(*walk, **event, limit_bytes, [&seen](const EventHeader& header, ByteView bytes) {
        seen.emplace_back(header.type, bytes.size());
        return Result<>{};
      });
  if (!visited) return visited.error();
  return seen;
}

Bytes three_events(std::size_t row_bytes) {
  Bytes events = BinlogBuilder::event(EventType::query, testing::query_body("BEGIN"));
  append(events, BinlogBuilder::event(EventType{30}, Bytes(row_bytes)));
  append(events, BinlogBuilder::event(EventType::xid, LogFields{}.u8(7)));
  return events;
}

TEST(TransactionPayload, GivesTheEventsInIt) {
  const Result<Seen> seen = visit(BinlogBuilder::payload_body(three_events(50)));
  ASSERT_TRUE(seen) << seen.error().what;
  EXPECT_THAT(*seen, ElementsAre(Pair(EventType::query, 21U), Pair(EventType{30}, 50U), Pair(EventType::xid, 8U)));
}

TEST(TransactionPayload, BodiesAreCut) {
  const Result<Seen> seen = visit(BinlogBuilder::payload_body(three_events(20'000'000)), 10);
  ASSERT_TRUE(seen) << seen.error().what;
  EXPECT_THAT(*seen, ElementsAre(Pair(EventType::query, 10U), Pair(EventType{30}, 10U), Pair(EventType::xid, 8U)));
}

TEST(TransactionPayload, MayBePlain) {
  const Bytes events = three_events(50);
  const Bytes body = LogFields{}.bytes(BinlogBuilder::payload_fields(255, 0, events.size())).bytes(events);
  EXPECT_EQ(visit(body)->size(), 3U);
}

TEST(TransactionPayload, UnknownFieldsAreSkipped) {
  const Bytes events = three_events(50);
  const Bytes body =
      LogFields{}.u1(17).u1(2).u2(0).bytes(BinlogBuilder::payload_fields(255, 0, events.size())).bytes(events);
  EXPECT_EQ(visit(body)->size(), 3U);
}

TEST(TransactionPayload, AnotherCompressionIsRefused) {
  EXPECT_EQ(visit(BinlogBuilder::payload_fields(7, 0, 0)).error().code, Errc::unsupported_version);
}

TEST(TransactionPayload, SizesThatAreNotTrueAreRefused) {
  const Bytes events = three_events(50);
  const auto plain = [&](std::size_t announced, std::size_t bytes) {
    return visit(
        LogFields{}.bytes(BinlogBuilder::payload_fields(255, 0, announced)).bytes(ByteView{events}.first(bytes)));
  };
  EXPECT_TRUE(plain(events.size(), events.size()));
  EXPECT_FALSE(plain(events.size() - 1, events.size()));
  EXPECT_FALSE(plain(events.size(), events.size() - 1));
  EXPECT_FALSE(plain(events.size() - 1, events.size() - 1)) << "ends inside of an event";
  EXPECT_TRUE(plain(0, 0)->empty());

  Bytes more = BinlogBuilder::payload_body(events);
  more[6] -= 1;
  EXPECT_FALSE(visit(more)) << "more in it than it says";
  more[6] += 2;
  EXPECT_FALSE(visit(more)) << "less in it than it says";
}

TEST(TransactionPayload, DamageIsRefusedOrSeen) {
  const Bytes body = BinlogBuilder::payload_body(three_events(50));
  for (std::size_t length = 0; length < body.size(); ++length)
    EXPECT_FALSE(visit(Bytes(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(length)))) << length;
  for (std::size_t at = 0; at < body.size(); ++at)
    for (const int mask : {0x01, 0x80, 0xFF}) {
      Bytes damaged = body;
      damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ mask);
      (void)visit(damaged);
    }
}

TEST(TransactionPayload, TheVisitorCanEndIt) {
  BinlogBuilder log;
  log.payload(three_events(50));
  Result<LogWalk> walk = LogWalk::open(source_of(log.bytes()));
  const Result<std::optional<Event>> event = walk->next();
  const Result<> visited = visit_payload(*walk, **event, 10, [](const EventHeader&, ByteView) -> Result<> {
    return Error{Errc::cancelled, "enough"};
  });
  EXPECT_EQ(visited.error().code, Errc::cancelled);
}

}  // namespace
}  // namespace donord::binlog
