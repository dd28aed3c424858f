// Files that came, got another name or went: their descriptors, and the order in which they are told.

#include "clone/file_changes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clone/donor_script.hpp"
#include "clone/messages.hpp"
#include "support/hex_file.hpp"

namespace donord {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

DataFile table(std::string name, std::uint32_t space) {
  return {.name = std::move(name),
          .size_bytes = 114688,
          .allocated_bytes = 114688,
          .fsp_flags = 0x4021,
          .fs_block_size_bytes = 4096,
          .space = SpaceId{space},
          .page_size_bytes = 16384};
}

/// A donor whose files each have one chunk, and the message with which it tells of a change before PAGE COPY.
Bytes told(const FileChange& change, std::uint32_t file_count) {
  const std::vector<DataFile> files(file_count, table("./later/t.ibd", 1));
  DonorMachine machine{{.clone_id = kClone, .snapshot_id = kSnapshot, .page_size_bytes = 16384, .block_bytes = 1 << 20},
                       files};
  const TaskHandle master = machine.reinit(restart_with(CloneState::file_copy, {})).value();
  machine.execute(master);
  while (describe(machine.next(master)) != "END file_copy") {
  }
  EXPECT_TRUE(machine.on_ack(ack_of(CloneState::file_copy)));
  EXPECT_EQ(describe(machine.next(master)), "prepare page_copy");
  machine.on_pages({{change}, {}});
  return std::get<DonorAction::Send>(machine.next(master)).message;
}

Bytes captured(std::string_view name) {
  return load_fixture(fmt::format("captures/res_data_desc_file_page_copy_{}.hex", name)).bytes;
}

TEST(FileChanges, LastOfEachFileIsWhatBecameOfItInTheEnd) {
  FileChange again = renamed(1);
  again.file.name = "./db/last.ibd";
  FileChange with_key = altered(1);
  with_key.file.name = again.file.name;
  with_key.file.encrypted = true;
  const std::vector<FileChange> last =
      last_of_each_file({altered(0), created(3), renamed(1), created(2), again, removed(3), with_key});
  ASSERT_EQ(last.size(), 4U);
  EXPECT_EQ(last[0].kind, FileChange::Kind::altered);
  EXPECT_EQ(last[1].kind, FileChange::Kind::renamed);
  EXPECT_EQ(last[1].file.name, "./db/last.ibd");
  EXPECT_TRUE(last[1].file.encrypted);
  EXPECT_EQ(last[2].kind, FileChange::Kind::created);
  EXPECT_EQ(last[3].kind, FileChange::Kind::removed);
  EXPECT_EQ(last[3].file_index, 3U);
}

TEST(FileChanges, WithoutCollisionsNoNameIsTakenWhenItIsGiven) {
  FileChange last = renamed(1);
  last.file.name = "./db/last.ibd";
  FileChange outside = renamed(2);
  outside.file.name = "/elsewhere/t.ibd";
  std::vector<std::string> told;
  FileChange new_and_renamed = renamed(7);
  new_and_renamed.file.name = "./db/moved.ibd";
  for (const FileChange& change : without_collisions(
           {last, outside, altered(3), removed(4), created(5), removed(6), new_and_renamed, created(8)}, 5))
    told.push_back(fmt::format("{} {} {}", to_string(change.kind), change.file_index, change.file.name));
  EXPECT_THAT(told, ElementsAre("removed 4 ./db/t.ibd", "renamed 1 ./db/#donord-1.ibd",
                                "renamed 2 /elsewhere/#donord-2.ibd", "created 5 ./db/t.ibd", "removed 6 ./db/t.ibd",
                                "renamed 7 ./db/#donord-7.ibd", "created 8 ./db/t.ibd", "altered 3 ./db/t.ibd",
                                "renamed 1 ./db/last.ibd", "renamed 2 /elsewhere/t.ibd", "renamed 7 ./db/moved.ibd"));
}

TEST(FileChanges, CreatedFileIsToldAsByAStockDonor) {
  EXPECT_EQ(to_hex(told({FileChange::Kind::created, 130, table("./later/new_one.ibd", 129)}, 130)),
            to_hex(captured("table")));
}

TEST(FileChanges, RenamedFileIsToldAsByAStockDonor) {
  EXPECT_EQ(to_hex(told({FileChange::Kind::renamed, 1, table("./later/arrived.ibd", 128)}, 130)),
            to_hex(captured("renamed")));
}

TEST(FileChanges, RemovedFileIsToldAsByAStockDonor) {
  EXPECT_EQ(to_hex(told({FileChange::Kind::removed, 124, table("./later/dropped.ibd", 127)}, 130)),
            to_hex(captured("deleted")));
}

TEST(FileChanges, KeepTheAttributesOfTheFile) {
  DataFile file = table("./db/secret.ibd", 7);
  file.compression = PageCompression::zlib;
  file.encrypted = true;
  const FileDescriptor told = describe({FileChange::Kind::renamed, 3, file}, CloneState::redo_copy, {5, 6});
  EXPECT_EQ(told.state, CloneState::redo_copy);
  EXPECT_EQ(told.flags, FileDescriptor::kRenamed | FileDescriptor::kZlib | FileDescriptor::kAes);
  EXPECT_EQ(told.index, 3U);
  EXPECT_EQ(told.first_chunk, 5U);
  EXPECT_EQ(told.last_chunk, 6U);
  EXPECT_FALSE(told.key);
}

std::vector<std::uint32_t> indexes(const std::vector<FileChange>& changes) {
  std::vector<std::uint32_t> indexes;
  for (const FileChange& change : changes) indexes.push_back(change.file_index);
  return indexes;
}

TEST(FileChanges, AreToldInTheOrderOfTheirFiles) {
  EXPECT_THAT(indexes(in_order_of_files({created(6), renamed(2), created(5), removed(0)}, 5).value()),
              ElementsAre(0, 2, 5, 6));
  EXPECT_THAT(in_order_of_files({}, 5).value(), ::testing::IsEmpty());
}

TEST(FileChanges, ThatDoNotFollowFromTheFilesAreRefused) {
  EXPECT_THAT(in_order_of_files({created(6)}, 5).error().what, HasSubstr("created as file 6"));
  for (const FileChange& change : {created(4), renamed(5), removed(5), renamed(~0U)})
    EXPECT_FALSE(in_order_of_files({change}, 5)) << change.file_index;
  EXPECT_FALSE(in_order_of_files({created(5), created(5)}, 5));
  EXPECT_FALSE(in_order_of_files({created(5), created(7)}, 5));
  EXPECT_FALSE(in_order_of_files({renamed(3), removed(3)}, 5)) << "one of them is enough";
  EXPECT_FALSE(in_order_of_files({created(5), renamed(5)}, 5));
}

TEST(FileChanges, DroppedUndoTablespaceIsFoundUnlessATruncationTookItsName) {
  const FileChange dropped{FileChange::Kind::removed, 1, table("undo_extra.ibu", 0xFFFFFF00)};
  const FileChange truncated{FileChange::Kind::removed, 2, table("undo_001", 0xFFFFFFEF)};
  const FileChange successor{FileChange::Kind::created, 5, table("undo_001", 0xFFFFFFEF - 127)};
  EXPECT_EQ(dropped_undo_tablespace({removed(0), truncated, successor}), nullptr);
  const std::vector<FileChange> changes = {removed(0), truncated, successor, dropped};
  EXPECT_EQ(dropped_undo_tablespace(changes), &changes[3]);
  EXPECT_NE(dropped_undo_tablespace({truncated}), nullptr);
  for (const std::uint32_t first_or_last : {0xFCF8DA70U, 0xFFFFFFEFU})
    EXPECT_NE(dropped_undo_tablespace({{FileChange::Kind::removed, 0, table("u", first_or_last)}}), nullptr);
  for (const std::uint32_t other : {0U, 0xFCF8DA6FU, 0xFFFFFFF0U, 0xFFFFFFFEU})
    EXPECT_EQ(dropped_undo_tablespace({{FileChange::Kind::removed, 0, table("u", other)}}), nullptr);
}

}  // namespace
}  // namespace donord
