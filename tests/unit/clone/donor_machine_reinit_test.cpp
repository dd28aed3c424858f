// The donor machine when its recipient comes back after a cut, to the same machine or to that of a new process.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clone/donor_machine.hpp"
#include "clone/donor_script.hpp"

namespace donord {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

// COM_REINIT

TEST_F(DonorInFileCopy, DisconnectsTheFormerConnectionsAfterAReturn) {
  const TaskHandle worker = donor.worker();
  const TaskHandle returned = donor.reinit(restart_with(CloneState::file_copy, {}));
  EXPECT_EQ(donor.next(master), "disconnect");
  EXPECT_EQ(donor.next(worker), "disconnect");
  donor.machine.leave(worker);
  EXPECT_FALSE(donor.machine.lost_worker());
  EXPECT_NE(returned, master);
  EXPECT_EQ(donor.machine.task_count(), 1U);
  EXPECT_EQ(donor.next(returned), "task 0");
}

TEST_F(DonorInFileCopy, AfterAReturnGoesOnWithDataAtOnce) {
  donor.all(master);
  const TaskHandle returned = donor.reinit(restart_with(CloneState::file_copy, {1}));
  EXPECT_THAT(donor.all(returned), ElementsAre("task 0", "data 2.1", "data 3.1", "END file_copy", "wait"));
}

TEST_F(DonorInFileCopy, AfterAReturnWithoutAllMetadataSendsItAgain) {
  const TaskHandle returned = donor.reinit(restart_with(CloneState::file_copy, {}, {}, 0));
  EXPECT_THAT(donor.all(returned),
              ElementsAre("task 0", "file 0", "file 1", "data 1.1", "data 2.1", "data 3.1", "END file_copy", "wait"));
}

TEST_F(DonorInFileCopy, AfterAReturnWithoutChunksSendsThemAllAgain) {
  donor.all(master);
  const TaskHandle returned = donor.reinit(restart_at(CloneState::file_copy));
  EXPECT_THAT(donor.all(returned), ElementsAre("task 0", "data 1.1", "data 2.1", "data 3.1", "END file_copy", "wait"));
}

TEST_F(DonorInFileCopy, AfterAReturnWorkersCanAttachOnlyWhenTheMasterExecutes) {
  const TaskHandle returned = donor.machine.reinit(restart_with(CloneState::file_copy, {1})).value();
  EXPECT_FALSE(donor.machine.can_attach());
  EXPECT_FALSE(donor.machine.attach_refused());
  donor.machine.execute(returned);
  EXPECT_TRUE(donor.machine.can_attach());
  EXPECT_EQ(donor.worker().generation, returned.generation);
}

TEST_F(DonorInFileCopy, WhoseEndWasAcknowledgedGoesOnWithTheNextState) {
  donor.all(master);
  ASSERT_TRUE(donor.ack(CloneState::file_copy));
  const TaskHandle returned = donor.reinit(restart_with(CloneState::file_copy, {1, 2, 3}));
  EXPECT_THAT(donor.all(returned), ElementsAre("task 0", "prepare page_copy"));
  donor.machine.on_pages({});
  EXPECT_EQ(donor.next(returned), "START page_copy 0 0");
}

TEST_F(DonorInFileCopy, WhoseAckWasLostSendsTheEndAgain) {
  donor.all(master);
  const TaskHandle returned = donor.reinit(restart_with(CloneState::file_copy, {1, 2, 3}));
  EXPECT_THAT(donor.all(returned), ElementsAre("task 0", "END file_copy", "wait"));
  EXPECT_TRUE(donor.ack(CloneState::file_copy));
  EXPECT_EQ(donor.next(returned), "prepare page_copy");
}

TEST_F(DonorInFileCopy, AckOfTheFormerConnectionDoesNotEndTheStateEarly) {
  donor.all(master);
  const TaskHandle returned = donor.reinit(restart_with(CloneState::file_copy, {1, 2}));
  EXPECT_FALSE(donor.ack(CloneState::file_copy));
  EXPECT_THAT(donor.all(returned), ElementsAre("task 0", "data 3.1", "END file_copy", "wait"));
}

TEST_F(DonorInFileCopy, RepeatsTheStartForARecipientThatIsOneStateBehind) {
  const TaskHandle returned = donor.reinit(restart_at(CloneState::init));
  EXPECT_THAT(donor.all(returned), ElementsAre("task 0", "START file_copy 3 2", "file 0", "file 1", "data 1.1",
                                               "data 2.1", "data 3.1", "END file_copy", "wait"));
}

TEST(DonorMachineReinit, ResumesAChunkBehindTheLastBlockThatHasArrived) {
  Donor donor{1024};
  donor.run_to_end_of(CloneState::file_copy);
  const TaskHandle master = donor.reinit(restart_with(CloneState::file_copy, {1, 2}, {{1, 2}, {2, 1}}));
  EXPECT_THAT(donor.all(master), ElementsAre("task 0", "data 1.3", "data 1.4", "data 3.1", "END file_copy", "wait"))
      << "chunk 2 has one block, which had arrived";
}

TEST(DonorMachineReinit, IgnoresChunkNumbersThatCannotBe) {
  Donor donor;
  donor.run_to_end_of(CloneState::file_copy);
  Locator locator =
      restart_with(CloneState::file_copy, {1, 3, 4, 96}, {{0, 1}, {1, 0xFFFFFFFF}, {2, 0}, {96, 0}, {0xFFFFFFFF, 1}});
  const TaskHandle master = donor.reinit(locator);
  EXPECT_THAT(donor.all(master), ElementsAre("task 0", "data 2.1", "END file_copy", "wait"));
}

TEST(DonorMachineReinit, InInitRepeatsItsEnd) {
  Donor donor;
  donor.run_to_end_of(CloneState::init);
  const TaskHandle master = donor.reinit(restart_at(CloneState::init, 0));
  EXPECT_THAT(donor.all(master), ElementsAre("task 0", "END init", "wait"));
}

TEST(DonorMachineReinit, InInitAfterTheAckGoesOnWithFileCopy) {
  Donor donor;
  donor.run_to_end_of(CloneState::init);
  ASSERT_TRUE(donor.ack(CloneState::init));
  const TaskHandle master = donor.reinit(restart_at(CloneState::init, 0));
  EXPECT_EQ(donor.next(master), "task 0");
  EXPECT_EQ(donor.next(master), "START file_copy 3 2");
}

TEST(DonorMachineReinit, InPageCopyGoesOnWithTheSamePages) {
  Donor donor;
  const TaskHandle former = donor.run_to_end_of(CloneState::file_copy);
  ASSERT_TRUE(donor.ack(CloneState::file_copy));
  donor.all(former);
  donor.machine.on_pages({.changes = {}, .pages = {{0, 0, 128, 5000}, {0, 128, 128, 5000}, {1, 0, 128, 1000}}});
  donor.all(former);
  const TaskHandle master = donor.reinit(restart_with(CloneState::page_copy, {1}, {{1, 1}}));
  EXPECT_THAT(donor.all(master), ElementsAre("task 0", "data 1.2", "data 1.3", "END page_copy", "wait"));
}

TEST(DonorMachineReinit, InRedoCopyDescribesTheFilesAgain) {
  Donor donor;
  donor.run_to_end_of(CloneState::redo_copy);
  const TaskHandle master = donor.reinit(restart_with(CloneState::redo_copy, {1, 2}));
  EXPECT_THAT(donor.all(master), ElementsAre("task 0", "file 0", "file 0", "data 3.1", "END redo_copy", "wait"));
}

TEST(DonorMachineReinit, OneBehindInEveryStateRepeatsTheStart) {
  for (const CloneState state : {CloneState::file_copy, CloneState::page_copy, CloneState::redo_copy}) {
    Donor donor;
    donor.run_to_end_of(state);
    const auto behind = static_cast<CloneState>(static_cast<std::uint32_t>(state) - 1);
    const TaskHandle master = donor.reinit(restart_with(behind, {1, 2, 3}));
    EXPECT_EQ(donor.next(master), "task 0");
    EXPECT_THAT(donor.next(master), ::testing::StartsWith(fmt::format("START {}", to_string(state))));
  }
}

TEST(DonorMachineReinit, WhileAStateIsPreparedWaitsForTheSameAnswer) {
  Donor donor;
  const TaskHandle former = donor.run_to_end_of(CloneState::file_copy);
  ASSERT_TRUE(donor.ack(CloneState::file_copy));
  EXPECT_EQ(donor.next(former), "prepare page_copy");
  const TaskHandle master = donor.reinit(restart_with(CloneState::file_copy, {1, 2, 3}));
  EXPECT_THAT(donor.all(master), ElementsAre("task 0", "wait")) << "a source is asked once";
  donor.machine.on_pages({});
  EXPECT_EQ(donor.next(master), "START page_copy 0 0");
}

TEST(DonorMachineReinit, TellsOfChangedFilesAgainToARecipientThatIsOneStateBehind) {
  Donor donor;
  const TaskHandle former = donor.run_to_end_of(CloneState::file_copy);
  ASSERT_TRUE(donor.ack(CloneState::file_copy));
  donor.all(former);
  donor.machine.on_pages({{removed(0), created(2)}, {}});
  donor.all(former);
  const TaskHandle master = donor.reinit(restart_with(CloneState::file_copy, {1, 2, 3}));
  EXPECT_THAT(donor.all(master),
              ElementsAre("task 0", "removed file 0", "file 2", "START page_copy 0 0", "END page_copy", "wait"))
      << "it keeps what it has been told, and takes it twice";
}

TEST(DonorMachineReinit, DoesNotTellOfChangedFilesInTheStateThatFollowsThem) {
  Donor donor;
  const TaskHandle former = donor.run_to_end_of(CloneState::file_copy);
  ASSERT_TRUE(donor.ack(CloneState::file_copy));
  donor.all(former);
  donor.machine.on_pages({{removed(0), created(2)}, {{2, 0, 128, 1000}, {2, 128, 128, 1000}}});
  donor.all(former);
  const TaskHandle master = donor.reinit(restart_with(CloneState::page_copy, {1}, {{1, 1}}));
  EXPECT_THAT(donor.all(master), ElementsAre("task 0", "data 1.2", "END page_copy", "wait"));
}

TEST(DonorMachineReinit, InStateDoneCompletesAgain) {
  Donor donor;
  const TaskHandle former = donor.run_to_end_of(CloneState::redo_copy);
  ASSERT_TRUE(donor.ack(CloneState::redo_copy));
  donor.all(former);
  const TaskHandle behind = donor.reinit(restart_with(CloneState::redo_copy, {1, 2, 3}));
  EXPECT_FALSE(donor.machine.complete());
  EXPECT_THAT(donor.all(behind), ElementsAre("task 0", "START done 0 0", "COMPLETE", "finish"));
  const TaskHandle level = donor.reinit(restart_at(CloneState::done));
  EXPECT_THAT(donor.all(level), ElementsAre("task 0", "COMPLETE", "finish"));
  EXPECT_TRUE(donor.machine.complete());
}

TEST(DonorMachineReinit, RefusesAStateThatDoesNotFit) {
  Donor donor;
  donor.run_to_end_of(CloneState::page_copy);
  for (const CloneState state : {CloneState::init, CloneState::redo_copy, CloneState::done})
    EXPECT_EQ(donor.machine.reinit(restart_at(state)).error().code, Errc::conflict) << to_string(state);
  for (const std::uint32_t state : {0U, 6U, 255U})
    EXPECT_EQ(donor.machine.reinit(restart_at(static_cast<CloneState>(state))).error().code, Errc::malformed) << state;
  EXPECT_EQ(donor.next(donor.machine.master()), "wait") << "a refusal changes nothing";
}

// COM_REINIT at a machine that a new process has just created

TEST(RestartedDonorMachine, TakesTheStateFromTheRecipient) {
  Donor donor;
  const TaskHandle master = donor.reinit(restart_with(CloneState::file_copy, {1}));
  EXPECT_THAT(donor.all(master), ElementsAre("task 0", "data 2.1", "data 3.1", "END file_copy", "wait"));
  EXPECT_TRUE(donor.ack(CloneState::file_copy));
}

TEST(RestartedDonorMachine, InInitBeginsAnew) {
  Donor donor;
  const TaskHandle master = donor.reinit(restart_at(CloneState::init, 0));
  EXPECT_THAT(donor.all(master), ElementsAre("task 0", "END init", "wait"));
}

TEST(RestartedDonorMachine, SendsMissingMetadata) {
  Donor donor;
  const TaskHandle master = donor.reinit(restart_with(CloneState::file_copy, {}, {}, 0));
  EXPECT_EQ(donor.next(master), "task 0");
  EXPECT_EQ(donor.next(master), "file 0");
}

TEST(RestartedDonorMachine, PreparesThePagesBeforeItGoesOn) {
  Donor donor;
  const TaskHandle master = donor.reinit(restart_with(CloneState::page_copy, {1}, {{1, 1}}));
  EXPECT_THAT(donor.all(master), ElementsAre("task 0", "prepare page_copy"));
  donor.machine.on_pages({.changes = {}, .pages = {{0, 0, 128, 5000}, {0, 128, 128, 5000}}});
  EXPECT_THAT(donor.all(master), ElementsAre("data 1.2", "END page_copy", "wait"));
}

TEST(RestartedDonorMachine, PreparesPagesAndRedoInTheirOrder) {
  Donor donor;
  const TaskHandle master = donor.reinit(restart_with(CloneState::redo_copy, {1, 2}));
  EXPECT_THAT(donor.all(master), ElementsAre("task 0", "prepare page_copy"));
  donor.machine.on_pages({});
  EXPECT_THAT(donor.all(master), ElementsAre("prepare redo_copy"));
  donor.machine.on_redo(kRedo);
  EXPECT_THAT(donor.all(master), ElementsAre("file 0", "file 0", "data 3.1", "END redo_copy", "wait"));
}

TEST(RestartedDonorMachine, InStateDoneOnlyCompletes) {
  Donor donor;
  const TaskHandle master = donor.reinit(restart_at(CloneState::done));
  EXPECT_THAT(donor.all(master), ElementsAre("task 0", "COMPLETE", "finish"));
}

TEST(RestartedDonorMachine, CanBeRestartedAgainBeforeComExecute) {
  Donor donor;
  ASSERT_TRUE(donor.machine.reinit(restart_with(CloneState::file_copy, {1})));
  const TaskHandle master = donor.reinit(restart_with(CloneState::redo_copy, {}));
  EXPECT_THAT(donor.all(master), Not(Contains("data 2.1")));
  EXPECT_EQ(donor.machine.state(), CloneState::redo_copy);
}

}  // namespace
}  // namespace donord
