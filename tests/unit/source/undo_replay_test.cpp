#include "source/undo_replay.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/crashed_datadir.hpp"
#include "support/memory_redo.hpp"
#include "support/undo_pages.hpp"

namespace donord {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;
using testing::kRollbackSegment;
using testing::kSystemPage;
using testing::kUndoSpace;
using testing::make_redo_group;
using testing::RedoFields;
using testing::undo_page;
using testing::write_u2;
using testing::write_u4;

constexpr std::uint32_t kPageBytes = 16384;
constexpr PageId kOldRollbackSegment{SpaceId{0}, PageNo{6}};

testing::RedoRecordSpec record(innodb::RedoType type, PageId page, const Bytes& body = {}) {
  return {.type = type, .body = body, .space = page.space, .page = page.page};
}

testing::RedoRecordSpec slot_gets(std::uint32_t slot, std::uint32_t page) {
  return write_u4(kUndoSpace, innodb::undo_slot_offset(slot), page, kRollbackSegment.page);
}

testing::RedoRecordSpec state_gets(PageId page, innodb::UndoState state) {
  return write_u2(page.space, innodb::kUndoStateOffset, static_cast<std::uint16_t>(state), page.page);
}

/// Makes a page that of an undo segment, as a server does.
Bytes segment_group(PageId page, std::uint32_t slot, std::uint64_t transaction) {
  return make_redo_group(
      {record(innodb::RedoType::init_file_page2, page), record(innodb::RedoType::undo_init, page, RedoFields{}.u1(2)),
       write_u2(page.space, innodb::kUndoLastLogOffset, 0, page.page),
       write_u2(page.space, innodb::kUndoFreeOffset, 86, page.page),
       write_u4(page.space, innodb::kUndoPageCountOffset, 1, page.page), slot_gets(slot, page.page.value()),
       record(innodb::RedoType::undo_hdr_create, page, RedoFields{}.compressed64(transaction))});
}

/// One rollback segment in the system tablespace, one in an undo tablespace, with undo segments on pages 10 and 11.
class UndoReplayTest : public ::testing::Test {
 protected:
  UndoReplayTest() {
    write("ibdata1", SpaceId{0}, 0x4800);
    put("ibdata1", kSystemPage, testing::make_transaction_system_page(5000, {kOldRollbackSegment}));
    put("ibdata1", kOldRollbackSegment,
        testing::make_rollback_segment_page({.space = SpaceId{0}, .number = kOldRollbackSegment.page}));
    write("undo_001", kUndoSpace, 0);
    put("undo_001", {kUndoSpace, PageNo{3}}, testing::make_segment_array_page(kUndoSpace, {4}));
    put("undo_001", kRollbackSegment, testing::make_rollback_segment_page({.slots = {10, 0xFFFFFFFF, 11}}));
    for (const std::uint32_t index : {0U, 1U})
      put("undo_001", undo_page(index),
          testing::make_undo_page({.number = undo_page(index).page, .logs = {{.transaction = 70 + index}}}));
  }

  void write(const std::string& name, SpaceId space, std::uint32_t flags) const {
    testing::write_file(scratch_.path() / name,
                        testing::make_tablespace({.space = space, .flags = flags, .pages = 16}));
  }
  void put(const std::string& name, PageId page, const Bytes& bytes) const {
    testing::put_page(scratch_.path() / name, page.page.value(), testing::sealed(bytes));
  }

  Result<UndoPages> try_replay() const {
    std::vector<TablespaceFile> files;
    for (const char* name : {"ibdata1", "undo_001"})
      files.push_back(identify_tablespace({scratch_.path() / name, name}).value());
    const PageFilter filter{{Lsn{16'000'000}, std::make_shared<const DoublewriteFiles>(
                                                  *DoublewriteFiles::index(scratch_.path(), kPageBytes))}};
    PageReader pages{files, filter};
    return replay_undo_pages(log_.range(), kPageBytes, log_.read(), pages, {kUndoSpace});
  }
  UndoPages replay() const {
    Result<UndoPages> undo = try_replay();
    EXPECT_TRUE(undo) << undo.error().what;
    return *undo;
  }

  static innodb::UndoSegment segment(const UndoPages& undo, PageId page) {
    const Result<innodb::UndoSegment> decoded = innodb::decode_undo_segment(undo.pages.at(page));
    EXPECT_TRUE(decoded) << decoded.error().what;
    return *decoded;
  }

