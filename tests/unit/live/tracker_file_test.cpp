#include "live/tracker_file.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/codec.hpp"
#include "base/crc32c.hpp"
#include "base/endian.hpp"
#include "fault/fault_injector.hpp"
#include "support/datadir_builder.hpp"
#include "support/redo_groups.hpp"
#include "support/redo_records.hpp"

namespace donord {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::StoredGroup;

constexpr Lsn kStart{16'388'108};
constexpr SpaceId kSpace{7};
constexpr TrackedLog kLog{.uuid = 0xA1B2C3D4, .page_size_bytes = 16384};

class TrackerFileTest : public ::testing::Test {
 protected:
  void TearDown() override { process_faults().arm({}); }

  /// A group that changes the next page, and renames a file.
  void feed(PageTracker& tracker) {
    fed_.push_back({next_,
                    {testing::write_u4(kSpace, 100, 1, PageNo{page_}),
                     testing::file_rename(SpaceId{page_}, "./a.ibd", "./b.ibd")}});
    ++page_;
    next_ = fed_.back().end();
    const Result<> given = fed_.back().give(tracker);
    ASSERT_TRUE(given) << given.error().what;
  }
  /// As if the last group had not been.
  void unfeed() {
    next_ = fed_.back().start();
    fed_.pop_back();
    --page_;
  }
  void feed_frame(PageTracker& tracker, int groups = 3) {
    for (int i = 0; i < groups; ++i) feed(tracker);
    tracker.close_frame();
  }

  TrackerFile create() const {
    Result<TrackerFile> file = TrackerFile::create(path_, kLog, kStart);
    EXPECT_TRUE(file) << file.error().what;
    return std::move(*file);
  }

  OpenedTrackerFile open() const {
    Result<OpenedTrackerFile> opened = TrackerFile::open(path_, kLog);
    EXPECT_TRUE(opened) << opened.error().what;
    return std::move(*opened);
  }

  static void save(TrackerFile& file, const PageTracker& tracker) {
    const Result<> saved = file.save(tracker);
    ASSERT_TRUE(saved) << saved.error().what;
  }

  Bytes content() const { return *read_file(path_, 1 << 24); }
  void write(ByteView bytes) const { std::ofstream{path_, std::ios::binary | std::ios::trunc} << as_text(bytes); }

