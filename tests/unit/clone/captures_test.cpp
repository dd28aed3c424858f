// Messages of a stock donor and a stock recipient (fixtures/README.md): what each kind says, and that it is written
// again as the same bytes.

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "clone/descriptors.hpp"
#include "clone/messages.hpp"
#include "support/damage.hpp"
#include "support/hex_file.hpp"

namespace donord {
namespace {

using testing::fixture_path;
using testing::load_fixture;
using testing::survives_damage;
using testing::to_hex;

template <class Message>
Message captured(std::string_view name) {
  const Bytes bytes = load_fixture(fmt::format("captures/{}.hex", name)).bytes;
  const Result<Message> message = decode<Message>(bytes);
  EXPECT_TRUE(message) << name << ": " << message.error().what;
  EXPECT_EQ(to_hex(encode(message.value())), to_hex(bytes)) << name;
  return message.value();
}

/// The descriptor in a captured COM_RES_DATA_DESC.
template <class Descriptor>
Descriptor captured_descriptor(std::string_view name) {
  const auto response = captured<DataDescResponse>(fmt::format("res_data_desc_{}", name));
  EXPECT_EQ(response.engine, kEngineInnodb);
  EXPECT_EQ(response.locator_index, 0);
  const Result<Descriptor> descriptor = decode<Descriptor>(response.descriptor);
  EXPECT_TRUE(descriptor) << name << ": " << descriptor.error().what;
  EXPECT_EQ(to_hex(encode(descriptor.value())), to_hex(response.descriptor)) << name;
  return descriptor.value();
}

Locator captured_locator(const std::vector<EngineLocator>& locators) {
  const Result<Locator> locator = innodb_locator(locators);
  EXPECT_TRUE(locator) << locator.error().what;
  EXPECT_EQ(to_hex(encode(locator.value())), to_hex(locators.at(0).locator));
  return locator.value();
}

template <class Message>
void is_faithful(const Bytes& bytes) {
  const Result<Message> message = decode<Message>(bytes);
  ASSERT_TRUE(message) << message.error().what;
  EXPECT_EQ(to_hex(encode(*message)), to_hex(bytes));
  survives_damage<Message>(bytes);
}

void descriptor_is_faithful(const Bytes& message) {
  is_faithful<DataDescResponse>(message);
  const Bytes descriptor = decode<DataDescResponse>(message)->descriptor;
  switch (descriptor_type(descriptor)) {
    case DescriptorType::task:
      return is_faithful<TaskDescriptor>(descriptor);
    case DescriptorType::state:
      return is_faithful<StateDescriptor>(descriptor);
    case DescriptorType::file:
      return is_faithful<FileDescriptor>(descriptor);
    case DescriptorType::data:
      return is_faithful<DataDescriptor>(descriptor);
    case DescriptorType::locator:
      break;
  }
  FAIL() << "unknown descriptor";
}

void command_is_faithful(const Bytes& message) {
  switch (static_cast<CloneCommand>(message.at(0))) {
    case CloneCommand::init:
    case CloneCommand::attach:
    case CloneCommand::reinit:
      is_faithful<InitCommand>(message);
      return is_faithful<Locator>(decode<InitCommand>(message)->locators.at(0).locator);
    case CloneCommand::ack:
      return is_faithful<AckCommand>(message);
    case CloneCommand::execute:
    case CloneCommand::exit:
      EXPECT_EQ(message.size(), 1U);
      return;
  }
  FAIL() << "unknown command";
}

void response_is_faithful(const Bytes& message) {
  switch (static_cast<CloneResponse>(message.at(0))) {
    case CloneResponse::locs:
      is_faithful<LocsResponse>(message);
      return is_faithful<Locator>(decode<LocsResponse>(message)->locators.at(0).locator);
    case CloneResponse::data_desc:
      return descriptor_is_faithful(message);
    case CloneResponse::data:
      return;
    case CloneResponse::plugin:
      return is_faithful<PluginResponse>(message);
    case CloneResponse::config:
      return is_faithful<ConfigResponse>(message);
    case CloneResponse::collation:
      return is_faithful<CollationResponse>(message);
    case CloneResponse::plugin_v2:
      return is_faithful<PluginV2Response>(message);
    case CloneResponse::config_v3:
      return is_faithful<ConfigV3Response>(message);
    case CloneResponse::config_v4:
      return is_faithful<ConfigV4Response>(message);
    case CloneResponse::complete:
      EXPECT_EQ(message, complete_response());
      return;
    case CloneResponse::error:
      return is_faithful<ErrorResponse>(message);
  }
  FAIL() << "unknown response";
}

/// "com_init", "com_ack_file_copy"..., but not "com_quit": commands of the clone RPC.
bool is_clone_command(const std::string& name) {
  static const std::set<std::string> kKinds = {"com_init",    "com_attach", "com_reinit",
                                               "com_execute", "com_ack",    "com_exit"};
  const std::size_t second_word_end = name.find('_', name.find('_') + 1);
  return kKinds.contains(name.substr(0, second_word_end));
}

/// The messages of the clone RPC that fixtures/README.md lists, as paths relative to fixtures/.
std::vector<std::string> listed_messages() {
  std::ifstream list{fixture_path("README.md")};
  std::vector<std::string> paths;
  for (std::string line; std::getline(list, line);) {
    if (!line.starts_with("| `captures/")) continue;
    const std::string path = line.substr(3, line.find('`', 3) - 3);
    const std::string name = std::filesystem::path{path}.stem();
    if (name.starts_with("res_") || is_clone_command(name)) paths.push_back(path);
  }
  return paths;
}

TEST(Captures, OfEveryListedMessageAreWrittenAgainAsTheSameBytes) {
  const std::vector<std::string> paths = listed_messages();
  EXPECT_GT(paths.size(), 60U);
  for (const std::string& path : paths) {
    SCOPED_TRACE(path);
    const Bytes bytes = load_fixture(path).bytes;
    ASSERT_FALSE(bytes.empty());
    path.find("/res_") != std::string::npos ? response_is_faithful(bytes) : command_is_faithful(bytes);
  }
}

TEST(Captures, ComInitOffersV4WithoutBackupLock) {
  const auto command = captured<InitCommand>("com_init");
  EXPECT_EQ(command.command, CloneCommand::init);
  EXPECT_EQ(command.version, CloneProtocol::v4);
  EXPECT_EQ(command.ddl, InitCommand::kNoBackupLock | 300);
  const Locator locator = captured_locator(command.locators);
  EXPECT_EQ(locator.state, CloneState::none);
  EXPECT_EQ(locator.clone_id, CloneId{});
  EXPECT_EQ(locator.padding, Bytes(94));
}

TEST(Captures, ComAttachNamesTheCloneWithoutItsCurrentState) {
  const auto command = captured<InitCommand>("com_attach");
  EXPECT_EQ(command.command, CloneCommand::attach);
  const Locator locator = captured_locator(command.locators);
  EXPECT_NE(locator.clone_id, CloneId{});
  EXPECT_EQ(locator.state, CloneState::init);
  EXPECT_FALSE(locator.restart);
}

TEST(Captures, ComReinitTellsTheChunksOfTheInterruptedState) {
  const auto command = captured<InitCommand>("com_reinit_file_copy");
  EXPECT_EQ(command.command, CloneCommand::reinit);
  const Locator locator = captured_locator(command.locators);
  EXPECT_EQ(locator.state, CloneState::file_copy);
  EXPECT_EQ(locator.sub_state, 1);
  ASSERT_TRUE(locator.restart);
  ASSERT_EQ(locator.restart->incomplete.size(), 1U);
  EXPECT_TRUE(locator.restart->is_started(locator.restart->incomplete[0].chunk));
}

TEST(Captures, ComReinitInInitHasNoChunks) {
  const Locator locator = captured_locator(captured<InitCommand>("com_reinit_init").locators);
  EXPECT_EQ(locator.state, CloneState::init);
  EXPECT_FALSE(locator.restart);
}

TEST(Captures, ComReinitNamesItsState) {
  EXPECT_EQ(captured_locator(captured<InitCommand>("com_reinit_page_copy").locators).state, CloneState::page_copy);
  EXPECT_EQ(captured_locator(captured<InitCommand>("com_reinit_redo_copy").locators).state, CloneState::redo_copy);
}

TEST(Captures, ComAckEchoesTheEndOfEveryStateButDone) {
  for (const CloneState state :
       {CloneState::init, CloneState::file_copy, CloneState::page_copy, CloneState::redo_copy}) {
    const std::string name = fmt::format("com_ack_{}", to_string(state));
    SCOPED_TRACE(name);
    const auto ack = captured<AckCommand>(name);
    EXPECT_EQ(ack.error, 0U);
    auto echoed = *decode<StateDescriptor>(ack.descriptor);
    EXPECT_EQ(echoed.state, state);
    EXPECT_EQ(echoed.flags, StateDescriptor::kAck);
    echoed.flags = StateDescriptor::kEnd;
    EXPECT_EQ(echoed, captured_descriptor<StateDescriptor>(fmt::format("state_{}_end", to_string(state))));
  }
}

TEST(Captures, ComAckOfAFailureHasNoDescriptor) {
  const auto ack = captured<AckCommand>("com_ack_error");
  EXPECT_NE(ack.error, 0U);
  EXPECT_TRUE(ack.descriptor.empty());
  EXPECT_TRUE(decode<Locator>(ack.locator.locator));
}

TEST(Captures, LocsCarryTheCurrentStateOfTheDonor) {
  for (const CloneState state : {CloneState::init, CloneState::file_copy, CloneState::redo_copy, CloneState::done}) {
    const auto locs = captured<LocsResponse>(fmt::format("res_locs_{}", to_string(state)));
    EXPECT_EQ(locs.version, CloneProtocol::v4);
    const Locator locator = captured_locator(locs.locators);
    EXPECT_EQ(locator.state, state);
    EXPECT_NE(locator.clone_id, CloneId{});
    EXPECT_NE(locator.snapshot_id, SnapshotId{});
    EXPECT_TRUE(locator.padding.empty());
  }
}

TEST(Captures, ParametersHaveNamesAndValues) {
  EXPECT_EQ(captured<PluginV2Response>("res_plugin_v2_loaded"), (PluginV2Response{"clone", "mysql_clone.so"}));
  EXPECT_EQ(captured<PluginV2Response>("res_plugin_v2_built_in").value, "");
  EXPECT_FALSE(captured<CollationResponse>("res_collation").name.empty());
  EXPECT_EQ(captured<ConfigResponse>("res_config_innodb_page_size"), (ConfigResponse{"innodb_page_size", "16384"}));
  EXPECT_EQ(captured<ConfigResponse>("res_config_version_compile_os"), (ConfigResponse{"version_compile_os", "Linux"}));
  EXPECT_EQ(captured<ConfigV3Response>("res_config_v3"),
            (ConfigV3Response{"clone_donor_timeout_after_network_failure", "5"}));
  const std::string version = captured<ConfigResponse>("res_config_version").value;
  EXPECT_EQ(captured<ConfigV4Response>("res_config_v4"),
            (ConfigV4Response{"json_configs", fmt::format(R"({{"version":"{}","maturity":"LTS"}})", version)}));
}

TEST(Captures, TaskDescriptorIsTheMasters) {
  EXPECT_EQ(captured_descriptor<TaskDescriptor>("task"), TaskDescriptor{});
}

TEST(Captures, StartsAndEndsAgreeInTheirCounts) {
  for (const CloneState state : {CloneState::file_copy, CloneState::page_copy, CloneState::redo_copy}) {
    SCOPED_TRACE(to_string(state));
    const auto start = captured_descriptor<StateDescriptor>(fmt::format("state_{}_start", to_string(state)));
    const auto end = captured_descriptor<StateDescriptor>(fmt::format("state_{}_end", to_string(state)));
    EXPECT_EQ(start.flags, StateDescriptor::kStart);
    EXPECT_EQ(end.flags, StateDescriptor::kEnd);
    EXPECT_EQ(start.state, state);
    EXPECT_EQ(end.state, state);
    EXPECT_EQ(start.chunks, end.chunks);
    EXPECT_EQ(start.files, end.files);
    EXPECT_EQ(end.estimate_bytes, 0U);
    EXPECT_EQ(end.estimate_disk_bytes, 0U);
  }
}

TEST(Captures, DoneHasAStart) {
  const auto done = captured_descriptor<StateDescriptor>("state_done_start");
  EXPECT_EQ(done.state, CloneState::done);
  EXPECT_EQ(done.flags, StateDescriptor::kStart);
  EXPECT_EQ(done.chunks, 0U);
  EXPECT_EQ(done.files, 0U);
}

TEST(Captures, KeepAliveIsAStateWithBothFlags) {
  const auto keep_alive = captured_descriptor<StateDescriptor>("state_init_keep_alive");
  EXPECT_EQ(keep_alive, (StateDescriptor{.state = CloneState::init, .flags = StateDescriptor::kKeepAlive}));
}

TEST(Captures, FilesOfEveryKindHaveTheirAttributes) {
  const auto file = [](std::string_view kind) {
    return captured_descriptor<FileDescriptor>(fmt::format("file_file_copy_{}", kind));
  };
  const FileDescriptor buffer_pool = file("buffer_pool");
  EXPECT_EQ(buffer_pool.name, "ib_buffer_pool");
  EXPECT_EQ(buffer_pool.index, 0U);
  EXPECT_EQ(buffer_pool.space, SpaceId{0xFFFFFFFF});
  EXPECT_EQ(buffer_pool.fsp_flags, 0xFFFFFFFFU);
  EXPECT_EQ(buffer_pool.fs_block_size_bytes, 0U);
  EXPECT_EQ(buffer_pool.allocated_bytes, buffer_pool.size_bytes);

  const FileDescriptor system = file("system");
  EXPECT_EQ(system.name, "ibdata1");
  EXPECT_EQ(system.space, SpaceId{0});
  EXPECT_EQ(system.first_chunk, system.last_chunk);

  EXPECT_EQ(file("dictionary").space, SpaceId{0xFFFFFFFE});
  EXPECT_THAT(file("undo").name, ::testing::StartsWith("undo_00"));
  EXPECT_EQ(file("page_zlib").flags, FileDescriptor::kZlib);
  EXPECT_EQ(file("page_lz4").flags, FileDescriptor::kLz4);
  EXPECT_THAT(file("table").name, ::testing::StartsWith("./"));
}

TEST(Captures, DdlDuringTheCopyIsToldByFlagsOfAFile) {
  const auto deleted = captured_descriptor<FileDescriptor>("file_file_copy_deleted");
  EXPECT_EQ(deleted.state, CloneState::file_copy);
  EXPECT_EQ(deleted.flags, FileDescriptor::kDeleted);
  EXPECT_EQ(deleted.last_chunk, 0U);
  EXPECT_EQ(captured_descriptor<FileDescriptor>("file_page_copy_deleted").flags, FileDescriptor::kDeleted);
  const auto renamed = captured_descriptor<FileDescriptor>("file_page_copy_renamed");
  EXPECT_EQ(renamed.state, CloneState::page_copy);
  EXPECT_EQ(renamed.flags, FileDescriptor::kRenamed);
}

TEST(Captures, RedoFileHasNoName) {
  const auto redo = captured_descriptor<FileDescriptor>("file_redo_copy_redo");
  EXPECT_EQ(redo.name, "");
  EXPECT_EQ(redo.space, SpaceId{0xFFFFFFF0});
  EXPECT_EQ(redo.fsp_flags, 0xFFFFFFFFU);
  EXPECT_EQ(redo.allocated_bytes, 0U);
}

TEST(Captures, DataDescriptorsCountChunksAndBlocksFromOne) {
  const auto file_data = captured_descriptor<DataDescriptor>("data_file_copy");
  EXPECT_EQ(file_data.state, CloneState::file_copy);
  EXPECT_GE(file_data.chunk, 1U);
  EXPECT_GE(file_data.block, 1U);

  const auto page = captured_descriptor<DataDescriptor>("data_page_copy");
  EXPECT_EQ(page.state, CloneState::page_copy);
  EXPECT_EQ(page.offset_bytes % page.length_bytes, 0U);

  EXPECT_EQ(captured_descriptor<DataDescriptor>("data_redo_copy").state, CloneState::redo_copy);
}

TEST(Captures, RedoHeaderComesInTheLastChunkButOne) {
  const auto header = captured_descriptor<DataDescriptor>("data_redo_copy_header");
  EXPECT_EQ(header.file_index, 0U);
  EXPECT_EQ(header.offset_bytes, 0U);
  EXPECT_EQ(header.length_bytes, 2048U);
  EXPECT_EQ(header.block, 1U);
  EXPECT_EQ(load_fixture("captures/res_data_redo_copy_header.hex").bytes.size(), 1U + 2048U);
}

TEST(Captures, CommandsWithoutContentAreTheirCode) {
  EXPECT_EQ(load_fixture("captures/com_execute.hex").bytes, Bytes{4});
  EXPECT_EQ(load_fixture("captures/com_exit.hex").bytes, Bytes{6});
  EXPECT_EQ(load_fixture("captures/res_complete.hex").bytes, complete_response());
}

TEST(Captures, ADonorThatIsBusyRefusesBy3634) {
  const auto error = captured<ErrorResponse>("res_error_3634");
  EXPECT_EQ(error.number, 3634U);
  EXPECT_THAT(error.message, ::testing::StartsWith("Too many concurrent clone operations"));
}

}  // namespace
}  // namespace donord
