#include "live/page_tracker.hpp"

#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <thread>

#include "support/redo_groups.hpp"
#include "support/redo_records.hpp"
#include "support/redo_stream.hpp"
#include "support/seeded_random.hpp"

namespace donord {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::RedoRecordSpec;
using testing::SeededRandom;
using testing::StoredGroup;
using testing::write_u4;

constexpr Lsn kStart{16'388'108};
constexpr SpaceId kSpace{7};

/// Groups that follow each other.
class Log {
 public:
  const StoredGroup& add(const std::vector<RedoRecordSpec>& records) {
    return groups_.emplace_back(groups_.empty() ? kStart : groups_.back().end(), records);
  }
  [[nodiscard]] const std::vector<StoredGroup>& groups() const { return groups_; }

 private:
  std::vector<StoredGroup> groups_;
};

RedoRecordSpec write_page(std::uint32_t page, SpaceId space = kSpace) {
  return write_u4(space, 100, 1, PageNo{page});
}

void give(const StoredGroup& group, PageTracker& tracker) {
  const Result<> given = group.give(tracker);
  ASSERT_TRUE(given) << given.error().what;
}

std::set<PageId> pages_of(const PageSet& set) {
  std::set<PageId> pages;
  set.for_each([&](PageId page) { pages.insert(page); });
  return pages;
}

PageSet changed(const PageTracker& tracker, Lsn from, Lsn to) {
  const Result<PageSet> pages = tracker.changed(from, to);
  EXPECT_TRUE(pages) << pages.error().what;
  return *pages;
}

TEST(PageTracker, WithoutRedoKnowsThatNothingChanged) {
  PageTracker tracker{FrameHistory{kStart}};
  tracker.publish();
  tracker.close_frame();
  EXPECT_EQ(tracker.parse_from(), kStart);
  EXPECT_EQ(tracker.valid_from(), kStart);
  EXPECT_EQ(tracker.tracked_until(), kStart);
  EXPECT_TRUE(changed(tracker, kStart, kStart).empty());
  EXPECT_TRUE(tracker.history().frames().empty());
}

TEST(PageTracker, ShowsWhatWasPublishedAndNoMore) {
  Log log;
  PageTracker tracker{FrameHistory{kStart}};
  const Lsn first = log.add({write_page(1), write_page(2)}).end();
  give(log.groups().back(), tracker);
  EXPECT_EQ(tracker.tracked_until(), kStart);
  tracker.publish();
  EXPECT_EQ(tracker.tracked_until(), first);
  EXPECT_EQ(pages_of(changed(tracker, kStart, first)), (std::set<PageId>{{kSpace, PageNo{1}}, {kSpace, PageNo{2}}}));

  const Lsn second = log.add({write_page(3)}).end();
  give(log.groups().back(), tracker);
  const Result<PageSet> early = tracker.changed(kStart, second);
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, Errc::unavailable);
  EXPECT_EQ(tracker.events(kStart, second).error().code, Errc::unavailable);
  tracker.publish();
  EXPECT_EQ(changed(tracker, kStart, second).count(), 3U);
}

TEST(PageTracker, AClosedFrameIsToldApartFromWhatFollows) {
  Log log;
  PageTracker tracker{FrameHistory{kStart}};
  const Lsn middle = log.add({write_page(1)}).end();
  give(log.groups().back(), tracker);
  tracker.close_frame();
  const Lsn end = log.add({write_page(2)}).end();
  give(log.groups().back(), tracker);
  tracker.publish();
  EXPECT_EQ(pages_of(changed(tracker, kStart, middle)), (std::set<PageId>{{kSpace, PageNo{1}}}));
  EXPECT_EQ(pages_of(changed(tracker, middle, end)), (std::set<PageId>{{kSpace, PageNo{2}}}));
  EXPECT_EQ(changed(tracker, kStart, end).count(), 2U);
}

