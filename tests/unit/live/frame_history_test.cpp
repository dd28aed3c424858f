#include "live/frame_history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/codec.hpp"
#include "support/damage.hpp"

namespace donord {
namespace {

constexpr SpaceId kSpace{7};

/// Of 1000 bytes of the log; names one page.
TrackedFrame frame(std::uint32_t number) {
  const Lsn from{number * 1000ULL};
  TrackedFrame frame{.from = from, .to = from + 1000, .mark = {from + 600, from + 700, number}};
  frame.pages.insert(kSpace, PageNo{number});
  frame.events.push_back({.lsn = frame.from, .end = frame.to, .kind = LogEventKind::index_loaded, .space = kSpace});
  return frame;
}

FrameHistory history_of(std::uint32_t frames, FrameLimits limits) {
  FrameHistory history{Lsn{0}, limits};
  for (std::uint32_t i = 0; i < frames; ++i) history.add(frame(i));
  return history;
}

/// Every frame begins where the one before ends, and has all pages and events of its range.
void expect_complete(const FrameHistory& history) {
  Lsn at = history.from();
  std::size_t memory = 0;
  for (const SharedFrame& frame : history.frames()) {
    EXPECT_EQ(frame->from, at);
    at = frame->to;
    memory += frame->memory_bytes();
    std::vector<Lsn> events;
    for (const LogEvent& event : frame->events) events.push_back(event.lsn);
    std::vector<Lsn> expected;
    for (Lsn lsn = frame->from; lsn < frame->to; lsn = lsn + 1000) {
      expected.push_back(lsn);
      EXPECT_TRUE(frame->pages.contains(kSpace, PageNo{static_cast<std::uint32_t>(lsn.value() / 1000)}));
    }
    EXPECT_EQ(events, expected);
    EXPECT_EQ(frame->pages.count(), expected.size());
    EXPECT_EQ(frame->mark.checksum, frame->to.value() / 1000 - 1) << "of the last of them";
  }
  EXPECT_EQ(at, history.to());
  EXPECT_EQ(memory, history.memory_bytes());
}

TEST(FrameHistory, WithoutFramesBeginsAndEndsAtItsStart) {
  const FrameHistory history{Lsn{4711}};
  EXPECT_EQ(history.from(), Lsn{4711});
  EXPECT_EQ(history.to(), Lsn{4711});
  EXPECT_TRUE(history.overlapping(Lsn{0}, Lsn{10'000}).empty());
}

TEST(FrameHistory, FindsTheFramesOfARange) {
  const FrameHistory history = history_of(10, {});
  const auto first_and_count = [&](std::uint64_t from, std::uint64_t to) {
    const std::vector<SharedFrame> found = history.overlapping(Lsn{from}, Lsn{to});
    return std::pair{found.empty() ? 0 : found.front()->from.value(), found.size()};
  };
  EXPECT_EQ(first_and_count(0, 1), (std::pair{0UL, 1UL}));
  EXPECT_EQ(first_and_count(999, 1000), (std::pair{0UL, 1UL}));
  EXPECT_EQ(first_and_count(1000, 1001), (std::pair{1000UL, 1UL}));
  EXPECT_EQ(first_and_count(999, 1001), (std::pair{0UL, 2UL}));
  EXPECT_EQ(first_and_count(3500, 10'000), (std::pair{3000UL, 7UL}));
  EXPECT_EQ(first_and_count(10'000, 20'000).second, 0U);
  EXPECT_EQ(first_and_count(5000, 2000).second, 0U);
}

TEST(FrameHistory, BecomesCoarserWithAgeAndLosesNoPage) {
  const FrameHistory history = history_of(5000, {.frames = 50});
  EXPECT_EQ(history.frames().size(), 50U);
  EXPECT_EQ(history.from(), Lsn{0});
  expect_complete(history);
  for (const SharedFrame& frame : history.frames()) {
    const std::uint64_t age = history.to() - frame->from;
    const std::uint64_t length = frame->to - frame->from;
    EXPECT_LE(length, 1000 + age / 3) << "at " << frame->from.value();
  }
  EXPECT_EQ(history.frames().back()->to - history.frames().back()->from, 1000U);
}

TEST(FrameHistory, BeginsLaterWhenItWouldNeedTooMuchMemory) {
  const std::size_t one = frame(1).memory_bytes();
  const FrameHistory history = history_of(1000, {.frames = 50, .memory_bytes = 20 * one});
  EXPECT_LE(history.memory_bytes(), 20 * one);
  EXPECT_GT(history.from(), Lsn{0});
  EXPECT_EQ(history.to(), Lsn{1'000'000});
  expect_complete(history);
}

TEST(FrameHistory, KeepsTheNewestFrameHoweverSmallTheLimit) {
  const FrameHistory history = history_of(100, {.frames = 50, .memory_bytes = 1});
  ASSERT_EQ(history.frames().size(), 1U);
  EXPECT_EQ(history.from(), Lsn{99'000});
  expect_complete(history);
}

TEST(FrameHistory, ForgetsWholeFramesOnly) {
  FrameHistory history = history_of(10, {});
  history.forget_before(Lsn{3500});
  EXPECT_EQ(history.from(), Lsn{3000});
  expect_complete(history);
  history.forget_before(Lsn{99'999});
  EXPECT_EQ(history.from(), Lsn{10'000});
  EXPECT_EQ(history.to(), Lsn{10'000});
  EXPECT_EQ(history.memory_bytes(), 0U);
  history.add(frame(10));
  expect_complete(history);
}

TEST(FrameHistory, EndsAtItsLastMarkedGroup) {
  FrameHistory history = history_of(10, {});
  const std::vector<SharedFrame> before = history.frames();
  history.end_at_mark();
  EXPECT_EQ(history.to(), Lsn{9700});
  EXPECT_EQ(history.frames().back()->to, Lsn{9700});
  EXPECT_EQ(history.frames().back()->pages, before.back()->pages);
  EXPECT_EQ(*history.frames()[8], *before[8]);
  EXPECT_EQ(before.back()->to, Lsn{10'000});

  FrameHistory without_frames{Lsn{4711}};
  without_frames.end_at_mark();
  EXPECT_EQ(without_frames.to(), Lsn{4711});
}

TEST(FrameHistory, WhoHoldsAFrameKeepsItAsItWas) {
  FrameHistory history = history_of(4, {.frames = 4});
  const std::vector<SharedFrame> held = history.overlapping(Lsn{0}, Lsn{4000});
  for (std::uint32_t i = 4; i < 100; ++i) history.add(frame(i));
  for (std::uint32_t i = 0; i < 4; ++i) EXPECT_EQ(*held[i], frame(i));
}

TEST(TrackedFrame, ReadsAsItWasWritten) {
  TrackedFrame whole = frame(3);
  whole.append(frame(4));
  whole.events.front().path = "./db/t.ibd";
  const Bytes bytes = encode(whole);
  EXPECT_EQ(*decode<TrackedFrame>(bytes), whole);
  testing::survives_damage<TrackedFrame>(bytes);
}

TEST(TrackedFrame, WhatIsBehindTheMarkCanBeLeftOut) {
  TrackedFrame cut = frame(3);
  LogEvent later = cut.events.front();
  later.lsn = cut.mark.end;
  cut.events.push_back(later);
  cut.end_at_mark();
  EXPECT_EQ(cut.to, Lsn{3700});
  EXPECT_EQ(cut.events, frame(3).events);
}

TEST(TrackedFrame, AMarkOutsideOfTheFrameIsRefused) {
  for (const GroupMark& mark :
       {GroupMark{Lsn{3600}, Lsn{4001}}, GroupMark{Lsn{2900}, Lsn{3000}}, GroupMark{Lsn{3600}, Lsn{3600}}}) {
    TrackedFrame wrong = frame(3);
    wrong.mark = mark;
    EXPECT_EQ(decode<TrackedFrame>(encode(wrong)).error().what,
              "TrackedFrame.mark_end at 32: not a group of the frame");
  }
  TrackedFrame first = frame(3);
  first.mark = {Lsn{2900}, Lsn{3001}};
  EXPECT_TRUE(decode<TrackedFrame>(encode(first))) << "it may have begun before";
}

TEST(TrackedFrame, WithoutALengthIsRefused) {
  TrackedFrame empty = frame(3);
  empty.to = empty.from;
  EXPECT_EQ(decode<TrackedFrame>(encode(empty)).error().what, "TrackedFrame.to at 16: not behind from");
}

TEST(TrackedFrame, MoreEventsThanFitAreRefused) {
  Bytes bytes = encode(frame(3));
  bytes[36] = 0xFF;
  EXPECT_FALSE(decode<TrackedFrame>(bytes));
}

TEST(TrackedFrame, AGroupIsKnownAgain) {
  const std::array<std::uint8_t, 2> body = {1, 2};
  std::vector<innodb::RedoRecord> records = {{.type = innodb::RedoType::two_bytes, .space = kSpace, .body = body},
                                             {.type = innodb::RedoType::init_file_page2, .space = kSpace}};
  const auto mark = [&] { return mark_of({.start = Lsn{8204}, .end = Lsn{8300}, .records = records}); };
  const GroupMark original = mark();
  EXPECT_EQ(original.start, Lsn{8204});
  EXPECT_EQ(original.end, Lsn{8300});
  EXPECT_EQ(mark(), original);
  records[1].page = PageNo{1};
  EXPECT_NE(mark(), original);
  records[1].page = PageNo{0};
  records[1].type = innodb::RedoType::init_file_page;
  EXPECT_NE(mark(), original);
  records.pop_back();
  EXPECT_NE(mark(), original);
}

}  // namespace
}  // namespace donord
