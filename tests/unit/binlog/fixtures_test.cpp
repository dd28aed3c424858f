// Binary logs of a real server: they decide what SHOW BINLOG EVENTS shows.

#include <gmock/gmock.h>
#include <sstream>

#include "binlog/decisions.hpp"
#include "binlog/query_event.hpp"
#include "binlog/transaction_payload.hpp"
#include "support/binlog_builder.hpp"
#include "support/hex_file.hpp"

namespace donord::binlog {
namespace {

using testing::Fixture;
using testing::load_fixture;
using testing::source_of;

std::vector<std::string> words(const std::string& text) {
  std::istringstream in{text};
  return {std::istream_iterator<std::string>{in}, {}};
}

/// Those that a fixture's head names.
std::set<std::uint64_t> xids_of(const Fixture& fixture) {
  std::set<std::uint64_t> xids;
  for (const std::string& word : words(fixture.head.at("xids"))) xids.insert(std::stoull(word));
  return xids;
}

Decisions decide(const Fixture& fixture, const Wanted& wanted) {
  const Result<Decisions> decisions = read_decisions(source_of(fixture.bytes), wanted);
  EXPECT_TRUE(decisions) << decisions.error().what;
  EXPECT_EQ(decisions->end_position, fixture.bytes.size());
  return *decisions;
}

std::set<std::string> single(const GtidSet& set) {
  std::set<std::string> texts;
  for (const auto& [source, ranges] : set.sources())
    for (const auto& [first, last] : ranges)
      for (std::int64_t number = first; number <= last; ++number)
        texts.insert(to_text(Gtid{.uuid = source.uuid, .tag = source.tag, .number = number}));
  return texts;
}

/// Those that a fixture's head names.
std::set<std::string> gtids_of(const Fixture& fixture) {
  const std::vector<std::string> listed = words(fixture.head.at("gtids"));
  return {listed.begin(), listed.end()};
}

class InternalXids : public ::testing::TestWithParam<const char*> {};

TEST_P(InternalXids, AreCommitted) {
  const Fixture fixture = load_fixture(fmt::format("binlog/{}.hex", GetParam()));
  const std::set<std::uint64_t> xids = xids_of(fixture);
  ASSERT_FALSE(xids.empty());
  std::set<std::uint64_t> and_one_more = xids;
  and_one_more.insert(999'999);
  const Decisions decisions = decide(fixture, {.internal = and_one_more, .external = {}});
  std::set<std::uint64_t> found;
  for (const auto& [xid, decision] : decisions.internal) {
    found.insert(xid);
    EXPECT_EQ(decision.outcome, Outcome::committed);
  }
  EXPECT_EQ(found, xids);
}

TEST_P(InternalXids, HaveTheGtidsThatServersExecuted) {
  const Fixture fixture = load_fixture(fmt::format("binlog/{}.hex", GetParam()));
  const Decisions decisions = decide(fixture, {.internal = xids_of(fixture), .external = {}});
  EXPECT_EQ(single(decisions.gtids), gtids_of(fixture));
  EXPECT_EQ(to_text(decisions.unrecorded_gtids), to_text(decisions.gtids)) << "all were asked for, or of no engine";
}

INSTANTIATE_TEST_SUITE_P(OfAServer, InternalXids,
                         ::testing::Values("transactions", "ddl", "compressed", "tagged", "anonymous"),
                         [](const auto& test) { return std::string{test.param}; });

TEST(BinlogFixtures, XaTransactionsEndAsTheyDid) {
  const Fixture fixture = load_fixture("binlog/xa.hex");
  const Xid a{7, "a", "branch"};
  const Xid b{1, "b", ""};
  const Xid c{1, "c", ""};
  const Xid d{1, "d", ""};
  const Decisions decisions = decide(fixture, {.internal = {}, .external = {a, b, c, d, {1, "e", ""}}});
  ASSERT_EQ(decisions.external.size(), 4U);
  EXPECT_EQ(decisions.external.at(a).outcome, Outcome::committed);
  EXPECT_EQ(decisions.external.at(b).outcome, Outcome::rolled_back);
  EXPECT_EQ(decisions.external.at(c).outcome, Outcome::committed);
  EXPECT_EQ(decisions.external.at(d).outcome, Outcome::prepared);
  EXPECT_EQ(single(decisions.gtids), gtids_of(fixture));
}

TEST(BinlogFixtures, EveryPrefixIsALogWithATornEnd) {
  for (const char* name : {"transactions", "ddl", "xa", "compressed", "tagged"}) {
    const Fixture fixture = load_fixture(fmt::format("binlog/{}.hex", name));
    std::size_t decided = 0;
    for (std::size_t size = 200; size <= fixture.bytes.size(); ++size) {
      const ByteView torn = ByteView{fixture.bytes}.first(size);
      const Result<Decisions> decisions =
          read_decisions(source_of(torn), {.internal = xids_of(fixture), .external = {}});
      ASSERT_TRUE(decisions) << name << " " << size << ": " << decisions.error().what;
      ASSERT_GE(decisions->internal.size(), decided);
      decided = decisions->internal.size();
    }
    EXPECT_EQ(decided, xids_of(fixture).size()) << name;
  }
}

TEST(BinlogFixtures, TheFileWasInUse) {
  const Fixture fixture = load_fixture("binlog/transactions.hex");
  EXPECT_EQ(fixture.bytes[kMagic.size() + kEventFlagsOffset] & kInUseFlag, 1);
}

}  // namespace
}  // namespace donord::binlog
