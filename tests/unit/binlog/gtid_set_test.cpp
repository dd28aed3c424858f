#include "binlog/gtid_set.hpp"

#include <gmock/gmock.h>
#include <random>
#include <set>

#include "support/binlog_builder.hpp"

namespace donord::binlog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::make_gtid;

const std::string kUuid = to_text(make_gtid(1).uuid);

GtidSet set_of(const std::vector<std::int64_t>& numbers, std::string_view tag = {}) {
  GtidSet set;
  for (const std::int64_t number : numbers) set.add(make_gtid(number, tag));
  return set;
}

GtidSet range(std::int64_t first, std::int64_t last, std::string_view tag = {}) {
  GtidSet set;
  for (std::int64_t number = first; number <= last; ++number) set.add(make_gtid(number, tag));
  return set;
}

/// The texts of entries of version 1.
std::vector<std::string> texts(const std::vector<PersistedGtid>& entries) {
  std::vector<std::string> found;
  for (const PersistedGtid& entry : entries) {
    EXPECT_EQ(entry.version, 1);
    EXPECT_EQ(entry.bytes.back(), 0) << "the text has an end";
    const std::string_view bytes = as_text(entry.bytes);
    found.emplace_back(bytes.substr(0, bytes.find('\0')));
  }
  return found;
}

TEST(GtidSet, JoinsWhatFollowsOneAnother) {
  EXPECT_TRUE(GtidSet{}.empty());
  EXPECT_EQ(to_text(GtidSet{}), "");
  EXPECT_EQ(to_text(set_of({5})), kUuid + ":5");
  EXPECT_EQ(to_text(set_of({5, 7})), kUuid + ":5:7");
  EXPECT_EQ(to_text(set_of({5, 7, 6})), kUuid + ":5-7");
  EXPECT_EQ(to_text(set_of({3, 2, 1, 2, 3, 9, 8})), kUuid + ":1-3:8-9");
  EXPECT_EQ(to_text(set_of({kLastGtid, 1})), fmt::format("{}:1:{}", kUuid, kLastGtid));
}

TEST(GtidSet, KeepsSourcesAndTagsApart) {
  GtidSet set = set_of({1, 2});
  set.add(make_gtid(1, "tag"));
  Gtid other = make_gtid(3);
  other.uuid = {};
  set.add(other);
  EXPECT_EQ(to_text(set), fmt::format("00000000-0000-0000-0000-000000000000:3,{}:1-2,{}:tag:1", kUuid, kUuid));
}

TEST(GtidSet, IsTheSameInWhateverOrderItWasMade) {
  std::mt19937 random{1};
  for (int round = 0; round < 200; ++round) {
    std::set<std::int64_t> numbers;
    GtidSet set;
    for (int i = 0; i < 40; ++i) {
      const std::int64_t number = 1 + static_cast<std::int64_t>(random() % 60);
      numbers.insert(number);
      set.add(make_gtid(number));
    }
    EXPECT_EQ(to_text(set), to_text(set_of({numbers.begin(), numbers.end()})));
  }
}

TEST(PersistedGtidSet, TakesTheWholeRangesThatAreNeeded) {
  EXPECT_THAT(persisted(GtidSet{}, range(1, 9)), IsEmpty());
  EXPECT_THAT(texts(persisted(set_of({5}), range(1, 1078))), ElementsAre(kUuid + ":1-1078"));
  EXPECT_THAT(texts(persisted(set_of({5, 6, 8}), set_of({1, 2, 5, 6, 7, 8, 20, 21}))), ElementsAre(kUuid + ":5-8"))
      << "what is not needed is left out where that costs nothing";
  EXPECT_THAT(texts(persisted(set_of({5}, "tag"), range(4, 5, "tag"))), ElementsAre(kUuid + ":tag:4-5"));
}

TEST(PersistedGtidSet, PutsAsManyRangesIntoAnEntryAsItHasRoomFor) {
  GtidSet set;
  for (std::int64_t number = 100; number < 140; number += 2) set.add(make_gtid(number));
  const std::vector<std::string> found = texts(persisted(set, set));
  EXPECT_THAT(found, ElementsAre(kUuid + ":100:102:104:106:108:110", kUuid + ":112:114:116:118:120:122",
                                 kUuid + ":124:126:128:130:132:134", kUuid + ":136:138"));
  for (const std::string& text : found) EXPECT_LT(text.size(), kPersistedGtidBytes);
}

TEST(PersistedGtidSet, SourcesHaveEntriesOfTheirOwn) {
  GtidSet set = set_of({1});
  set.add(make_gtid(1, "tag"));
  EXPECT_THAT(texts(persisted(set, set)), ElementsAre(kUuid + ":1", kUuid + ":tag:1"));
}

TEST(PersistedGtidSet, WhatNoTextHasRoomForIsWrittenOneByOne) {
  const std::string tag = "tag_of_more_than_twenty_letters_";
  const std::vector<PersistedGtid> tagged = persisted(set_of({2, 3, 9}, tag), range(1, 9, tag));
  ASSERT_EQ(tagged.size(), 3U) << "and only what is needed";
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(tagged[i].version, 2);
    EXPECT_EQ(tagged[i].bytes, persisted(make_gtid(i < 2 ? 2 + static_cast<std::int64_t>(i) : 9, tag)).bytes);
  }
  const GtidSet large = set_of({kLastGtid - 1, kLastGtid});
  EXPECT_THAT(texts(persisted(large, large)),
              ElementsAre(fmt::format("{}:{}", kUuid, kLastGtid - 1), fmt::format("{}:{}", kUuid, kLastGtid)));
}

}  // namespace
}  // namespace donord::binlog