TEST(PageTracker, EveryRecordThatNamesAPageCounts) {
  Log log;
  PageTracker tracker{FrameHistory{kStart}};
  log.add({testing::init_page(kSpace, PageNo{1}),
           {.type = innodb::RedoType::page_create, .space = kSpace, .page = PageNo{2}},
           {.type = innodb::RedoType::init_file_page, .space = kSpace, .page = PageNo{3}},
           testing::write_string(kSpace, 38, Bytes(4)),
           testing::dynamic_metadata(),
           testing::file_extend(SpaceId{8}, 0, 16384),
           testing::file_rename(SpaceId{9}, "./a.ibd", "./b.ibd")});
  give(log.groups().back(), tracker);
  tracker.publish();
  const PageSet pages = changed(tracker, kStart, log.groups().back().end());
  EXPECT_EQ(pages_of(pages),
            (std::set<PageId>{{kSpace, PageNo{0}}, {kSpace, PageNo{1}}, {kSpace, PageNo{2}}, {kSpace, PageNo{3}}}));
  EXPECT_TRUE(pages.whole_spaces().empty());
}

TEST(PageTracker, AllPagesOfFilesThatAreNotWhollyInTheLogCount) {
  Log log;
  PageTracker tracker{FrameHistory{kStart}};
  log.add({write_page(3, SpaceId{8}), testing::file_create(SpaceId{8}, "./a.ibd"), write_page(4, SpaceId{8})});
  log.add({testing::index_load(SpaceId{9}), write_page(5, SpaceId{10})});
  log.add({testing::file_delete(SpaceId{11}, "./c.ibd")});
  for (const StoredGroup& group : log.groups()) give(group, tracker);
  tracker.publish();
  const PageSet pages = changed(tracker, kStart, log.groups().back().end());
  EXPECT_THAT(pages.whole_spaces(), ElementsAre(SpaceId{8}, SpaceId{9}, SpaceId{11}));
  EXPECT_EQ(pages_of(pages), (std::set<PageId>{{SpaceId{10}, PageNo{5}}}));
}

TEST(PageTracker, EventsHaveTheirExactPlace) {
  Log log;
  PageTracker tracker{FrameHistory{kStart}, {.frame_bytes = 60}};
  std::vector<LogEvent> expected;
  for (std::uint32_t i = 1; i <= 20; ++i) {
    const StoredGroup& group = log.add({write_page(i), testing::file_rename(SpaceId{i}, "./a.ibd", "./b")});
    expected.push_back({group.start(), group.end(), LogEventKind::file_renamed, SpaceId{i}, "./a.ibd", "./b"});
    give(group, tracker);
  }
  tracker.publish();
  ASSERT_GT(tracker.history().frames().size(), 3U);
  const Lsn end = log.groups().back().end();
  EXPECT_EQ(*tracker.events(kStart, end), expected);
  for (std::size_t from = 0; from < expected.size(); ++from) {
    for (std::size_t to = from; to < expected.size(); ++to) {
      const std::vector<LogEvent> part{expected.begin() + static_cast<std::ptrdiff_t>(from),
                                       expected.begin() + static_cast<std::ptrdiff_t>(to)};
      ASSERT_EQ(*tracker.events(expected[from].lsn, expected[to].lsn), part);
      if (from == to) continue;
      ASSERT_EQ(*tracker.events(expected[from].lsn + 1, Lsn{expected[to].lsn.value() - 1}), part);
    }
  }
}

class PageTrackerImport : public ::testing::Test {
 protected:
  void feed(const std::vector<RedoRecordSpec>& records) { give(log_.add(records), tracker_); }

  /// The tablespaces that were imported, and where.
  std::vector<std::pair<SpaceId, Lsn>> imports() {
    tracker_.publish();
    std::vector<std::pair<SpaceId, Lsn>> found;
    for (const LogEvent& event : *tracker_.events(tracker_.valid_from(), tracker_.tracked_until()))
      if (event.kind == LogEventKind::file_imported) found.emplace_back(event.space, event.lsn);
    return found;
  }

  Log log_;
  PageTracker tracker_{FrameHistory{kStart}};
};

TEST_F(PageTrackerImport, IsSeenWhenPagesOfARemovedFileAreNamed) {
  feed({write_page(1)});
  feed({testing::file_delete(kSpace, "./a.ibd")});
  feed({write_page(1, SpaceId{8})});
  EXPECT_THAT(imports(), IsEmpty());
  tracker_.close_frame();
  feed({write_page(5, SpaceId{8}), write_page(3), write_page(4)});
  feed({write_page(5)});
  const Lsn where = log_.groups()[3].start();
  EXPECT_THAT(imports(), ElementsAre(std::pair{kSpace, where}));
  EXPECT_THAT(changed(tracker_, where, tracker_.tracked_until()).whole_spaces(), ElementsAre(kSpace));
}

