// The donor machine alone: scripts of what it says on each connection.

#include "clone/donor_machine.hpp"

#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>

#include "clone/donor_script.hpp"

namespace donord {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::ElementsAre;

// One connection

TEST(DonorMachine, LeadsOneConnectionThroughAllStates) {
  Donor donor;
  const TaskHandle master = donor.machine.master();
  donor.machine.execute(master);
  EXPECT_THAT(donor.all(master), ElementsAre("task 0", "END init", "wait"));
  ASSERT_TRUE(donor.ack(CloneState::init));
  EXPECT_THAT(donor.all(master), ElementsAre("START file_copy 3 2", "file 0", "file 1", "data 1.1", "data 2.1",
                                             "data 3.1", "END file_copy", "wait"));
  ASSERT_TRUE(donor.ack(CloneState::file_copy));
  EXPECT_THAT(donor.all(master), ElementsAre("prepare page_copy"));
  EXPECT_EQ(donor.next(master), "wait") << "while it is being prepared";
  donor.machine.on_pages({.changes = {}, .pages = {{0, 0, 128, 5000}}});
  EXPECT_THAT(donor.all(master), ElementsAre("START page_copy 1 1", "data 1.1", "END page_copy", "wait"));
  ASSERT_TRUE(donor.ack(CloneState::page_copy));
  EXPECT_THAT(donor.all(master), ElementsAre("prepare redo_copy"));
  donor.machine.on_redo(kRedo);
  EXPECT_THAT(donor.all(master),
              ElementsAre("START redo_copy 3 1", "file 0", "file 0", "data 2.1", "data 3.1", "END redo_copy", "wait"));
  EXPECT_FALSE(donor.machine.complete());
  ASSERT_TRUE(donor.ack(CloneState::redo_copy));
  EXPECT_THAT(donor.all(master), ElementsAre("START done 0 0", "COMPLETE", "finish"));
  EXPECT_TRUE(donor.machine.complete());
  EXPECT_EQ(donor.next(master), "finish");
}

TEST(DonorMachine, SendsWhatADescriptorAnnounces) {
  Donor donor{1024};
  donor.run_to_end_of(CloneState::init);
  ASSERT_TRUE(donor.ack(CloneState::init));
  std::uint64_t offset = 0;
  for (;;) {
    const DonorAction::Variant action = donor.machine.next(donor.machine.master());
    const auto* block = std::get_if<DonorAction::SendBlock>(&action);
    if (block == nullptr) {
      if (describe(action) == "END file_copy") break;
      continue;
    }
    const DataDescriptor told =
        *decode<DataDescriptor>(decode<DataDescResponse>(block->descriptor_message)->descriptor);
    EXPECT_EQ(told.state, CloneState::file_copy);
    EXPECT_EQ(told.length_bytes, block->block.length_bytes);
    EXPECT_EQ(told.offset_bytes, block->block.offset_bytes);
    EXPECT_EQ(told.file_index, block->block.file_index);
    EXPECT_EQ(told.file_size_bytes, donor.files.at(told.file_index).size_bytes);
    if (told.file_index == 0) {
      EXPECT_EQ(told.offset_bytes, offset);
      offset += told.length_bytes;
    }
  }
  EXPECT_EQ(offset, 5000U);
}

TEST(DonorMachine, TellsTheMasterAloneTheEstimates) {
  Donor donor;
  donor.run_to_end_of(CloneState::init);
  ASSERT_TRUE(donor.ack(CloneState::init));
  const auto state_of = [](const DonorAction::Variant& action) {
    const Bytes& message = std::get<DonorAction::Send>(action).message;
    return *decode<StateDescriptor>(decode<DataDescResponse>(message)->descriptor);
  };
  const StateDescriptor start = state_of(donor.machine.next(donor.machine.master()));
  EXPECT_EQ(start.estimate_bytes, 6000U);
  EXPECT_EQ(start.estimate_disk_bytes, 106000U);

  donor.all(donor.worker());
  EXPECT_EQ(donor.next(donor.machine.master()), "file 0");
  EXPECT_EQ(donor.next(donor.machine.master()), "file 1");
  const StateDescriptor end = state_of(donor.machine.next(donor.machine.master()));
  EXPECT_EQ(end.flags, StateDescriptor::kEnd);
  EXPECT_EQ(end.chunks, 3U);
  EXPECT_EQ(end.files, 2U);
  EXPECT_EQ(end.estimate_bytes, 0U);
  EXPECT_EQ(end.estimate_disk_bytes, 0U);
}

TEST(DonorMachine, DescribesFilesWithTheirAttributes) {
  Donor donor;
  donor.files[1] = {.name = "./db/secret.ibd",
                    .size_bytes = 1000,
                    .allocated_bytes = 512,
                    .fsp_flags = 0x6021,
                    .fs_block_size_bytes = 4096,
                    .space = SpaceId{77},
                    .compression = PageCompression::lz4,
                    .encrypted = true};
  donor.run_to_end_of(CloneState::init);
  ASSERT_TRUE(donor.ack(CloneState::init));
  donor.next(donor.machine.master());
  donor.next(donor.machine.master());
  const DonorAction::Variant action = donor.machine.next(donor.machine.master());
  const Bytes descriptor = decode<DataDescResponse>(std::get<DonorAction::Send>(action).message)->descriptor;
  EXPECT_EQ(*decode<FileDescriptor>(descriptor), (FileDescriptor{.state = CloneState::file_copy,
                                                                 .size_bytes = 1000,
                                                                 .allocated_bytes = 512,
                                                                 .fsp_flags = 0x6021,
                                                                 .fs_block_size_bytes = 4096,
                                                                 .flags = FileDescriptor::kLz4 | FileDescriptor::kAes,
                                                                 .space = SpaceId{77},
                                                                 .index = 1,
                                                                 .first_chunk = 3,
                                                                 .last_chunk = 3,
                                                                 .name = "./db/secret.ibd"}));
}

TEST(DonorMachine, GivesItsCurrentStateInItsLocator) {
  Donor donor;
  const auto state_in_locs = [&] {
    return innodb_locator(decode<LocsResponse>(donor.machine.locs())->locators)->state;
  };
  EXPECT_EQ(state_in_locs(), CloneState::init);
  donor.run_to_end_of(CloneState::page_copy);
  EXPECT_EQ(state_in_locs(), CloneState::page_copy);
  const Locator locator = *innodb_locator(decode<LocsResponse>(donor.machine.locs())->locators);
  EXPECT_TRUE(locator.names(kClone, kSnapshot));
  EXPECT_EQ(encode(locator).size(), 34U);
}

TEST(DonorMachine, KeepsAConnectionAliveWithItsStateAndBothFlags) {
  Donor donor;
  const TaskHandle master = donor.run_to_end_of(CloneState::file_copy);
  EXPECT_EQ(describe_message(donor.machine.keep_alive(master)), "keep-alive file_copy");
  EXPECT_EQ(donor.next(master), "wait") << "a keep-alive changes nothing";
}

// Changes of files

TEST(DonorMachine, TellsOfChangedFilesBeforeTheStart) {
  Donor donor;
  const TaskHandle master = donor.run_to_end_of(CloneState::file_copy);
  ASSERT_TRUE(donor.ack(CloneState::file_copy));
  donor.all(master);
  donor.machine.on_pages({{created(2), renamed(1), removed(0)}, {{2, 0, 128, 1000}}});
  EXPECT_EQ(donor.next(master), "removed file 0");
  EXPECT_FALSE(donor.machine.can_attach());
  EXPECT_THAT(donor.all(master),
              ElementsAre("renamed file 1", "file 2", "START page_copy 1 1", "data 1.1", "END page_copy", "wait"));
  ASSERT_TRUE(donor.ack(CloneState::page_copy));
  donor.all(master);
  RedoPlan redo = kRedo;
  redo.changes = {created(3), removed(2)};
  donor.machine.on_redo(std::move(redo));
  EXPECT_THAT(donor.all(master), ElementsAre("removed file 2", "file 3", "START redo_copy 3 1", "file 0", "file 0",
                                             "data 2.1", "data 3.1", "END redo_copy", "wait"));
}

// Late pages

PagePlan late(std::vector<FileChange> changes, std::vector<PageRef> pages) {
  return {std::move(changes), std::move(pages), true};
}

/// PAGE COPY, of no pages, has ended.
struct DonorWithLatePages : DonorInFileCopy {
  DonorWithLatePages() {
    donor.all(master);
    EXPECT_TRUE(donor.ack(CloneState::file_copy));
    EXPECT_EQ(donor.next(master), "prepare page_copy");
    donor.machine.on_pages(late({}, {}));
    EXPECT_THAT(donor.all(master), ElementsAre("START page_copy 1 0", "END page_copy", "wait"));
    EXPECT_TRUE(donor.ack(CloneState::page_copy));
    EXPECT_EQ(donor.next(master), "prepare redo_copy");
  }

