// The recipient machine alone: what it refuses of a donor, and what it tells one when it comes back.

#include "clone/recipient_machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clone/memory_view.hpp"

namespace donord {
namespace {

using ::testing::ElementsAre;

constexpr CloneTaskId kMaster{0};
constexpr CloneTaskId kWorker{1};

Bytes locs(CloneState state, CloneProtocol version = CloneProtocol::v4, CloneId clone_id = CloneId{11}) {
  const Locator locator{.clone_id = clone_id, .snapshot_id = SnapshotId{22}, .state = state};
  return encode(LocsResponse{version, {EngineLocator{kEngineInnodb, encode(locator)}}});
}

Bytes start_of(CloneState state, std::uint32_t chunks = 0, std::uint32_t files = 0) {
  return data_desc_response(
      StateDescriptor{.state = state, .chunks = chunks, .files = files, .flags = StateDescriptor::kStart});
}

Bytes end_of(CloneState state, CloneTaskId task = kMaster) {
  return data_desc_response(StateDescriptor{.state = state, .task = task});
}

Bytes file(std::uint32_t index, std::uint64_t size_bytes = 10000, CloneState state = CloneState::file_copy) {
  return data_desc_response(FileDescriptor{.state = state,
                                           .size_bytes = size_bytes,
                                           .space = SpaceId{index + 1},
                                           .index = index,
                                           .name = fmt::format("./t{}", index)});
}

DataDescriptor block(std::uint32_t chunk, std::uint32_t number, std::uint64_t offset_bytes = 0) {
  return {.state = CloneState::file_copy,
          .chunk = chunk,
          .block = number,
          .length_bytes = 4,
          .offset_bytes = offset_bytes,
          .file_size_bytes = 10000};
}

const Bytes kData = {static_cast<std::uint8_t>(CloneResponse::data), 1, 2, 3, 4};

struct RecipientMachineTest : ::testing::Test {
  RecipientMachine::Reaction take(const Bytes& message, CloneTaskId task = kMaster) {
    const Result<RecipientMachine::Reaction> reaction = machine.on_response(task, message);
    EXPECT_TRUE(reaction) << reaction.error().what;
    return reaction ? *reaction : RecipientMachine::Reaction{};
  }

  std::string refusal(const Bytes& message, CloneTaskId task = kMaster) {
    const Result<RecipientMachine::Reaction> reaction = machine.on_response(task, message);
    return reaction ? "taken" : reaction.error().what;
  }

  void begin_file_copy(std::uint32_t chunks = 8) {
    take(locs(CloneState::init));
    take(complete_response());
    EXPECT_TRUE(take(end_of(CloneState::init)).ack);
    take(start_of(CloneState::file_copy, chunks, 1));
    take(file(0));
  }

  void take_block(std::uint32_t chunk, std::uint32_t number, CloneTaskId task = kMaster) {
    take(data_desc_response(block(chunk, number)), task);
    take(kData, task);
  }

  void attach_worker() { EXPECT_EQ(machine.attach_command().first, kWorker); }

  Locator reinit() {
    const InitCommand command = *decode<InitCommand>(machine.reinit_command());
    EXPECT_EQ(command.command, CloneCommand::reinit);
    return *innodb_locator(command.locators);
  }