TEST_F(PageTrackerImport, IsSeenRightBehindTheRemoval) {
  feed({write_page(1), testing::file_delete(kSpace, "./a.ibd"), write_page(3)});
  EXPECT_THAT(imports(), ElementsAre(std::pair{kSpace, kStart}));
}

TEST_F(PageTrackerImport, IsSeenEachTime) {
  for (int i = 0; i < 3; ++i) {
    feed({testing::file_delete(kSpace, "./a.ibd")});
    feed({write_page(3)});
  }
  EXPECT_EQ(imports().size(), 3U);
}

TEST_F(PageTrackerImport, IsNoneWhenTheFileWasCreated) {
  feed({testing::file_delete(kSpace, "./a.ibd")});
  feed({testing::file_create(kSpace, "./a.ibd"), write_page(3)});
  EXPECT_THAT(imports(), IsEmpty());
}

TEST_F(PageTrackerImport, IsNoneWhenAnUndoTablespaceWasMadeOnceMore) {
  constexpr SpaceId kUndo{0xFFFFFFED};
  feed({testing::file_delete(kUndo, "./x.ibu")});
  feed({testing::init_page(kUndo), write_page(3, kUndo)});
  EXPECT_THAT(imports(), IsEmpty());
}

TEST_F(PageTrackerImport, IsSeenAfterARestart) {
  feed({testing::file_delete(kSpace, "./a.ibd")});
  tracker_.close_frame();
  PageTracker again{tracker_.history()};
  give(log_.groups()[0], again);
  give(log_.add({write_page(3)}), again);
  again.publish();
  EXPECT_EQ(again.events(kStart, again.tracked_until())->back().kind, LogEventKind::file_imported);
}

/// A log with random pages and index builds, as it is fed to a tracker that is treated at random.
class RandomTracking {
 public:
  RandomTracking(SeededRandom& random, FrameLimits limits, std::uint64_t frame_bytes)
      : random_(random), tracker_(FrameHistory{kStart, limits}, {.frame_bytes = frame_bytes}) {}

  void run() {
    for (std::size_t i = 0; i < 400; ++i) {
      give(log_.add(random_records()), tracker_);
      if (random_.one_in(10)) tracker_.publish();
      if (random_.one_in(40)) tracker_.close_frame();
      if (forgets_ && random_.one_in(100)) tracker_.forget_before(log_.groups()[random_.below(i + 1)].start());
    }
  }
  void forgets() { forgets_ = true; }

  [[nodiscard]] const PageTracker& tracker() const { return tracker_; }

  /// The pages that change in [from, to).
  [[nodiscard]] std::set<PageId> pages(Lsn from, Lsn to) const {
    std::set<PageId> pages;
    for (const StoredGroup& group : log_.groups())
      for (const innodb::RedoRecord& record : group.records())
        if (group.start() < to && from < group.end()) pages.insert({record.space, record.page});
    return pages;
  }

  [[nodiscard]] std::set<SpaceId> loaded(Lsn from, Lsn to) const {
    std::set<SpaceId> spaces;
    for (const StoredGroup& group : log_.groups())
      for (const innodb::RedoRecord& record : group.records())
        if (record.type == innodb::RedoType::index_load && group.start() < to && from < group.end())
          spaces.insert(record.space);
    return spaces;
  }

 private:
  std::vector<RedoRecordSpec> random_records() {
    std::vector<RedoRecordSpec> records;
    for (std::size_t n = random_.below(6); n > 0; --n)
      records.push_back(write_page(static_cast<std::uint32_t>(random_.below(1000) * 250), random_space(4)));
    if (random_.one_in(100)) records.push_back(testing::index_load(random_space(20)));
    return records;
  }
  SpaceId random_space(std::uint64_t bound) { return SpaceId{static_cast<std::uint32_t>(random_.below(bound))}; }

  SeededRandom& random_;
  PageTracker tracker_;
  Log log_;
  bool forgets_ = false;
};

/// Calls `check(from, to)` for windows of what the tracker knows.
void for_random_windows(SeededRandom& random, const PageTracker& tracker, const auto& check) {
  for (int i = 0; i < 30; ++i) {
    const Lsn from = tracker.valid_from() + random.below(tracker.tracked_until() - tracker.valid_from() + 1);
    const Lsn to = from + random.below(tracker.tracked_until() - from + 1);
    check(from, to);
  }
}