  static constexpr PageRef kOfFile0 = {0, 0, 128, 5000};
  static constexpr PageRef kOfFile1 = {1, 0, 128, 1000};
  static constexpr PageRef kOfFile2 = {2, 0, 128, 1000};
};

TEST_F(DonorWithLatePages, SendsThemInRoundsBeforeTheRedoIsPlanned) {
  donor.machine.on_late_pages(late({created(2)}, {kOfFile0, kOfFile2}));
  EXPECT_THAT(donor.all(master), ElementsAre("file 2", "data 1.1", "data 1.2", "prepare redo_copy"));
  EXPECT_EQ(donor.next(master), "wait");
  donor.machine.on_late_pages(late({renamed(2)}, {kOfFile1}));
  EXPECT_THAT(donor.all(master), ElementsAre("renamed file 2", "renamed file 2", "data 1.3", "prepare redo_copy"))
      << "aside first, since names may be taken";
  RedoPlan redo = kRedo;
  redo.changes = {removed(2), created(3)};
  donor.machine.on_redo(redo);
  EXPECT_EQ(donor.next(master), "removed file 2");
  EXPECT_EQ(donor.next(master), "file 3");
  EXPECT_EQ(donor.next(master), "START redo_copy 3 1");
}

TEST_F(DonorWithLatePages, SendsThemAsThoseOfPageCopy) {
  donor.machine.on_late_pages(late({}, {kOfFile1}));
  const DonorAction::Variant action = donor.machine.next(master);
  const auto& block = std::get<DonorAction::SendBlock>(action);
  EXPECT_EQ(block.state, CloneState::page_copy);
  EXPECT_EQ(block.block.file_index, 1U);
  const auto told = decode<DataDescriptor>(decode<DataDescResponse>(block.descriptor_message)->descriptor).value();
  EXPECT_EQ(told.state, CloneState::page_copy);
  EXPECT_EQ(told.file_size_bytes, 1000U);
}

TEST_F(DonorInFileCopy, LetsWorkersWaitWhilePagesAreLate) {
  const TaskHandle worker = donor.worker();
  donor.all(master);
  EXPECT_THAT(donor.all(worker), ElementsAre("task 1", "END file_copy", "wait"));
  EXPECT_TRUE(donor.ack(CloneState::file_copy));
  donor.all(master);
  donor.machine.on_pages(late({}, {}));
  donor.all(master);
  EXPECT_THAT(donor.all(worker), ElementsAre("START page_copy 1 0", "END page_copy", "wait"));
  EXPECT_TRUE(donor.ack(CloneState::page_copy));
  donor.all(master);
  donor.machine.on_late_pages(late({}, {{1, 0, 128, 1000}}));
  EXPECT_EQ(donor.next(worker), "wait");
  EXPECT_THAT(donor.all(master), ElementsAre("data 1.1", "prepare redo_copy"));
  EXPECT_EQ(donor.next(worker), "wait");
  EXPECT_FALSE(donor.machine.can_attach());
  donor.machine.on_redo(kRedo);
  EXPECT_EQ(donor.next(worker), "wait");
  EXPECT_EQ(donor.next(master), "START redo_copy 3 1");
  EXPECT_EQ(donor.next(worker), "START redo_copy 3 1");
}

TEST_F(DonorWithLatePages, AfterAReturnSendsThemAgainAndPlansTheRedoAnew) {
  donor.machine.on_late_pages(late({created(2), renamed(1)}, {kOfFile2}));
  donor.all(master);
  donor.machine.on_late_pages(late({renamed(2)}, {kOfFile1}));
  donor.all(master);
  donor.machine.on_redo(kRedo);
  const TaskHandle returned = donor.reinit(restart_with(CloneState::page_copy, {1}, {{1, 2}}));
  EXPECT_THAT(donor.all(returned), ElementsAre("task 0", "renamed file 1", "renamed file 2", "renamed file 1",
                                               "renamed file 2", "data 1.3", "data 1.4", "prepare redo_copy"))
      << "aside, and what became of each file in the end";
  donor.machine.on_redo(kRedo);
  EXPECT_EQ(donor.next(returned), "START redo_copy 3 1");
}

TEST_F(DonorWithLatePages, AfterAReturnSendsEachPageOnceAndTheLastOneLast) {
  donor.machine.on_late_pages(late({}, {kOfFile0, kOfFile1}));
  donor.all(master);
  donor.machine.on_late_pages(late({}, {kOfFile0, kOfFile1}));
  donor.all(master);
  const TaskHandle returned = donor.reinit(restart_with(CloneState::page_copy, {1}));
  EXPECT_EQ(donor.next(returned), "task 0");
  EXPECT_EQ(donor.next(returned), "wait") << "for the plan that is under way";
  donor.machine.on_redo(kRedo);
  for (const std::uint32_t file : {0U, 1U}) {
    const DonorAction::Variant action = donor.machine.next(returned);
    EXPECT_EQ(std::get<DonorAction::SendBlock>(action).block.file_index, file);
  }
  EXPECT_EQ(donor.next(returned), "prepare redo_copy");
}

TEST_F(DonorWithLatePages, LatePagesThatWereUnderWayAreSentToo) {
  donor.machine.on_late_pages(late({}, {kOfFile1}));
  donor.all(master);
  const TaskHandle returned = donor.reinit(restart_with(CloneState::page_copy, {1}));
  EXPECT_THAT(donor.all(returned), ElementsAre("task 0", "wait"));
  donor.machine.on_late_pages(late({}, {kOfFile2}));
  EXPECT_THAT(donor.all(returned), ElementsAre("data 1.2", "data 1.3", "prepare redo_copy"));
  donor.machine.on_redo(kRedo);
  EXPECT_EQ(donor.next(returned), "START redo_copy 3 1") << "this plan is not stale";
}

TEST_F(DonorWithLatePages, APlanThatWasUnderWayWhenTheyWereLostIsDropped) {
  donor.machine.on_late_pages(late({}, {kOfFile1}));
  EXPECT_EQ(donor.all(master).back(), "prepare redo_copy");
  const TaskHandle returned = donor.reinit(restart_with(CloneState::page_copy, {1}));
  EXPECT_THAT(donor.all(returned), ElementsAre("task 0", "wait"));
  RedoPlan redo = kRedo;
  redo.changes = {created(2)};
  donor.machine.on_redo(redo);
  EXPECT_THAT(donor.all(returned), ElementsAre("file 2", "data 1.2", "prepare redo_copy"));
  donor.machine.on_redo(kRedo);
  EXPECT_EQ(donor.next(returned), "START redo_copy 3 1");
}

TEST_F(DonorWithLatePages, WhoseLastIsOfAFileWithTheIndexOfARedoFileEndTheClone) {
  donor.machine.on_late_pages(late({}, {kOfFile1, kOfFile0}));
  donor.all(master);
  donor.machine.on_redo(kRedo);
  EXPECT_EQ(donor.next(master), "ERROR 1815");
}

TEST_F(DonorInFileCopy, TellsTheMasterAloneOfChangedFiles) {
  const TaskHandle worker = donor.worker();
  donor.all(master);
  donor.all(worker);
  ASSERT_TRUE(donor.ack(CloneState::file_copy));
  donor.all(master);
  donor.machine.on_pages({{removed(0), removed(1)}, {}});
  EXPECT_EQ(donor.next(master), "removed file 0");
  EXPECT_EQ(donor.next(worker), "wait");
  EXPECT_EQ(donor.next(master), "removed file 1");
  EXPECT_EQ(donor.next(worker), "wait") << "not before the master's START";
  EXPECT_EQ(donor.next(master), "START page_copy 0 0");
  EXPECT_THAT(donor.all(worker), ElementsAre("START page_copy 0 0", "END page_copy", "wait"));
}

struct OldRecipientTest : ::testing::Test {
  OldRecipientTest() {
    DonorMachine::Options old = options(4096);
    old.takes_file_changes = false;
    machine.emplace(old, files);
  }