  testing::MemorySink sink;
  RecipientMachine machine{{}, sink};
};

TEST_F(RecipientMachineTest, OpensWithAVersionLocatorOf128Bytes) {
  const InitCommand command = *decode<InitCommand>(machine.init_command());
  EXPECT_EQ(command.command, CloneCommand::init);
  EXPECT_EQ(command.version, CloneProtocol::v4);
  ASSERT_EQ(command.locators.size(), 1U);
  EXPECT_EQ(command.locators[0].locator.size(), 128U);
  EXPECT_EQ(innodb_locator(command.locators)->state, CloneState::none);
}

TEST_F(RecipientMachineTest, KeepsParametersInTheirOrder) {
  const Bytes version = encode(ConfigResponse{"version", "9.7.4"});
  const Bytes collation = encode(CollationResponse{"binary"});
  take(version);
  take(collation);
  EXPECT_EQ(machine.parameters(), (std::vector<Bytes>{version, collation}));
  take(locs(CloneState::init));
  EXPECT_EQ(refusal(version), "parameter after the locators");
}

TEST_F(RecipientMachineTest, RefusesLocatorsThatCannotBeUsed) {
  EXPECT_EQ(refusal(locs(CloneState::init, CloneProtocol::v4, CloneId{0})), "locator without ids");
  EXPECT_EQ(refusal(locs(CloneState::init, static_cast<CloneProtocol>(0x0104))),
            "donor chose a version that was not offered");
  take(locs(CloneState::init));
  reinit();
  EXPECT_EQ(refusal(locs(CloneState::init, CloneProtocol::v3)), "negotiated version has changed");
  EXPECT_EQ(refusal(locs(CloneState::init, CloneProtocol::v4, CloneId{12})), "locator names another clone");
}

TEST_F(RecipientMachineTest, AcknowledgesTheEndOfAStateWithTheSameDescriptor) {
  take(locs(CloneState::init));
  const std::optional<Bytes> ack = take(end_of(CloneState::init)).ack;
  ASSERT_TRUE(ack);
  const AckCommand command = *decode<AckCommand>(*ack);
  EXPECT_EQ(command.error, 0U);
  EXPECT_TRUE(decode<Locator>(command.locator.locator)->names(CloneId{11}, SnapshotId{22}));
  EXPECT_EQ(*decode<StateDescriptor>(command.descriptor),
            (StateDescriptor{.state = CloneState::init, .flags = StateDescriptor::kAck}));
}

TEST_F(RecipientMachineTest, ReportsItsOwnFailureWithoutADescriptor) {
  take(locs(CloneState::init));
  const AckCommand command = *decode<AckCommand>(machine.failure_ack(1026));
  EXPECT_EQ(command.error, 1026U);
  EXPECT_TRUE(command.descriptor.empty());
}

TEST_F(RecipientMachineTest, HandsOnTheDonorsError) {
  const Result<RecipientMachine::Reaction> reaction =
      machine.on_response(kMaster, encode(ErrorResponse{3634, "Too many"}));
  ASSERT_FALSE(reaction);
  EXPECT_EQ(reaction.error().code, Errc::unavailable);
  EXPECT_EQ(reaction.error().what, "3634 : Too many");
}

TEST_F(RecipientMachineTest, RefusesMessagesThatMeanNothing) {
  EXPECT_EQ(refusal({}), "empty response");
  EXPECT_EQ(refusal({77}), "unknown response code 77");
  EXPECT_EQ(refusal(kData), "COM_RES_DATA without a descriptor");
  EXPECT_EQ(refusal(end_of(CloneState::init)), "data before the locators");
  EXPECT_EQ(refusal(complete_response(), kWorker), "response on a connection that is gone");
}

TEST_F(RecipientMachineTest, RefusesDescriptorsOfAnotherEngine) {
  take(locs(CloneState::init));
  EXPECT_EQ(refusal(encode(DataDescResponse{9, 0, encode(TaskDescriptor{})})), "unknown storage engine");
  EXPECT_EQ(refusal(encode(DataDescResponse{kEngineInnodb, 1, encode(TaskDescriptor{})})), "unknown storage engine");
  EXPECT_EQ(refusal(encode(DataDescResponse{kEngineInnodb, 0, Bytes(12)})), "unknown descriptor");
  EXPECT_EQ(refusal(data_desc_response(TaskDescriptor{.chunk = 1})), "task descriptor with a chunk");
}

TEST_F(RecipientMachineTest, RefusesStatesOutOfOrder) {
  take(locs(CloneState::init));
  EXPECT_EQ(refusal(end_of(CloneState::file_copy)), "END of a state that has not begun");
  EXPECT_EQ(refusal(start_of(CloneState::file_copy)), "START before the acknowledgement");
  EXPECT_EQ(refusal(start_of(CloneState::page_copy)), "START of a state out of order");
  take(end_of(CloneState::init));
  EXPECT_EQ(refusal(end_of(CloneState::init)), "END sent twice");
  EXPECT_EQ(refusal(start_of(CloneState::page_copy)), "START of a state out of order");
  take(start_of(CloneState::file_copy));
  EXPECT_EQ(refusal(end_of(CloneState::init)), "END of a state that has not begun");
}

TEST_F(RecipientMachineTest, IgnoresKeepAlives) {
  begin_file_copy();
  take(data_desc_response(StateDescriptor{.state = CloneState::done, .flags = StateDescriptor::kKeepAlive}));
  EXPECT_EQ(machine.state(), CloneState::file_copy);
}

TEST_F(RecipientMachineTest, RefusesFilesOutOfOrder) {
  take(locs(CloneState::init));
  take(end_of(CloneState::init));
  EXPECT_EQ(refusal(file(0)), "file of another state");
  take(start_of(CloneState::file_copy, 1, 2));
  EXPECT_EQ(refusal(file(1)), "file metadata out of order");
  take(file(0));
  take(file(0));
  EXPECT_EQ(refusal(file(0, 5)), "file described twice, differently");
  take(file(1));
  EXPECT_EQ(refusal(file(2)), "file metadata out of order");
}

TEST_F(RecipientMachineTest, RefusesDataThatDoesNotFit) {
  begin_file_copy(8);
  const auto refused = [&](DataDescriptor data) { return refusal(data_desc_response(data)); };
  EXPECT_EQ(refused(block(0, 1)), "chunk number out of range");
  EXPECT_EQ(refused(block(9, 1)), "chunk number out of range");
  EXPECT_EQ(refused(block(1, 0)), "block 0 of chunk 1, expected 1");
  EXPECT_EQ(refused(block(1, 2)), "block 2 of chunk 1, expected 1");
  EXPECT_EQ(refused(block(1, 1, 9997)), "data behind the end of the file");
  EXPECT_EQ(refused(block(1, 1, ~0ULL)), "data behind the end of the file");

  DataDescriptor unknown_file = block(1, 1);
  unknown_file.file_index = 1;
  EXPECT_EQ(refused(unknown_file), "data of an unknown file");
  DataDescriptor empty = block(1, 1);
  empty.length_bytes = 0;
  EXPECT_EQ(refused(empty), "empty block");
  DataDescriptor other_state = block(1, 1);
  other_state.state = CloneState::page_copy;
  EXPECT_EQ(refused(other_state), "data of another state");

  take_block(1, 1);
  EXPECT_EQ(refused(block(1, 1)), "block 1 of chunk 1, expected 2");
  take(end_of(CloneState::file_copy));
  EXPECT_EQ(refused(block(1, 2)), "data after the END");
}

TEST_F(RecipientMachineTest, WantsTheDataRightAfterItsDescriptor) {
  begin_file_copy();
  take(data_desc_response(block(1, 1)));
  EXPECT_EQ(refusal(end_of(CloneState::file_copy)), "expected COM_RES_DATA after its descriptor");
}

TEST_F(RecipientMachineTest, WantsAsMuchDataAsAnnounced) {
  begin_file_copy();
  take(data_desc_response(block(1, 1)));
  EXPECT_EQ(refusal({static_cast<std::uint8_t>(CloneResponse::data), 1, 2, 3}),
            "payload and descriptor disagree about the length");
  EXPECT_EQ(machine.data_bytes(), 0U);
}

TEST_F(RecipientMachineTest, TakesTheTrailerOfAStockDonorThatEndsBehindTheSizeItNames) {
  begin_file_copy();
  take(end_of(CloneState::file_copy));
  take(start_of(CloneState::page_copy));
  take(end_of(CloneState::page_copy));
  take(start_of(CloneState::redo_copy, 3, 1));
  take(data_desc_response(FileDescriptor{.state = CloneState::redo_copy, .size_bytes = 65536}));
  take(data_desc_response(DataDescriptor{.state = CloneState::redo_copy,
                                         .chunk = 3,
                                         .block = 1,
                                         .length_bytes = 4,
                                         .offset_bytes = 4096,
                                         .file_size_bytes = 4096}));
  take(kData);
  EXPECT_EQ(machine.data_bytes(), 4U);
}

// Changes of files

struct ChangedFilesTest : RecipientMachineTest {
  /// FILE COPY of files 0 to 2 is over, and acknowledged.
  ChangedFilesTest() {
    take(locs(CloneState::init));
    take(end_of(CloneState::init));
    take(start_of(CloneState::file_copy, 3, 3));
    for (const std::uint32_t index : {0U, 1U, 2U}) take(file(index));
    take(end_of(CloneState::file_copy));
  }

