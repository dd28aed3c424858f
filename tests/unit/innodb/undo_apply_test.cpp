#include "innodb/undo_apply.hpp"

#include <gmock/gmock.h>

#include "innodb/redo_apply.hpp"
#include "innodb/undo_page.hpp"
#include "support/redo_builder.hpp"
#include "support/undo_builder.hpp"

namespace donord::innodb {
namespace {

using ::testing::HasSubstr;
using testing::RedoFields;

Result<> apply(RedoType type, const Bytes& body, MutableBytes page) {
  return apply_to_page({.type = type, .space = SpaceId{7}, .page = PageNo{2}, .start = Lsn{8204}, .body = body}, page);
}

Bytes undo_page(std::vector<testing::UndoLogSpec> logs = {}, UndoType type = UndoType::update) {
  return testing::make_undo_page({.type = type, .logs = std::move(logs)});
}

TEST(UndoApply, AnyPageCanBeMadeAnUndoPage) {
  Bytes page(16384, 0xEE);
  ASSERT_TRUE(apply(RedoType::undo_init, RedoFields{}.compressed32(2), page));
  EXPECT_EQ(load_u16be(page, 24), 2);
  EXPECT_EQ(load_u16be(page, kUndoTypeOffset), 2);
  EXPECT_EQ(load_u16be(page, kUndoStartOffset), 56);
  EXPECT_EQ(load_u16be(page, kUndoFreeOffset), 56);
  EXPECT_EQ(page[56], 0xEE);
}

TEST(UndoApply, ALogIsBegunBehindTheOthers) {
  Bytes page = undo_page({{.transaction = 5, .record_bytes = 100}, {.transaction = 6}});
  const Result<UndoSegment> before = decode_undo_segment(page);
  ASSERT_TRUE(before);
  ASSERT_TRUE(apply(RedoType::undo_hdr_create, RedoFields{}.compressed64(0x123456789A), page));
  const Result<UndoSegment> segment = decode_undo_segment(page);
  ASSERT_TRUE(segment) << segment.error().what;
  EXPECT_EQ(segment->state, UndoState::active);
  EXPECT_EQ(segment->last_log, before->free);
  EXPECT_EQ(segment->free, before->free + 46);
  const Result<UndoLog> log = decode_undo_log(page, segment->last_log);
  ASSERT_TRUE(log) << log.error().what;
  EXPECT_EQ(log->transaction, 0x123456789AU);
  EXPECT_EQ(log->records, segment->free);
  EXPECT_EQ(load_u16be(page, log->at(kUndoToPurgeOffset)), 1);
  EXPECT_EQ(load_u16be(page, log->at(kUndoPreviousLogOffset)), before->last_log);
  EXPECT_EQ(load_u16be(page, log->at(kUndoNextLogOffset)), 0);
  EXPECT_EQ(load_u16be(page, before->last_log + kUndoNextLogOffset), segment->last_log);
}

TEST(UndoApply, TheFirstLogHasNoneBeforeIt) {
  Bytes page = undo_page();
  ASSERT_TRUE(apply(RedoType::undo_hdr_create, RedoFields{}.compressed64(1), page));
  EXPECT_EQ(load_u16be(page, kUndoLastLogOffset), 86);
  EXPECT_EQ(load_u16be(page, 86 + kUndoPreviousLogOffset), 0);
}

TEST(UndoApply, ALogOfInsertsIsBegunInPlaceOfTheOne) {
  Bytes page = undo_page({{.transaction = 5, .header_bytes = 186, .flags = 1, .record_bytes = 9000}}, UndoType::insert);
  ASSERT_TRUE(apply(RedoType::undo_hdr_reuse, RedoFields{}.compressed64(6), page));
  const Result<UndoSegment> segment = decode_undo_segment(page);
  ASSERT_TRUE(segment);
  EXPECT_EQ(segment->last_log, 86);
  EXPECT_EQ(segment->free, 86 + 46);
  EXPECT_EQ(segment->state, UndoState::active);
  const Result<UndoLog> log = decode_undo_log(page, 86);
  ASSERT_TRUE(log);
  EXPECT_EQ(log->transaction, 6U);
  EXPECT_EQ(log->flags, 0);
}

TEST(UndoApply, UndoRecordsAreChained) {
  Bytes page = undo_page({{.transaction = 5}});
  const std::uint16_t free = load_u16be(page, kUndoFreeOffset);
  ASSERT_TRUE(apply(RedoType::undo_insert, RedoFields{}.u2(3).bytes(as_bytes("abc")), page));
  EXPECT_EQ(load_u16be(page, free), free + 7);
  EXPECT_EQ(as_text(ByteView{page}.subspan(free + 2U, 3)), "abc");
  EXPECT_EQ(load_u16be(page, free + 5U), free);
  EXPECT_EQ(load_u16be(page, kUndoFreeOffset), free + 7);
}

TEST(UndoApply, TheEndOfAPageIsErasedUpToItsTrailer) {
  Bytes page = undo_page({{.transaction = 5}});
  const std::uint16_t free = load_u16be(page, kUndoFreeOffset);
  ASSERT_TRUE(apply(RedoType::undo_erase_end, {}, page));
  EXPECT_EQ(page[free - 1U], 0);
  EXPECT_EQ(page[free], 0xFF);
  EXPECT_EQ(page[16384 - 9], 0xFF);
  EXPECT_EQ(page[16384 - 8], 0);
}

TEST(UndoApply, WhatHasNoRoomIsRefused) {
  Bytes page = undo_page({{.transaction = 5, .record_bytes = 15'700}});
  EXPECT_THAT(apply(RedoType::undo_hdr_create, RedoFields{}.compressed64(1), page).error().what, HasSubstr("no room"));
  EXPECT_THAT(apply(RedoType::undo_insert, RedoFields{}.u2(500).filler(500), page).error().what, HasSubstr("no room"));
  store_u16be(page, kUndoFreeOffset, 0xFFFF);
  EXPECT_FALSE(apply(RedoType::undo_insert, RedoFields{}.u2(0), page));
  EXPECT_FALSE(apply(RedoType::undo_erase_end, {}, page));
  store_u16be(page, kUndoFreeOffset, 0);
  EXPECT_FALSE(apply(RedoType::undo_hdr_create, RedoFields{}.compressed64(1), page));
  EXPECT_FALSE(apply(RedoType::undo_insert, RedoFields{}.u2(0), page));
  store_u16be(page, kUndoFreeOffset, 200);
  store_u16be(page, kUndoLastLogOffset, 0xFFFF);
  EXPECT_FALSE(apply(RedoType::undo_hdr_create, RedoFields{}.compressed64(1), page));
}

TEST(UndoApply, OtherPagesAreRefused) {
  Bytes page(16384);
  for (const RedoType type :
       {RedoType::undo_hdr_create, RedoType::undo_hdr_reuse, RedoType::undo_insert, RedoType::undo_erase_end}) {
    EXPECT_EQ(apply(type, RedoFields{}.u8(0), page).error().code, Errc::malformed);
    EXPECT_EQ(apply(type, {}, MutableBytes{page}.first(100)).error().code, Errc::malformed);
  }
}

TEST(UndoPage, HeadersThatCannotBeAreRefused) {
  const Bytes good = undo_page({{.transaction = 5, .flags = 1, .xid = testing::internal_xid(7)}});
  ASSERT_TRUE(decode_undo_segment(good));
  ASSERT_TRUE(decode_undo_log(good, 86));
  const auto with = [&good](std::size_t at, std::uint16_t value) {
    Bytes page = good;
    store_u16be(page, at, value);
    return page;
  };
  EXPECT_FALSE(decode_undo_segment(with(24, 6)));
  EXPECT_FALSE(decode_undo_segment(with(kUndoTypeOffset, 3)));
  EXPECT_FALSE(decode_undo_segment(with(kUndoStateOffset, 0)));
  EXPECT_FALSE(decode_undo_segment(with(kUndoStateOffset, 8)));
  EXPECT_FALSE(decode_undo_segment(with(kUndoFreeOffset, 16380)));
  EXPECT_FALSE(decode_undo_log(good, 85));
  EXPECT_FALSE(decode_undo_log(good, 16384 - 314));
  EXPECT_FALSE(decode_undo_log(with(86 + kUndoRecordsOffset, 100), 86));
  EXPECT_FALSE(decode_undo_log(with(86 + 52, 129), 86)) << "gtrid";
  EXPECT_FALSE(decode_undo_log(with(86 + 56, 105), 86)) << "gtrid and bqual";
}

TEST(UndoPage, AnXidAndRoomForAGtidAreSeen) {
  for (const auto& [header_bytes, room] : {std::pair{186U, false}, {250U, false}, {251U, true}, {315U, true}}) {
    const Bytes page = undo_page({{.transaction = 5,
                                   .header_bytes = header_bytes,
                                   .flags = 1,
                                   .xid = {.format_id = 9, .gtrid = "g", .bqual = "bq"}}});
    const Result<UndoLog> log = decode_undo_log(page, 86);
    ASSERT_TRUE(log) << log.error().what;
    ASSERT_TRUE(log->xid);
    EXPECT_EQ(log->xid->format_id, 9U);
    EXPECT_EQ(log->xid->gtrid, "g");
    EXPECT_EQ(log->xid->bqual, "bq");
    EXPECT_EQ(log->has_room_for_gtid(), room);
  }
}

TEST(RollbackSegment, AreFoundFromThePagesThatNameThem) {
  const auto system = rollback_segments_of_system(
      testing::make_transaction_system_page(1, {{SpaceId{0}, PageNo{6}}, {SpaceId{9}, PageNo{77}}}));
  ASSERT_TRUE(system);
  EXPECT_THAT(*system, ::testing::ElementsAre(PageId{SpaceId{0}, PageNo{6}}, PageId{SpaceId{9}, PageNo{77}}));
  const auto array = rollback_segments_of_array(testing::make_segment_array_page(SpaceId{4294967279}, {4, 5, 133}));
  ASSERT_TRUE(array);
  EXPECT_THAT(*array, ::testing::ElementsAre(PageNo{4}, PageNo{5}, PageNo{133}));
  EXPECT_THAT(*rollback_segments_of_array(Bytes(16384)), ::testing::IsEmpty());

  const Bytes segment = testing::make_rollback_segment_page({.slots = {10, 0xFFFFFFFF, 12}});
  const std::vector<UndoSlot> slots = undo_slots_of(segment);
  ASSERT_EQ(slots.size(), 2U);
  EXPECT_EQ(slots[1].slot, 2U);
  EXPECT_EQ(slots[1].page, PageNo{12});
  EXPECT_EQ(largest_number_offset(16384), 4168);
}

TEST(RollbackSegment, OtherPagesAreRefused) {
  const Bytes page = testing::make_rollback_segment_page({});
  EXPECT_EQ(rollback_segments_of_system(page).error().code, Errc::malformed);
  EXPECT_EQ(rollback_segments_of_array(page).error().code, Errc::malformed);
  EXPECT_EQ(rollback_segments_of_system(Bytes(16384)).error().code, Errc::malformed);
}

}  // namespace
}  // namespace donord::innodb