  testing::ScratchDirectory directory_;
  fs::path path_ = directory_.path() / "pages";
  std::vector<StoredGroup> fed_;
  Lsn next_ = kStart;
  std::uint32_t page_ = 0;
};

/// What one history knows, the other does too, to the same LSN.
void expect_same(const FrameHistory& found, const FrameHistory& expected) {
  EXPECT_EQ(found.from(), expected.from());
  EXPECT_EQ(found.to(), expected.to());
  ASSERT_EQ(found.frames().size(), expected.frames().size());
  for (std::size_t i = 0; i < found.frames().size(); ++i) EXPECT_EQ(*found.frames()[i], *expected.frames()[i]) << i;
}

TEST_F(TrackerFileTest, ANewOneKnowsNothing) {
  EXPECT_EQ(TrackerFile::open(path_, kLog).error().code, Errc::not_found);
  EXPECT_EQ(create().saved_until(), kStart);
  const OpenedTrackerFile opened = open();
  EXPECT_EQ(opened.file.saved_until(), kStart);
  EXPECT_FALSE(opened.damage);
  expect_same(opened.history, FrameHistory{kStart});
  EXPECT_EQ(std::distance(fs::directory_iterator{directory_.path()}, {}), 1);
}

TEST_F(TrackerFileTest, HasWhatWasSaved) {
  TrackerFile file = create();
  PageTracker tracker{FrameHistory{kStart}};
  for (int i = 0; i < 5; ++i) {
    feed_frame(tracker);
    save(file, tracker);
    EXPECT_EQ(file.saved_until(), next_);
    expect_same(open().history, tracker.history());
  }
  feed(tracker);
  tracker.publish();
  save(file, tracker);
  EXPECT_LT(file.saved_until(), next_) << "an open frame is not saved";
}

TEST_F(TrackerFileTest, ATrackerGoesOnAfterARestart) {
  PageTracker before{FrameHistory{kStart}};
  {
    TrackerFile file = create();
    for (int i = 0; i < 3; ++i) feed_frame(before);
    save(file, before);
  }
  for (int restart = 0; restart < 3; ++restart) {
    OpenedTrackerFile opened = open();
    PageTracker tracker{opened.history};
    while (fed_.back().start() > tracker.parse_from()) unfeed();
    ASSERT_TRUE(fed_.back().give(tracker));
    feed_frame(tracker);
    save(opened.file, tracker);
    expect_same(open().history, tracker.history());
    feed_frame(tracker);
    save(opened.file, tracker);
    expect_same(open().history, tracker.history());
    EXPECT_EQ(tracker.changed(kStart, next_)->count(), page_);
    EXPECT_EQ(tracker.events(kStart, next_)->size(), page_);
  }
}

TEST_F(TrackerFileTest, WhatIsTrackedAnewAfterARestartReplacesWhatWasSaved) {
  {
    TrackerFile file = create();
    PageTracker before{FrameHistory{kStart}};
    feed_frame(before, 10);
    save(file, before);
  }
  OpenedTrackerFile opened = open();
  PageTracker tracker{opened.history};
  while (fed_.back().start() > tracker.parse_from()) unfeed();
  ASSERT_TRUE(fed_.back().give(tracker));
  page_ += 1000;  // the log goes on in another way
  feed_frame(tracker, 2);
  save(opened.file, tracker);
  const FrameHistory found = open().history;
  ASSERT_EQ(found.to(), next_);
  EXPECT_TRUE(found.frames().back()->pages.contains(kSpace, PageNo{page_ - 2}));
  EXPECT_EQ(found.frames().back()->from, fed_[0].end());
}

TEST_F(TrackerFileTest, FramesThatBecameOneSinceAreAppendedFromWhereTheFileEnds) {
  TrackerFile file = create();
  PageTracker tracker{FrameHistory{kStart, {.frames = 3}}};
  Lsn at = kStart;
  for (int i = 0; i < 60; ++i) {
    feed_frame(tracker, 1 + i % 3);
    if (i % 7 != 0) continue;
    save(file, tracker);
    const FrameHistory found = open().history;
    ASSERT_EQ(found.to(), next_);
    std::vector<LogEvent> events;
    PageSet pages;
    for (const SharedFrame& frame : found.frames()) {
      events.insert(events.end(), frame->events.begin(), frame->events.end());
      pages.merge(frame->pages);
    }
    EXPECT_EQ(events, *tracker.events(kStart, next_)) << "each of them once";
    EXPECT_EQ(pages, *tracker.changed(kStart, next_));
    at = next_;
  }
  EXPECT_GT(at, kStart);
}

TEST_F(TrackerFileTest, OfAFileThatEndsAnywhereTheWholeFramesAreLeft) {
  PageTracker tracker{FrameHistory{kStart}};
  std::vector<std::size_t> ends;
  {
    TrackerFile file = create();
    ends.push_back(content().size());
    for (int i = 0; i < 3; ++i) {
      feed_frame(tracker, 2);
      save(file, tracker);
      ends.push_back(content().size());
    }
  }
  const Bytes whole = content();
  const std::vector<SharedFrame> frames = tracker.history().frames();
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    write(ByteView{whole}.first(length));
    Result<OpenedTrackerFile> opened = TrackerFile::open(path_, kLog);
    if (length < ends.front()) {
      ASSERT_FALSE(opened) << length;
      continue;
    }
    ASSERT_TRUE(opened) << length << ": " << opened.error().what;
    const auto left = static_cast<std::size_t>(std::ranges::upper_bound(ends, length) - ends.begin()) - 1;
    ASSERT_EQ(opened->history.frames().size(), left) << length;
    ASSERT_EQ(opened->damage.has_value(), length != ends[left]) << length;
    for (std::size_t i = 0; i < left; ++i) ASSERT_EQ(*opened->history.frames()[i], *frames[i]) << length;
    ASSERT_EQ(content().size(), length) << "nothing is changed";

    // What was lost is tracked again and saved.
    if (length % 16 != 0) continue;
    save(opened->file, tracker);
    ASSERT_EQ(open().history.to(), next_) << length;
  }
}

TEST_F(TrackerFileTest, OfADamagedFileTheFramesBeforeTheDamageAreLeft) {
  PageTracker tracker{FrameHistory{kStart}};
  std::vector<std::size_t> ends;
  {
    TrackerFile file = create();
    ends.push_back(content().size());
    for (int i = 0; i < 3; ++i) {
      feed_frame(tracker, 1);
      save(file, tracker);
      ends.push_back(content().size());
    }
  }
  const Bytes whole = content();
  const std::vector<SharedFrame> frames = tracker.history().frames();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int mask : {0x01, 0x80}) {
      Bytes damaged = whole;
      damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ mask);
      write(damaged);
      const Result<OpenedTrackerFile> opened = TrackerFile::open(path_, kLog);
      if (at < ends.front()) {
        ASSERT_FALSE(opened) << at;
        continue;
      }
      ASSERT_TRUE(opened) << at << ": " << opened.error().what;
      ASSERT_TRUE(opened->damage) << at;
      const auto left = static_cast<std::size_t>(std::ranges::upper_bound(ends, at) - ends.begin()) - 1;
      ASSERT_EQ(opened->history.frames().size(), left) << at;
      for (std::size_t i = 0; i < left; ++i) ASSERT_EQ(*opened->history.frames()[i], *frames[i]) << at;
    }
  }
}

TEST_F(TrackerFileTest, TheFileOfAnotherLogIsLeftAlone) {
  create();
  const Bytes before = content();
  for (const TrackedLog& other : {TrackedLog{kLog.uuid + 1, 16384}, TrackedLog{kLog.uuid, 8192}}) {
    const Result<OpenedTrackerFile> opened = TrackerFile::open(path_, other);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Errc::conflict);
  }
  EXPECT_EQ(content(), before);
}