  static FileDescriptor change(std::uint32_t index, std::string name, std::uint16_t flags = 0) {
    return {.state = CloneState::page_copy,
            .size_bytes = 8,
            .flags = flags,
            .space = SpaceId{index + 1},
            .index = index,
            .name = std::move(name)};
  }

  void take_change(const FileDescriptor& file) { take(data_desc_response(file)); }
  std::string refused(const FileDescriptor& file) { return refusal(data_desc_response(file)); }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : sink.files()) names.push_back(name);
    return names;
  }

  static constexpr std::uint16_t kRenamed = FileDescriptor::kRenamed;
  static constexpr std::uint16_t kDeleted = FileDescriptor::kDeleted;
};

TEST_F(ChangedFilesTest, AreTakenBeforeTheNextStart) {
  take_change(change(0, "./t0", kDeleted));
  take_change(change(1, "./t2", kRenamed));
  take_change(change(2, "./t1", kRenamed));
  take_change(change(3, "./t0"));
  EXPECT_THAT(names(), ElementsAre("./t0", "./t1.#clone_ddl", "./t2.#clone_ddl"));
  take(start_of(CloneState::page_copy, 1, 1));
  EXPECT_THAT(names(), ElementsAre("./t0", "./t1", "./t2"));
  DataDescriptor page = block(1, 1);
  page.state = CloneState::page_copy;
  page.file_index = 3;
  take(data_desc_response(page));
  take(kData);
  EXPECT_EQ(sink.files().at("./t0"), (Bytes{1, 2, 3, 4, 0, 0, 0, 0}));
}

