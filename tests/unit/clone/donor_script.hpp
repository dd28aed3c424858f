#pragma once

// A donor machine whose actions are told in words: "START file_copy 3 2", "file 0", "data 1.1", "wait"... Chunks are
// 4096 bytes.

#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "clone/donor_machine.hpp"

namespace donord::testing {

inline constexpr CloneId kClone{11};
inline constexpr SnapshotId kSnapshot{22};

inline std::string describe_file(const FileDescriptor& file) {
  const std::string_view change = (file.flags & FileDescriptor::kRenamed) != 0   ? "renamed "
                                  : (file.flags & FileDescriptor::kDeleted) != 0 ? "removed "
                                                                                 : "";
  return fmt::format("{}file {}", change, file.index);
}

inline std::string describe_descriptor(ByteView descriptor) {
  switch (descriptor_type(descriptor)) {
    case DescriptorType::task:
      return fmt::format("task {}", decode<TaskDescriptor>(descriptor)->task);
    case DescriptorType::state: {
      const StateDescriptor state = *decode<StateDescriptor>(descriptor);
      const std::string_view name = to_string(state.state);
      if (state.flags == StateDescriptor::kEnd) return fmt::format("END {}", name);
      if (state.flags == StateDescriptor::kKeepAlive) return fmt::format("keep-alive {}", name);
      return fmt::format("START {} {} {}", name, state.chunks, state.files);
    }
    case DescriptorType::file:
      return describe_file(*decode<FileDescriptor>(descriptor));
    case DescriptorType::data: {
      const DataDescriptor data = *decode<DataDescriptor>(descriptor);
      return fmt::format("data {}.{}", data.chunk, data.block);
    }
    case DescriptorType::locator:
      break;
  }
  return "unknown descriptor";
}

inline std::string describe_message(ByteView message) {
  switch (static_cast<CloneResponse>(message[0])) {
    case CloneResponse::complete:
      return "COMPLETE";
    case CloneResponse::error:
      return fmt::format("ERROR {}", decode<ErrorResponse>(message)->number);
    case CloneResponse::data_desc:
      return describe_descriptor(decode<DataDescResponse>(message)->descriptor);
    default:
      return "unknown message";
  }
}

inline std::string describe(const DonorAction::Variant& action) {
  if (const auto* send = std::get_if<DonorAction::Send>(&action)) return describe_message(send->message);
  if (const auto* block = std::get_if<DonorAction::SendBlock>(&action))
    return describe_message(block->descriptor_message);
  if (const auto* needed = std::get_if<DonorAction::Prepare>(&action))
    return fmt::format("prepare {}", to_string(needed->state));
  if (std::holds_alternative<DonorAction::Wait>(action)) return "wait";
  if (std::holds_alternative<DonorAction::Finish>(action)) return "finish";
  return "disconnect";
}

inline bool is_pause(const std::string& action) {
  return action == "wait" || action == "finish" || action == "disconnect" || action.starts_with("prepare");
}

inline DataFile file_of(std::uint64_t size_bytes) {
  return {.name = "./db/t.ibd", .size_bytes = size_bytes, .allocated_bytes = size_bytes};
}

inline DonorMachine::Options options(std::uint32_t block_bytes) {
  return {.clone_id = kClone,
          .snapshot_id = kSnapshot,
          .page_size_bytes = 1,
          .block_bytes = block_bytes,
          .redo_capacity_bytes = 100000};
}

inline Locator restart_at(CloneState state, std::uint8_t sub_state = 1) {
  return {.clone_id = kClone, .snapshot_id = kSnapshot, .state = state, .sub_state = sub_state};
}

/// In addition: chunks that have been started, and of some of them the last block that the recipient has.
inline Locator restart_with(CloneState state, const std::vector<std::uint32_t>& started,
                            std::vector<RestartInfo::IncompleteChunk> incomplete = {}, std::uint8_t sub_state = 1) {
  Locator locator = restart_at(state, sub_state);
  RestartInfo& info = locator.restart.emplace();
  for (const std::uint32_t chunk : started) info.set_started(chunk);
  info.incomplete = std::move(incomplete);
  return locator;
}

inline AckCommand ack_of(CloneState state) {
  return {0, EngineLocator{kEngineInnodb, encode(restart_at(CloneState::init))},
          encode(StateDescriptor{.state = state, .flags = StateDescriptor::kAck})};
}

inline constexpr RedoPlan kRedo = {65536, 1, 2048};

inline FileChange created(std::uint32_t index) {
  return {FileChange::Kind::created, index, file_of(1000)};
}
inline FileChange renamed(std::uint32_t index) {
  return {FileChange::Kind::renamed, index, file_of(1000)};
}
inline FileChange altered(std::uint32_t index) {
  return {FileChange::Kind::altered, index, file_of(1000)};
}
inline FileChange removed(std::uint32_t index) {
  return {FileChange::Kind::removed, index, file_of(1000)};
}

/// A machine over two files in three chunks, and what has been asked of it so far.
struct Donor {
  explicit Donor(std::uint32_t block_bytes = 4096) : machine(options(block_bytes), files) {}

  std::string next(const TaskHandle& handle) { return describe(machine.next(handle)); }

  /// What the connection is told until it has to wait, that included.
  std::vector<std::string> all(const TaskHandle& handle) {
    std::vector<std::string> told;
    do told.push_back(next(handle));
    while (!is_pause(told.back()));
    return told;
  }

  Result<> ack(CloneState state) { return machine.on_ack(ack_of(state)); }

  TaskHandle worker() {
    const TaskHandle handle = machine.attach().value();
    machine.execute(handle);
    return handle;
  }

  /// The master has been told everything up to the END of `state`.
  TaskHandle run_to_end_of(CloneState state) {
    machine.execute(machine.master());
    all(machine.master());
    while (machine.state() < state) {
      EXPECT_TRUE(ack(machine.state()));
      answer(all(machine.master()).back());
    }
    return machine.master();
  }

  /// Answers Prepare and lets the master go on.
  void answer(const std::string& pause) {
    if (pause == "prepare page_copy") machine.on_pages({});
    if (pause == "prepare redo_copy") machine.on_redo(kRedo);
    if (pause.starts_with("prepare")) answer(all(machine.master()).back());
  }

  TaskHandle reinit(const Locator& locator) {
    const TaskHandle master = machine.reinit(locator).value();
    machine.execute(master);
    return master;
  }

  std::vector<DataFile> files = {file_of(5000), file_of(1000)};
  DonorMachine machine;
};

/// A machine that has just sent START of FILE COPY to its master.
struct DonorInFileCopy : ::testing::Test {
  DonorInFileCopy() : master(donor.run_to_end_of(CloneState::init)) {
    EXPECT_TRUE(donor.ack(CloneState::init));
    EXPECT_EQ(donor.next(master), "START file_copy 3 2");
  }

  Donor donor;
  TaskHandle master;
};

}  // namespace donord::testing