TEST(PageTracker, NeverReportsTooLittle) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    SeededRandom random{seed};
    const FrameLimits limits{.frames = 1 + random.below(10), .memory_bytes = random.one_in(2) ? 3000U : 1'000'000U};
    RandomTracking tracking{random, limits, 200 + random.below(3000)};
    if (random.one_in(2)) tracking.forgets();
    tracking.run();
    for_random_windows(random, tracking.tracker(), [&](Lsn from, Lsn to) {
      const PageSet reported = changed(tracking.tracker(), from, to);
      for (const PageId& page : tracking.pages(from, to))
        ASSERT_TRUE(reported.contains(page.space, page.page)) << from.value() << " to " << to.value();
      for (const SpaceId space : tracking.loaded(from, to)) ASSERT_TRUE(reported.whole_spaces().contains(space));
    });
  }
}

TEST(PageTracker, ReportsNothingThatChangedMoreThanAFrameAway) {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    SeededRandom random{seed};
    const std::uint64_t frame_bytes = 200 + random.below(3000);
    constexpr std::uint64_t kLargestGroupBytes = 512;
    RandomTracking tracking{random, {}, frame_bytes};
    tracking.run();
    for_random_windows(random, tracking.tracker(), [&](Lsn from, Lsn to) {
      const std::uint64_t margin = frame_bytes + kLargestGroupBytes;
      const std::set<PageId> near = tracking.pages(Lsn{from.value() - margin}, to + margin);
      for (const PageId& page : pages_of(changed(tracking.tracker(), from, to))) ASSERT_TRUE(near.contains(page));
    });
  }
}

TEST(PageTracker, SaysFromWhereItKnows) {
  Log log;
  PageTracker tracker{FrameHistory{kStart}, {.frame_bytes = 100}};
  for (std::uint32_t i = 0; i < 100; ++i) give(log.add({write_page(i)}), tracker);
  const Lsn middle = log.groups()[50].start();
  tracker.forget_before(middle);
  EXPECT_GT(tracker.valid_from(), kStart);
  EXPECT_LE(tracker.valid_from(), middle);
  const Result<PageSet> pages = tracker.changed(kStart, middle);
  ASSERT_FALSE(pages);
  EXPECT_EQ(pages.error().code, Errc::not_found);
  EXPECT_EQ(pages.error().what,
            fmt::format("changed pages are known from LSN {} on, not from {}", tracker.valid_from(), kStart));
  EXPECT_TRUE(tracker.changed(middle, tracker.tracked_until()));
}

TEST(PageTracker, GroupsThatDoNotFollowEndIt) {
  Log log;
  PageTracker tracker{FrameHistory{kStart}};
  for (std::uint32_t i = 0; i < 3; ++i) log.add({write_page(i)});
  give(log.groups()[0], tracker);
  tracker.publish();
  const Result<> gap = log.groups()[2].give(tracker);
  ASSERT_FALSE(gap);
  EXPECT_EQ(gap.error().code, Errc::conflict);
  EXPECT_EQ(log.groups()[1].give(tracker).error().what, gap.error().what) << "errors are final";
  tracker.publish();
  EXPECT_EQ(tracker.tracked_until(), log.groups()[0].end());
  EXPECT_EQ(changed(tracker, kStart, tracker.tracked_until()).count(), 1U);
}

TEST(PageTracker, ALogMayBeginInsideOfAGroupAndBeforeTheCheckpoint) {
  Log log;
  for (std::uint32_t i = 0; i < 3; ++i) log.add({write_page(i), write_page(100 + i)});
  const Lsn inside = log.groups()[1].start() + 3;
  PageTracker from_its_block{FrameHistory{inside}};
  for (const StoredGroup& group : log.groups()) give(group, from_its_block);
  from_its_block.publish();
  EXPECT_EQ(from_its_block.valid_from(), inside);
  EXPECT_TRUE(changed(from_its_block, inside, log.groups()[1].end()).contains(kSpace, PageNo{1}));

  PageTracker from_a_later_block{FrameHistory{inside}};
  give(log.groups()[2], from_a_later_block);
  from_a_later_block.publish();
  EXPECT_EQ(changed(from_a_later_block, inside, log.groups()[2].end()).count(), 2U);
}