TEST_F(ChangedFilesTest, AreTakenAgainAfterACut) {
  const auto take_changes = [&] {
    take_change(change(0, "./t0", kDeleted));
    take_change(change(1, "./t2", kRenamed));
    take_change(change(2, "./t1", kRenamed));
    take_change(change(3, "./t0"));
  };
  take_changes();
  EXPECT_EQ(reinit().sub_state, 1);
  take(locs(CloneState::page_copy));
  take_changes();
  take(start_of(CloneState::page_copy));
  EXPECT_THAT(names(), ElementsAre("./t0", "./t1", "./t2"));
}

TEST_F(ChangedFilesTest, MayHaveOtherAttributesOnly) {
  take_change(change(1, "./t1", FileDescriptor::kAes));
  EXPECT_EQ(refused(change(1, "./other")), "another name without the flag RENAMED");
  EXPECT_THAT(names(), ElementsAre("./t0", "./t1", "./t2"));
}

TEST_F(ChangedFilesTest, MayHaveComeAndGoneMeanwhile) {
  take_change(change(3, "./t3", kDeleted));
  take_change(change(4, "./t3"));
  take(start_of(CloneState::page_copy));
}

TEST_F(ChangedFilesTest, AreNotTakenAtAnyOtherTime) {
  reinit();
  take(locs(CloneState::file_copy));
  take(end_of(CloneState::file_copy));
  take(start_of(CloneState::page_copy));
  EXPECT_EQ(refused(change(3, "./t3")), "file metadata in PAGE COPY");
  FileDescriptor early = change(3, "./t3");
  early.state = CloneState::redo_copy;
  EXPECT_EQ(refused(early), "file of another state") << "PAGE COPY has not ended";
}

TEST_F(ChangedFilesTest, AreTheMastersAffair) {
  attach_worker();
  take(locs(CloneState::file_copy), kWorker);
  EXPECT_EQ(refusal(data_desc_response(change(3, "./t3")), kWorker), "file of another state");
}