TEST_F(TrackerFileTest, AHeaderIsReadAsItWasWritten) {
  const TrackerFileHeader header{kLog, Lsn{0x0102030405060708}};
  const Bytes bytes = header.encode();
  EXPECT_EQ(bytes.size(), TrackerFileHeader::kBytes);
  EXPECT_EQ(*TrackerFileHeader::decode(bytes), header);

  Bytes later = bytes;
  store_u32be(later, 8, 2);
  store_u32be(later, 28, crc32c(ByteView{later}.first(28)));
  EXPECT_EQ(TrackerFileHeader::decode(later).error().code, Errc::unsupported_version);
  EXPECT_EQ(TrackerFileHeader::decode(Bytes(32)).error().code, Errc::malformed);
  EXPECT_EQ(TrackerFileHeader::decode(ByteView{bytes}.first(31)).error().code, Errc::truncated);
  write(as_bytes("[mysqld]\n"));
  EXPECT_FALSE(TrackerFile::open(path_, kLog));
}

TEST_F(TrackerFileTest, FramesThatAreIntactButWrongEndTheFile) {
  const auto opened_with = [&](const Bytes& body) {
    Bytes bytes = TrackerFileHeader{kLog, kStart}.encode();
    Bytes head(8);
    store_u32be(head, 0, static_cast<std::uint32_t>(body.size()));
    store_u32be(head, 4, crc32c(body));
    append(bytes, head);
    append(bytes, body);
    write(bytes);
    const OpenedTrackerFile opened = open();
    EXPECT_TRUE(opened.history.frames().empty());
    return opened.damage.value_or(Error{}).what;
  };
  TrackedFrame frame{.from = kStart + 100, .to = kStart + 200, .mark = {kStart + 150, kStart + 200, 0}};
  EXPECT_THAT(opened_with(encode(frame)), HasSubstr("it begins at LSN 16388208 instead of 16388108"));
  frame.from = kStart;
  frame.to = kStart;
  EXPECT_THAT(opened_with(encode(frame)), HasSubstr("frame at 32: TrackedFrame.to at 16: not behind from"));
  EXPECT_THAT(opened_with({}), HasSubstr("TrackedFrame.from at 0"));
}

TEST_F(TrackerFileTest, ALengthBehindTheEndIsNotAllocated) {
  Bytes bytes = TrackerFileHeader{kLog, kStart}.encode();
  append(bytes, Bytes(8, 0xFF));
  write(bytes);
  EXPECT_THAT(open().damage->what, HasSubstr("the file ends inside of it"));
}

TEST_F(TrackerFileTest, AFrameThatCouldNotBeSavedIsThereAfterTheNextTime) {
  TrackerFile file = create();
  PageTracker tracker{FrameHistory{kStart}};
  feed_frame(tracker);
  save(file, tracker);
  process_faults().arm(FaultRules::parse("tracker.append action=error").value());
  feed_frame(tracker);
  const Lsn saved = file.saved_until();
  EXPECT_EQ(file.save(tracker).error().code, Errc::io);
  EXPECT_EQ(file.saved_until(), saved);
  feed_frame(tracker);
  save(file, tracker);  // as a whole, which does not come by that fault
  expect_same(open().history, tracker.history());
  process_faults().arm({});
  feed_frame(tracker);
  save(file, tracker);
  expect_same(open().history, tracker.history());
}

TEST_F(TrackerFileTest, IsWrittenAnewWhenItHasGrownMuch) {
  constexpr std::uint64_t kGrowth = 2000;
  Result<TrackerFile> file = TrackerFile::create(path_, kLog, kStart, kGrowth);
  ASSERT_TRUE(file) << file.error().what;
  PageTracker tracker{FrameHistory{kStart}};
  std::size_t largest = 0;
  for (int i = 0; i < 150; ++i) {
    feed_frame(tracker, 1);
    if (i >= 3) tracker.forget_before(Lsn{next_.value() - 2000});
    save(*file, tracker);
    ASSERT_EQ(open().history.to(), next_);
    ASSERT_LE(open().history.from(), tracker.valid_from());
    largest = std::max(largest, content().size());
  }
  EXPECT_GT(tracker.valid_from(), kStart);
  EXPECT_GT(open().history.from(), kStart);
  EXPECT_LT(largest, 15'000U);
  EXPECT_EQ(std::distance(fs::directory_iterator{directory_.path()}, {}), 1);
}

TEST_F(TrackerFileTest, AHistoryThatBeginsBehindTheEndOfTheFileReplacesIt) {
  TrackerFile file = create();
  PageTracker tracker{FrameHistory{kStart}};
  feed_frame(tracker);
  save(file, tracker);
  for (int i = 0; i < 5; ++i) feed_frame(tracker);
  tracker.forget_before(Lsn{next_.value() - 1});
  save(file, tracker);
  expect_same(open().history, tracker.history());
  EXPECT_GT(open().history.from(), kStart);
}

TEST_F(TrackerFileTest, ADirectoryThatIsNotThereIsAnError) {
  EXPECT_EQ(TrackerFile::create(directory_.path() / "no" / "file", kLog, kStart).error().code, Errc::not_found);
}

}  // namespace
}  // namespace donord