TEST(PageTracker, TakesTheLogsOfARealServer) {
  for (const std::string& name : testing::redo_fixtures()) {
    const testing::RedoStream stream = testing::redo_fixture(name);
    PageTracker tracker{FrameHistory{stream.first_block}, {.frame_bytes = 4096}};
    innodb::RedoParser parser{tracker.parse_from()};
    const Result<> fed = testing::feed(parser, stream, tracker);
    ASSERT_TRUE(fed) << name << ": " << fed.error().what;
    tracker.publish();
    EXPECT_EQ(tracker.tracked_until(), parser.complete_until()) << name;

    struct : innodb::RedoSink {
      Result<> group(const innodb::RedoGroup& group) override {
        for (const innodb::RedoRecord& record : group.records)
          if (innodb::names_a_page(record.type) && !innodb::is_file_operation(record.type))
            pages.insert(record.space, record.page);
        return {};
      }
      PageSet pages;
    } direct;
    innodb::RedoParser again{stream.first_block};
    ASSERT_TRUE(testing::feed(again, stream, direct));
    const PageSet reported = changed(tracker, tracker.valid_from(), tracker.tracked_until());
    EXPECT_FALSE(reported.empty()) << name;
    for (const SpaceId space : reported.whole_spaces()) direct.pages.insert_all(space);
    EXPECT_EQ(reported, direct.pages) << name;
  }
}

/// What a tracker knows that saw the first 60 groups: frames of about five groups, of which the first is marked.
class PageTrackerResume : public ::testing::Test {
 protected:
  PageTrackerResume() {
    for (std::uint32_t i = 0; i < 100; ++i) log_.add({write_page(i), write_page(1000 + i)});
    PageTracker tracker{FrameHistory{kStart}, {.frame_bytes = 150}};
    for (std::size_t i = 0; i < 60; ++i) give(log_.groups()[i], tracker);
    tracker.close_frame();
    history_ = tracker.history();
    while (log_.groups()[marked_].start() != history_.frames().back()->mark.start) ++marked_;
  }

  [[nodiscard]] Lsn end() const { return log_.groups().back().end(); }

  Log log_;
  FrameHistory history_{kStart};
  std::size_t marked_ = 0;  ///< the last group that was marked
};

TEST_F(PageTrackerResume, GoesOnWhenTheLogDoes) {
  ASSERT_LT(marked_, 59U);
  PageTracker tracker{history_};
  EXPECT_EQ(tracker.parse_from(), log_.groups()[marked_].start());
  EXPECT_EQ(tracker.tracked_until(), kStart) << "not before the log was seen";
  EXPECT_EQ(tracker.changed(kStart, log_.groups()[marked_].end()).error().code, Errc::unavailable);
  for (std::size_t i = marked_ - 3; i < 100; ++i) give(log_.groups()[i], tracker);
  EXPECT_EQ(tracker.tracked_until(), log_.groups()[marked_].end());
  tracker.publish();
  EXPECT_EQ(changed(tracker, kStart, end()).count(), 200U);
}

TEST_F(PageTrackerResume, IsConfirmedByTheMarkedGroupAlone) {
  PageTracker tracker{history_};
  give(log_.groups()[marked_], tracker);
  EXPECT_EQ(tracker.tracked_until(), log_.groups()[marked_].end());
  const PageSet pages = changed(tracker, kStart, tracker.tracked_until());
  for (std::uint32_t i = 0; i <= marked_; ++i) EXPECT_TRUE(pages.contains(kSpace, PageNo{1000 + i}));
}

TEST_F(PageTrackerResume, WhatFollowsTheMarkedGroupIsThatOfTheLogAsItIsNow) {
  PageTracker tracker{history_};
  give(log_.groups()[marked_], tracker);
  const StoredGroup other{log_.groups()[marked_].end(), {write_page(7000), testing::index_load(SpaceId{9})}};
  give(other, tracker);
  tracker.close_frame();
  EXPECT_TRUE(changed(tracker, other.start(), other.end()).contains(kSpace, PageNo{7000}));
  EXPECT_EQ(tracker.events(other.start(), other.end())->size(), 1U);
}