TEST_F(ChangedFilesTest, AreRefusedWhenNothingIsKnownOfThem) {
  EXPECT_EQ(refused(change(4, "./t4")), "change of an unknown file");
  EXPECT_EQ(refused(change(~0U, "./t4", kDeleted)), "change of an unknown file");
  EXPECT_EQ(refused(change(3, "./t4", kRenamed)), "change of an unknown file");
  EXPECT_EQ(refused(change(1, "./t1", kRenamed | kDeleted)), "file that is renamed and deleted");
  FileDescriptor other_space = change(1, "./t1", kDeleted);
  other_space.space = SpaceId{77};
  EXPECT_EQ(refused(other_space), "file with another space id");
}

TEST_F(ChangedFilesTest, AreRefusedWhenTheyAreGone) {
  take_change(change(1, "./t1", kDeleted));
  EXPECT_EQ(refused(change(1, "./t5", kRenamed)), "change of a file that is gone");
  EXPECT_EQ(refused(change(1, "./t1")), "change of a file that is gone");
}

TEST_F(ChangedFilesTest, NeedAPathInsideOfADirectory) {
  for (const std::string name : {"", "../t", "./db/../../t", "db/..", "./db/"})
    EXPECT_EQ(refused(change(3, name)), "name that a data file cannot have") << name;
  EXPECT_EQ(refused(change(3, std::string(4001, 'x'))), "name that a data file cannot have");
  EXPECT_EQ(refused(change(1, "../t1", kRenamed)), "name that a data file cannot have");
  take_change(change(3, "/elsewhere/..t.ibd"));
}

TEST_F(ChangedFilesTest, MayNotHaveTheNameOfAnotherInTheEnd) {
  take_change(change(1, "./t2", kRenamed));
  EXPECT_EQ(refusal(start_of(CloneState::page_copy)), "two files are named ./t2");
}

TEST_F(ChangedFilesTest, MayNotHaveTheNameOfAnotherWhenTheyAreCreated) {
  EXPECT_EQ(refused(change(3, "./t1")), "File './t1' already exists");
}

// Pages behind the END of PAGE COPY

struct LatePagesTest : ChangedFilesTest {
  LatePagesTest() {
    take(start_of(CloneState::page_copy, 2, 1));
    take_page(1, 1, 0);
  }
  void end_page_copy() { take(end_of(CloneState::page_copy)); }

  static Bytes page(std::uint32_t chunk, std::uint32_t number, std::uint32_t file_index) {
    DataDescriptor page = block(chunk, number);
    page.state = CloneState::page_copy;
    page.file_index = file_index;
    return data_desc_response(page);
  }
  void take_page(std::uint32_t chunk, std::uint32_t number, std::uint32_t file_index) {
    take(page(chunk, number, file_index));
    take(kData);
  }
  void begin_redo() {
    take(start_of(CloneState::redo_copy, 3, 2));
    for (const std::uint32_t index : {0U, 1U})
      take(data_desc_response(FileDescriptor{.state = CloneState::redo_copy, .size_bytes = 65536, .index = index}));
  }
  static Bytes redo_of(std::uint32_t file_index, std::uint32_t chunk) {
    DataDescriptor redo = block(chunk, 1);
    redo.state = CloneState::redo_copy;
    redo.file_index = file_index;
    return data_desc_response(redo);
  }
};

TEST_F(LatePagesTest, AreTakenOnTheMaster) {
  end_page_copy();
  take_page(2, 1, 1);
  take_page(2, 2, 2);
  EXPECT_EQ(sink.files().at("./t2").at(3), 4);
  begin_redo();
  take(redo_of(0, 1));
}

TEST_F(LatePagesTest, AreNotTakenTwice) {
  end_page_copy();
  EXPECT_EQ(refusal(page(3, 1, 1)), "chunk number out of range");
  take_page(2, 2, 1);
  EXPECT_EQ(refusal(page(2, 2, 1)), "block 2 of chunk 2, expected 3");
  take_page(2, 7, 1);
}

TEST_F(LatePagesTest, LeaveTheLastFileOpen) {
  end_page_copy();
  take_page(2, 1, 1);
  begin_redo();
  EXPECT_EQ(refusal(redo_of(1, 1)), "redo while the data file of the same index is open");
}