  testing::ScratchDirectory scratch_;
  testing::MemoryRedo log_;
};

TEST_F(UndoReplayTest, FollowsWhatIsOnDisk) {
  const UndoPages undo = replay();
  EXPECT_THAT(undo.segments, ElementsAre(kOldRollbackSegment, kRollbackSegment));
  EXPECT_THAT(undo.pages, ElementsAre(Key(kSystemPage), Key(kOldRollbackSegment), Key(kRollbackSegment),
                                      Key(undo_page(0)), Key(undo_page(1))));
}

TEST_F(UndoReplayTest, PagesGetWhatTheLogSays) {
  log_.add(write_u4(SpaceId{0}, innodb::kTransactionIdOffset + 4, 5256, kSystemPage.page));
  log_.add(state_gets(undo_page(0), innodb::UndoState::prepared));
  log_.add(state_gets({kUndoSpace, PageNo{12}}, innodb::UndoState::prepared));
  log_.add(record(innodb::RedoType::undo_hdr_create, undo_page(1), RedoFields{}.compressed64(5001)));
  const UndoPages undo = replay();
  EXPECT_EQ(load_u64be(undo.pages.at(kSystemPage), innodb::kTransactionIdOffset), 5256U);
  EXPECT_EQ(segment(undo, undo_page(0)).state, innodb::UndoState::prepared);
  EXPECT_EQ(innodb::decode_undo_log(undo.pages.at(undo_page(1)), segment(undo, undo_page(1)).last_log)->transaction,
            5001U);
}

TEST_F(UndoReplayTest, WhatAPageHasAlreadyIsNotRepeated) {
  log_.add(state_gets(undo_page(0), innodb::UndoState::active));
  Bytes newer = testing::make_undo_page({.number = undo_page(0).page, .logs = {{.transaction = 70}}});
  store_u64be(newer, innodb::kPageLsnOffset, log_.end().value());
  put("undo_001", undo_page(0), newer);
  EXPECT_EQ(segment(replay(), undo_page(0)).state, innodb::UndoState::cached);
}

TEST_F(UndoReplayTest, SegmentsComeAndGoWithTheLog) {
  log_.add(segment_group(undo_page(4), 1, 5001));
  log_.add(state_gets(undo_page(4), innodb::UndoState::prepared));
  log_.add(slot_gets(2, 0xFFFFFFFF));
  const UndoPages undo = replay();
  EXPECT_THAT(undo.pages, ElementsAre(Key(kSystemPage), Key(kOldRollbackSegment), Key(kRollbackSegment),
                                      Key(undo_page(0)), Key(undo_page(4))));
  EXPECT_EQ(segment(undo, undo_page(4)).state, innodb::UndoState::prepared);
}

TEST_F(UndoReplayTest, ARollbackSegmentThatIsMadeInTheLogIsFollowed) {
  const PageId fresh{kUndoSpace, PageNo{5}};
  Bytes group = testing::make_redo_record(record(innodb::RedoType::init_file_page2, fresh));
  const Bytes none(4 * innodb::undo_slots(kPageBytes), 0xFF);
  append(group,
         testing::make_redo_record(testing::write_string(kUndoSpace, innodb::kUndoSlotsOffset, none, PageNo{5})));
  append(group, testing::make_redo_record(write_u4(kUndoSpace, 60, 5, PageNo{3})));
  group.push_back(static_cast<std::uint8_t>(innodb::RedoType::multi_rec_end));
  log_.add(group);
  EXPECT_THAT(replay().segments, ElementsAre(kOldRollbackSegment, kRollbackSegment, fresh));
}

TEST_F(UndoReplayTest, RollbackSegmentsOfTablespacesThatAreGoneAreLeftOut) {
  put("ibdata1", kSystemPage,
      testing::make_transaction_system_page(5000, {{SpaceId{4294967277}, PageNo{3}}, kOldRollbackSegment}));
  EXPECT_THAT(replay().segments, ElementsAre(kOldRollbackSegment, kRollbackSegment));
}

TEST_F(UndoReplayTest, APageThatIsMadeAnewNeedsNotHaveBeenRight) {
  // On disk it was something else, and newer than the log is there.
  log_.add(slot_gets(1, undo_page(4).page.value()));
  log_.add(record(innodb::RedoType::undo_hdr_create, undo_page(4), RedoFields{}.compressed64(5000)));
  const Result<UndoPages> failed = try_replay();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::malformed);

  log_.add(segment_group(undo_page(4), 1, 5001));
  EXPECT_EQ(segment(replay(), undo_page(4)).state, innodb::UndoState::active);
}

TEST_F(UndoReplayTest, PagesThatNameNoSegmentsAreRefused) {
  put("undo_001", {kUndoSpace, PageNo{3}}, testing::make_page({.space = kUndoSpace, .number = PageNo{3}}));
  EXPECT_EQ(try_replay().error().code, Errc::malformed);
  put("ibdata1", kSystemPage, testing::make_page({.space = SpaceId{0}, .number = PageNo{5}}));
  EXPECT_EQ(try_replay().error().code, Errc::malformed);
}

TEST_F(UndoReplayTest, ReadErrorsAreErrors) {
  put("undo_001", undo_page(0), Bytes(16384, 0xEE));
  testing::flip_byte(scratch_.path() / "undo_001", 10 * kPageBytes + 100);
  const Result<UndoPages> failed = try_replay();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::checksum);
  EXPECT_THAT(failed.error().what, HasSubstr("page 10"));
}

}  // namespace
}  // namespace donord