TEST_F(PageTrackerResume, ALogThatWentAnotherWayIsRefused) {
  const Lsn start = log_.groups()[marked_].start();
  const auto page = static_cast<std::uint32_t>(marked_);
  const StoredGroup others[] = {
      {start, {write_page(page), write_page(999 + page)}},                            // another page
      {start, {write_page(page), write_u4(kSpace, 100, 2, PageNo{1000 + page})}},     // another value
      {start, {write_page(page)}},                                                    // another length
      {start + 2, {write_page(page), write_page(1000 + page)}},                       // another place
      {Lsn{start.value() - 2}, {write_page(page), write_page(1000 + page)}},          // across it
      {log_.groups()[marked_].end(), {write_page(page + 1), write_page(page + 1)}}};  // behind it
  for (const StoredGroup& other : others) {
    PageTracker tracker{history_};
    const Result<> given = other.give(tracker);
    ASSERT_FALSE(given) << other.start().value();
    EXPECT_EQ(given.error().code, Errc::conflict);
    EXPECT_THAT(given.error().what, HasSubstr("is not the one whose pages were tracked"));
    tracker.close_frame();
    EXPECT_EQ(tracker.changed(kStart, start).error().code, Errc::unavailable);
  }
}

TEST_F(PageTrackerResume, WithoutFramesBeginsAnew) {
  PageTracker tracker{FrameHistory{kStart}};
  EXPECT_EQ(tracker.parse_from(), kStart);
  give(log_.groups()[0], tracker);
  tracker.publish();
  EXPECT_EQ(changed(tracker, kStart, log_.groups()[0].end()).count(), 2U);
}

TEST(PageTracker, MarksAGroupEverySoOften) {
  Log log;
  PageTracker tracker{FrameHistory{kStart}};
  for (std::uint32_t i = 0; i < 30'000; ++i) give(log.add({write_page(i)}), tracker);
  tracker.close_frame();
  const TrackedFrame& frame = *tracker.history().frames().front();
  EXPECT_GT(frame.to - frame.mark.start, 0U);
  EXPECT_LT(frame.to - frame.mark.start, 66'000U);
  ASSERT_GT(frame.to - frame.from, 150'000U);
}

TEST(PageTrackerThreads, WhoAsksWhileItIsFedNeverGetsTooLittle) {
  constexpr std::uint32_t kGroups = 20'000;
  Log log;
  std::map<Lsn, std::uint32_t> groups_before;
  for (std::uint32_t i = 0; i < kGroups; ++i) groups_before[log.add({write_page(i)}).end()] = i + 1;

  PageTracker tracker{FrameHistory{kStart, {.frames = 8}}, {.frame_bytes = 2000}};
  std::atomic<bool> done = false;
  const auto ask = [&] {
    std::size_t asked = 0;
    while (!done || asked == 0) {
      const Lsn until = tracker.tracked_until();
      const Result<PageSet> pages = tracker.changed(kStart, until);
      ASSERT_TRUE(pages) << pages.error().what;
      ASSERT_TRUE(tracker.events(kStart, until));
      (void)tracker.history();
      if (until == kStart) continue;
      ASSERT_TRUE(groups_before.contains(until));
      for (std::uint32_t i = 0; i < groups_before[until]; i += 7) ASSERT_TRUE(pages->contains(kSpace, PageNo{i}));
      ++asked;
    }
  };
  std::thread one{ask};
  std::thread other{ask};
  for (std::uint32_t i = 0; i < kGroups; ++i) {
    give(log.groups()[i], tracker);
    if (i % 10 == 0) tracker.publish();
    if (i % 501 == 0) tracker.close_frame();
  }
  tracker.publish();
  done = true;
  one.join();
  other.join();
  EXPECT_EQ(changed(tracker, kStart, tracker.tracked_until()).count(), kGroups);
}

TEST(PageTracker, EndsWhenTheServerHasNotLoggedForAWhile) {
  constexpr std::uint16_t kTransactionId = 38;
  const auto next_transaction = [](std::uint64_t id) {
    return testing::write_u8(SpaceId{0}, kTransactionId, id, PageNo{5});
  };
  Log log;
  log.add({next_transaction(256 * 17 + 1)});
  log.add({next_transaction(256 * 18 + 3)});
  log.add({next_transaction(256 * 19 + 200)});
  PageTracker tracker{FrameHistory{kStart}};
  give(log.groups()[0], tracker);
  give(log.groups()[1], tracker);
  EXPECT_EQ(log.groups()[2].give(tracker).error().code, Errc::redo_disabled);
}

}  // namespace
}  // namespace donord