TEST_F(LatePagesTest, LeaveItOpenUntilTheNext) {
  end_page_copy();
  take_page(2, 1, 1);
  begin_redo();
  take(redo_of(0, 1));
  take(kData);
  take(redo_of(1, 2));
}

TEST_F(LatePagesTest, WaitUntilEveryConnectionHasEnded) {
  attach_worker();
  take(locs(CloneState::page_copy), kWorker);
  end_page_copy();
  EXPECT_EQ(refusal(page(2, 1, 1)), "data after the END");
  take(end_of(CloneState::page_copy, kWorker), kWorker);
  take_page(2, 1, 1);
}

TEST_F(RecipientMachineTest, DropsTheDataOfAFileThatAStockDonorSaysIsGone) {
  begin_file_copy();
  take_block(1, 1);
  take(data_desc_response(FileDescriptor{
      .state = CloneState::file_copy, .flags = FileDescriptor::kDeleted, .first_chunk = 1, .name = "./t0"}));
  EXPECT_EQ(refusal(data_desc_response(FileDescriptor{
                .state = CloneState::file_copy, .flags = FileDescriptor::kDeleted, .index = 1, .name = "./t1"})),
            "drop of an unknown file");
  take_block(1, 2);
  EXPECT_EQ(machine.data_bytes(), 8U);
  take(end_of(CloneState::file_copy));
  take(data_desc_response(FileDescriptor{
      .state = CloneState::page_copy, .flags = FileDescriptor::kDeleted, .space = SpaceId{1}, .name = "./t0"}));
  EXPECT_TRUE(sink.files().empty());
}

// Workers

TEST_F(RecipientMachineTest, WorkerWaitsForTheWholeListOfFiles) {
  take(locs(CloneState::init));
  take(end_of(CloneState::init));
  attach_worker();
  EXPECT_TRUE(take(locs(CloneState::file_copy), kWorker).early) << "the master is in INIT";
  take(start_of(CloneState::file_copy, 1, 2));
  take(file(0));
  EXPECT_TRUE(take(locs(CloneState::file_copy), kWorker).early) << "a file is missing";
  take(file(1));
  EXPECT_FALSE(take(locs(CloneState::file_copy), kWorker).early);
}

TEST_F(RecipientMachineTest, WorkerRefusesAStateThatHasPassed) {
  begin_file_copy();
  attach_worker();
  EXPECT_EQ(refusal(locs(CloneState::init), kWorker), "worker would wait for a state that has passed");
}

TEST_F(RecipientMachineTest, AcknowledgesWhenEveryConnectionHasEnded) {
  begin_file_copy();
  attach_worker();
  take(locs(CloneState::file_copy), kWorker);
  EXPECT_FALSE(take(end_of(CloneState::file_copy)).ack);
  const std::optional<Bytes> ack = take(end_of(CloneState::file_copy, kWorker), kWorker).ack;
  ASSERT_TRUE(ack);
  EXPECT_EQ(decode<StateDescriptor>(decode<AckCommand>(*ack)->descriptor)->task, kMaster)
      << "the acknowledgement is the master's";
}

TEST_F(RecipientMachineTest, StartThatOvertakesTheOtherConnectionWaitsForIt) {
  begin_file_copy();
  attach_worker();
  take(locs(CloneState::file_copy), kWorker);
  take(end_of(CloneState::file_copy));
  take(end_of(CloneState::file_copy), kWorker);
  EXPECT_TRUE(take(start_of(CloneState::page_copy), kWorker).early) << "the master has not started";
  take(start_of(CloneState::page_copy));
  EXPECT_EQ(refusal(end_of(CloneState::page_copy), kWorker), "END of a state that has not begun");
  EXPECT_FALSE(take(end_of(CloneState::page_copy)).ack) << "the worker has not started";
  EXPECT_FALSE(take(start_of(CloneState::page_copy), kWorker).early);
  EXPECT_TRUE(take(end_of(CloneState::page_copy), kWorker).ack);
}