  /// What the master is told after this state's END and its ACK.
  std::vector<DonorAction::Variant> after(CloneState state, const std::function<void()>& answer) {
    const TaskHandle master = machine->reinit(restart_with(state, {1, 2, 3})).value();
    machine->execute(master);
    std::vector<DonorAction::Variant> told;
    bool acknowledged = false;
    for (int steps = 0; steps < 20; ++steps) {
      DonorAction::Variant action = machine->next(master);
      const std::string what = describe(action);
      if (what == "finish") break;
      if (what.starts_with("prepare")) answer();
      if (what == "wait" && !std::exchange(acknowledged, true)) {
        EXPECT_TRUE(machine->on_ack(ack_of(state)));
      }
      if (acknowledged && what != "wait" && !what.starts_with("prepare")) told.push_back(std::move(action));
    }
    return told;
  }

  std::vector<DataFile> files = {file_of(5000), file_of(1000)};
  std::optional<DonorMachine> machine;
};

TEST_F(OldRecipientTest, IsToldOfADdlInsteadOfChangedFiles) {
  const auto told = after(CloneState::file_copy, [&] { machine->on_pages({{renamed(1)}, {{0, 0, 128, 5000}}}); });
  ASSERT_EQ(told.size(), 1U) << "nothing before the error";
  const auto error = *decode<ErrorResponse>(std::get<DonorAction::Send>(told[0]).message);
  EXPECT_EQ(error.number, 3633U);
  EXPECT_EQ(error.message,
            "File ./db/t.ibd was renamed during the clone, which a recipient older than 8.0.27 cannot follow. Please "
            "try again.");
}

TEST_F(OldRecipientTest, IsToldOfADdlBeforeRedoCopy) {
  RedoPlan redo = kRedo;
  redo.changes = {created(2)};
  int asked = 0;
  const auto told = after(CloneState::page_copy, [&] {
    if (asked++ == 0)
      machine->on_pages({});
    else
      machine->on_redo(redo);
  });
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(describe(told[0]), "ERROR 3633");
}

TEST_F(OldRecipientTest, ClonesWhatDoesNotChange) {
  const auto told = after(CloneState::file_copy, [&] { machine->on_pages({}); });
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(describe(told[0]), "START page_copy 0 0");
}

TEST(DonorMachine, FailsWhenAnUndoTablespaceWasDropped) {
  Donor donor;
  const TaskHandle master = donor.run_to_end_of(CloneState::file_copy);
  ASSERT_TRUE(donor.ack(CloneState::file_copy));
  donor.all(master);
  FileChange dropped = removed(1);
  dropped.file.space = SpaceId{0xFFFFFFEF};
  donor.machine.on_pages({{dropped}, {}});
  EXPECT_THAT(donor.all(master), ElementsAre("ERROR 3633", "finish"));
}

TEST(DonorMachine, FailsWhenASourceMixesFilesUp) {
  Donor donor;
  const TaskHandle master = donor.run_to_end_of(CloneState::file_copy);
  ASSERT_TRUE(donor.ack(CloneState::file_copy));
  donor.all(master);
  donor.machine.on_pages({{created(3)}, {}});
  EXPECT_THAT(donor.all(master), ElementsAre("ERROR 1815", "finish")) << "a recipient would abort";
}

// COM_ATTACH

TEST(DonorMachine, CanAttachOnlyBetweenStartAndEndOfAState) {
  Donor donor;
  const TaskHandle master = donor.machine.master();
  EXPECT_FALSE(donor.machine.can_attach()) << "before COM_EXECUTE";
  donor.machine.execute(master);
  donor.all(master);
  EXPECT_FALSE(donor.machine.can_attach()) << "in INIT";
  for (const CloneState state : {CloneState::file_copy, CloneState::page_copy, CloneState::redo_copy}) {
    SCOPED_TRACE(to_string(state));
    ASSERT_TRUE(donor.ack(donor.machine.state()));
    EXPECT_FALSE(donor.machine.can_attach()) << "before the START";
    std::string told = donor.next(master);
    if (told == "prepare page_copy") donor.machine.on_pages({});
    if (told == "prepare redo_copy") donor.machine.on_redo(kRedo);
    if (told.starts_with("prepare")) {
      EXPECT_FALSE(donor.machine.can_attach()) << "before the START";
      told = donor.next(master);
    }
    ASSERT_TRUE(told.starts_with("START"));
    EXPECT_TRUE(donor.machine.can_attach());
    EXPECT_FALSE(donor.machine.attach_refused());
    donor.all(master);
    EXPECT_FALSE(donor.machine.can_attach()) << "after the END";
    EXPECT_FALSE(donor.machine.attach_refused());
  }
  ASSERT_TRUE(donor.ack(CloneState::redo_copy));
  donor.all(master);
  EXPECT_FALSE(donor.machine.can_attach());
  EXPECT_TRUE(donor.machine.attach_refused()) << "when done";
}

TEST(DonorMachine, WithoutAMasterRefusesWorkers) {
  Donor donor;
  donor.run_to_end_of(CloneState::init);
  donor.machine.leave(donor.machine.master());
  EXPECT_FALSE(donor.machine.has_master());
  EXPECT_TRUE(donor.machine.attach_refused());
}

TEST_F(DonorInFileCopy, SharesTheChunksAmongConnections) {
  const TaskHandle worker = donor.worker();
  EXPECT_EQ(donor.next(worker), "task 1");
  EXPECT_EQ(donor.next(worker), "data 1.1");
  EXPECT_EQ(donor.next(master), "file 0");
  EXPECT_EQ(donor.next(master), "file 1");
  EXPECT_EQ(donor.next(master), "data 2.1");
  EXPECT_EQ(donor.next(worker), "data 3.1");
  EXPECT_THAT(donor.all(master), ElementsAre("END file_copy", "wait"));
  EXPECT_THAT(donor.all(worker), ElementsAre("END file_copy", "wait"));
}

TEST_F(DonorInFileCopy, HoldsTheNextStartBackUntilEveryWorkerHasItsEnd) {
  const TaskHandle silent = donor.machine.attach().value();
  donor.all(master);
  ASSERT_TRUE(donor.ack(CloneState::file_copy));
  EXPECT_EQ(donor.next(master), "wait") << "a worker was answered but has not sent COM_EXECUTE";
  donor.machine.execute(silent);
  EXPECT_THAT(donor.all(silent), ElementsAre("task 1", "END file_copy", "wait"));
  EXPECT_EQ(donor.next(master), "prepare page_copy");
}

TEST_F(DonorInFileCopy, HoldsTheNextStartBackUntilTheAck) {
  const TaskHandle worker = donor.worker();
  donor.all(worker);
  EXPECT_THAT(donor.all(master), ElementsAre("file 0", "file 1", "END file_copy", "wait"));
  EXPECT_EQ(donor.next(worker), "wait");
  ASSERT_TRUE(donor.ack(CloneState::file_copy));
  EXPECT_EQ(donor.next(worker), "wait") << "the master goes first";
  EXPECT_EQ(donor.next(master), "prepare page_copy");
  EXPECT_EQ(donor.next(worker), "wait") << "not before the master's START";
  donor.machine.on_pages({});
  EXPECT_EQ(donor.next(worker), "wait");
  EXPECT_EQ(donor.next(master), "START page_copy 0 0");
  EXPECT_THAT(donor.all(worker), ElementsAre("START page_copy 0 0", "END page_copy", "wait"));
}

TEST_F(DonorInFileCopy, DescribesRedoFilesOnEveryConnectionBeforeTheirData) {
  const TaskHandle worker = donor.worker();
  donor.all(worker);
  donor.all(master);
  ASSERT_TRUE(donor.ack(CloneState::file_copy));
  donor.all(master);
  donor.machine.on_pages({});
  donor.all(master);
  donor.all(worker);
  ASSERT_TRUE(donor.ack(CloneState::page_copy));
  donor.all(master);
  donor.machine.on_redo({4096, 3, 2048});
  EXPECT_EQ(donor.next(master), "START redo_copy 5 3");
  EXPECT_THAT(donor.all(worker), ElementsAre("START redo_copy 5 3", "file 0", "data 1.1", "file 1", "data 2.1",
                                             "file 2", "data 3.1", "data 4.1", "data 5.1", "END redo_copy", "wait"));
  EXPECT_THAT(donor.all(master), ElementsAre("file 0", "file 1", "file 2", "END redo_copy", "wait"));
  ASSERT_TRUE(donor.ack(CloneState::redo_copy));
  EXPECT_EQ(donor.next(worker), "wait");
  EXPECT_THAT(donor.all(master), ElementsAre("START done 0 0", "COMPLETE", "finish"));
  donor.machine.leave(master);
  EXPECT_THAT(donor.all(worker), ElementsAre("START done 0 0", "COMPLETE", "finish"))
      << "also when the master has gone already";
}

TEST_F(DonorInFileCopy, Takes128TasksAndNoMore) {
  for (std::uint32_t i = 1; i < DonorMachine::kMaxTasks; ++i)
    EXPECT_EQ(donor.machine.attach().value().task, CloneTaskId{i});
  EXPECT_EQ(donor.machine.task_count(), 128U);
  EXPECT_EQ(donor.machine.attach().error().code, Errc::exhausted);
}

TEST_F(DonorInFileCopy, UsesTheIndexOfAWorkerThatHasLeftAgain) {
  const TaskHandle first = donor.machine.attach().value();
  const TaskHandle second = donor.machine.attach().value();
  donor.machine.leave(first);
  EXPECT_EQ(donor.machine.attach().value().task, CloneTaskId{1});
  EXPECT_EQ(donor.machine.attach().value().task, CloneTaskId{3});
  EXPECT_EQ(second.task, CloneTaskId{2});
}

TEST_F(DonorInFileCopy, WorkerThatLeftBeforeComExecuteIsNotMissed) {
  donor.machine.leave(donor.machine.attach().value());
  EXPECT_FALSE(donor.machine.lost_worker());
  EXPECT_THAT(donor.all(master), Contains("END file_copy"));
}

TEST_F(DonorInFileCopy, WorkerLostAmidItsWorkHoldsTheEndBack) {
  const TaskHandle worker = donor.worker();
  donor.next(worker);
  EXPECT_EQ(donor.next(worker), "data 1.1");
  donor.machine.leave(worker);
  EXPECT_TRUE(donor.machine.lost_worker());
  EXPECT_FALSE(donor.machine.can_attach());
  EXPECT_TRUE(donor.machine.attach_refused());
  EXPECT_THAT(donor.all(master), ElementsAre("file 0", "file 1", "data 2.1", "data 3.1", "wait"));

  const TaskHandle returned = donor.reinit(restart_with(CloneState::file_copy, {1, 2, 3}, {{1, 0}}));
  EXPECT_FALSE(donor.machine.lost_worker());
  EXPECT_THAT(donor.all(returned), ElementsAre("task 0", "data 1.1", "END file_copy", "wait"));
}

// COM_ACK

TEST(DonorMachineAck, BeforeTheEndIsAnError) {
  Donor donor;
  EXPECT_EQ(donor.ack(CloneState::init).error().code, Errc::malformed);
  donor.machine.execute(donor.machine.master());
  EXPECT_EQ(donor.next(donor.machine.master()), "task 0");
  EXPECT_EQ(donor.ack(CloneState::init).error().code, Errc::malformed);
}

TEST(DonorMachineAck, OfALaterStateIsAnError) {
  Donor donor;
  donor.run_to_end_of(CloneState::init);
  EXPECT_EQ(donor.ack(CloneState::file_copy).error().code, Errc::malformed);
  EXPECT_EQ(donor.next(donor.machine.master()), "wait");
}

TEST(DonorMachineAck, RepeatedChangesNothing) {
  Donor donor;
  donor.run_to_end_of(CloneState::init);
  EXPECT_TRUE(donor.ack(CloneState::init));
  EXPECT_TRUE(donor.ack(CloneState::init));
  donor.all(donor.machine.master());
  EXPECT_TRUE(donor.ack(CloneState::init)) << "the state has moved on";
  EXPECT_EQ(donor.next(donor.machine.master()), "wait");
}

TEST(DonorMachineAck, IsTakenWhenTheMasterWasCutAfterTheEnd) {
  Donor donor;
  donor.run_to_end_of(CloneState::file_copy);
  donor.machine.leave(donor.machine.master());
  EXPECT_TRUE(donor.ack(CloneState::file_copy)) << "an error here would end the clone";
  const TaskHandle master = donor.reinit(restart_with(CloneState::file_copy, {1, 2, 3}));
  EXPECT_THAT(donor.all(master), ElementsAre("task 0", "prepare page_copy"));
}

TEST(DonorMachineAck, IsTakenWhenTheCloneHasFailed) {
  Donor donor;
  const TaskHandle master = donor.run_to_end_of(CloneState::file_copy);
  donor.machine.fail({1815, "page 3 is corrupt"});
  donor.all(master);
  donor.machine.leave(master);
  EXPECT_TRUE(donor.ack(CloneState::file_copy));
}

TEST(DonorMachineAck, OfAnotherCloneIsAnError) {
  Donor donor;
  donor.run_to_end_of(CloneState::init);
  AckCommand ack = ack_of(CloneState::init);
  Locator other = restart_at(CloneState::init);
  other.snapshot_id = SnapshotId{23};
  ack.locator.locator = encode(other);
  EXPECT_EQ(donor.machine.on_ack(ack).error().what, "COM_ACK names another clone");
  ack.error = 1026;
  EXPECT_FALSE(donor.machine.on_ack(ack));
  EXPECT_FALSE(donor.machine.failure());
}

TEST(DonorMachineAck, OfABrokenConnectionLeavesTheCloneToAReinit) {
  Donor donor;
  donor.run_to_end_of(CloneState::init);
  for (const std::uint32_t number : {1158U, 1159U, 1160U, 1161U, 13417U}) {
    AckCommand ack = ack_of(CloneState::init);
    ack.error = number;
    ack.descriptor.clear();
    EXPECT_TRUE(donor.machine.on_ack(ack));
    EXPECT_FALSE(donor.machine.failure());
  }
  EXPECT_TRUE(donor.machine.reinit(restart_at(CloneState::init)));
}

TEST(DonorMachineAck, ThatDoesNotDecodeIsAnError) {
  Donor donor;
  donor.run_to_end_of(CloneState::init);
  AckCommand no_locator = ack_of(CloneState::init);
  no_locator.locator.locator.resize(33);
  EXPECT_FALSE(donor.machine.on_ack(no_locator));

  AckCommand no_state = ack_of(CloneState::init);
  no_state.descriptor.clear();
  EXPECT_FALSE(donor.machine.on_ack(no_state));

  for (const std::uint16_t flags : std::vector<std::uint16_t>{0, 1, 3, 6}) {
    AckCommand other_flags = ack_of(CloneState::init);
    other_flags.descriptor = encode(StateDescriptor{.state = CloneState::init, .flags = flags});
    EXPECT_FALSE(donor.machine.on_ack(other_flags)) << flags;
  }
  EXPECT_EQ(donor.next(donor.machine.master()), "wait");
}

TEST(DonorMachineAck, WithAnErrorFailsTheClone) {
  Donor donor;
  donor.run_to_end_of(CloneState::file_copy);
  AckCommand ack = ack_of(CloneState::file_copy);
  ack.error = 1026;
  ack.descriptor.clear();
  EXPECT_TRUE(donor.machine.on_ack(ack));
  ASSERT_TRUE(donor.machine.failure());
  EXPECT_EQ(donor.machine.failure()->number, 1026U);
  EXPECT_TRUE(donor.machine.failure()->by_recipient);
  EXPECT_THAT(donor.all(donor.machine.master()), ElementsAre("ERROR 1026", "finish"));
}

// Failure

TEST_F(DonorInFileCopy, TellsEveryConnectionOnceThatItHasFailed) {
  const TaskHandle working = donor.worker();
  donor.next(working);
  donor.next(working);
  const TaskHandle silent = donor.machine.attach().value();
  donor.machine.fail({1815, "page 3 is corrupt"});
  donor.machine.fail({1105, "a later one"});
  EXPECT_TRUE(donor.machine.attach_refused());
  EXPECT_FALSE(donor.machine.can_attach());
  donor.machine.execute(silent);
  for (const TaskHandle& handle : {master, working, silent})
    EXPECT_THAT(donor.all(handle), ElementsAre("ERROR 1815", "finish"));
  EXPECT_EQ(donor.next(master), "finish");
  EXPECT_FALSE(donor.machine.complete());
}

TEST_F(DonorInFileCopy, FailureWhilePreparingEndsTheWait) {
  donor.all(master);
  ASSERT_TRUE(donor.ack(CloneState::file_copy));
  EXPECT_EQ(donor.next(master), "prepare page_copy");
  donor.machine.fail({1105, "redo log overrun"});
  EXPECT_THAT(donor.all(master), ElementsAre("ERROR 1105", "finish"));
}

TEST(DonorMachine, CannotFailAnyMoreWhenItIsComplete) {
  Donor donor;
  const TaskHandle master = donor.run_to_end_of(CloneState::redo_copy);
  ASSERT_TRUE(donor.ack(CloneState::redo_copy));
  donor.all(master);
  donor.machine.fail({1105, "shutdown"});
  EXPECT_FALSE(donor.machine.failure());
  EXPECT_EQ(donor.next(master), "finish");
}

TEST(DonorMachine, ThatHasFailedRefusesTheRecipientsReturn) {
  Donor donor;
  donor.run_to_end_of(CloneState::file_copy);
  donor.machine.fail({1815, "page 3 is corrupt"});
  EXPECT_EQ(donor.machine.reinit(restart_at(CloneState::file_copy)).error().what, "page 3 is corrupt");
}

}  // namespace
}  // namespace donord