TEST_F(RecipientMachineTest, StartWaitsForAWorkerThatJoinedAfterTheAck) {
  begin_file_copy();
  attach_worker();
  EXPECT_TRUE(take(end_of(CloneState::file_copy)).ack);
  take(locs(CloneState::file_copy), kWorker);
  EXPECT_TRUE(take(start_of(CloneState::page_copy)).early);
  EXPECT_FALSE(take(end_of(CloneState::file_copy), kWorker).ack) << "once is enough";
  EXPECT_FALSE(take(start_of(CloneState::page_copy)).early);
}

// Coming back

TEST_F(RecipientMachineTest, ReinitInInitHasNoChunks) {
  take(locs(CloneState::init));
  const Locator locator = reinit();
  EXPECT_EQ(locator.state, CloneState::init);
  EXPECT_FALSE(locator.restart);
}

TEST_F(RecipientMachineTest, ReinitTellsChunksAndTheLastBlockOfThoseThatWereInterrupted) {
  begin_file_copy();
  take_block(1, 1);
  take_block(1, 2);
  take_block(2, 1);
  take_block(2, 2);
  const Locator locator = reinit();
  EXPECT_EQ(locator.state, CloneState::file_copy);
  EXPECT_EQ(locator.sub_state, 1);
  ASSERT_TRUE(locator.restart);
  EXPECT_TRUE(locator.restart->is_started(1));
  EXPECT_TRUE(locator.restart->is_started(2));
  EXPECT_FALSE(locator.restart->is_started(3));
  EXPECT_EQ(locator.restart->incomplete, (std::vector<RestartInfo::IncompleteChunk>{{2, 2}}));
}

TEST_F(RecipientMachineTest, ReinitDoesNotCountABlockWhoseDataIsMissing) {
  begin_file_copy();
  take_block(1, 1);
  take(data_desc_response(block(1, 2)));
  EXPECT_EQ(reinit().restart->incomplete, (std::vector<RestartInfo::IncompleteChunk>{{1, 1}}));
}

TEST_F(RecipientMachineTest, ReinitTwiceStillNamesAnInterruptedChunk) {
  begin_file_copy();
  take_block(1, 1);
  reinit();
  const Locator again = reinit();
  EXPECT_EQ(again.restart->incomplete, (std::vector<RestartInfo::IncompleteChunk>{{1, 1}}));
}

TEST_F(RecipientMachineTest, InterruptedChunkThatWasFinishedIsComplete) {
  begin_file_copy();
  take_block(1, 1);
  reinit();
  take(locs(CloneState::file_copy));
  take_block(1, 2);
  take_block(2, 1);
  EXPECT_EQ(reinit().restart->incomplete, (std::vector<RestartInfo::IncompleteChunk>{{2, 1}}));
}

TEST_F(RecipientMachineTest, ReinitTellsWhenTheFileListIsIncomplete) {
  take(locs(CloneState::init));
  take(end_of(CloneState::init));
  take(start_of(CloneState::file_copy, 1, 2));
  take(file(0));
  EXPECT_EQ(reinit().sub_state, 0);
}

TEST_F(RecipientMachineTest, AfterReinitAnEndIsAcknowledgedAgain) {
  begin_file_copy();
  EXPECT_TRUE(take(end_of(CloneState::file_copy)).ack);
  reinit();
  take(locs(CloneState::file_copy));
  EXPECT_TRUE(take(end_of(CloneState::file_copy)).ack);
}

TEST_F(RecipientMachineTest, AfterReinitAnAcknowledgedStateMayBeFollowedByTheNext) {
  begin_file_copy();
  EXPECT_TRUE(take(end_of(CloneState::file_copy)).ack);
  reinit();
  take(locs(CloneState::page_copy));
  take(start_of(CloneState::page_copy));
  EXPECT_EQ(machine.state(), CloneState::page_copy);
}

TEST_F(RecipientMachineTest, AfterReinitAStateThatWasNotAcknowledgedMustEndFirst) {
  begin_file_copy();
  reinit();
  take(locs(CloneState::file_copy));
  EXPECT_EQ(refusal(start_of(CloneState::page_copy)), "START before the acknowledgement");
}

}  // namespace
}  // namespace donord
