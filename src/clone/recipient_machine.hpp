#pragma once

// The recipient's side of one clone, strict about everything a stock recipient trusts: order of states, chunk and block
// numbers, file indexes, offsets and lengths. No I/O, no clock, no threads: whole messages of any of its connections
// come in, commands for its connections go out, and what was copied goes to a `RecipientSink`.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "clone/clone_state.hpp"
#include "clone/descriptors.hpp"
#include "clone/messages.hpp"

namespace donord {

/// Takes what the donor sends.
class RecipientSink {
 public:
  virtual ~RecipientSink() = default;
  [[nodiscard]] virtual Result<> add_file(const FileDescriptor& file) = 0;
  [[nodiscard]] virtual Result<> write(const DataDescriptor& where, ByteView data) = 0;
};

class RecipientMachine {
 public:
  struct Options {
    CloneProtocol version = CloneProtocol::v4;
    std::uint32_t ddl = InitCommand::kNoBackupLock | 300;
  };

  /// A message of the donor has been taken in.
  struct Reaction {
    std::optional<Bytes> ack;  ///< to send on the ACK connection
    bool command_done = false;
  };

  RecipientMachine(Options options, RecipientSink& sink) : options_(options), sink_(sink) {}

  /// COM_INIT, for the master connection (task 0).
  [[nodiscard]] Bytes init_command() const;
  /// COM_ATTACH for a new worker; its task number comes with it.
  [[nodiscard]] std::pair<CloneTaskId, Bytes> attach_command();
  /// COM_REINIT: all former connections are gone.
  [[nodiscard]] Bytes reinit_command();
  /// COM_ACK that reports a failure of this side.
  [[nodiscard]] Bytes failure_ack(std::uint32_t error) const;

  /// One response on the connection of `task`. `Errc::malformed` names what a donor must not do;
  /// `Errc::unavailable` carries the donor's own COM_RES_ERROR.
  [[nodiscard]] Result<Reaction> on_response(CloneTaskId task, ByteView message);

  [[nodiscard]] CloneState state() const { return state_; }
  [[nodiscard]] std::optional<CloneProtocol> negotiated() const { return negotiated_; }
  [[nodiscard]] const Locator& locator() const { return locator_; }
  /// Parameters by message code, in order of arrival.
  [[nodiscard]] const std::vector<Bytes>& parameters() const { return parameters_; }
  /// Bytes of data received in all states.
  [[nodiscard]] std::uint64_t data_bytes() const { return data_bytes_; }
  /// Every announced chunk of the current state has arrived in full or is in `incomplete`; for tests.
  [[nodiscard]] bool has_all_files() const { return files_.size() == files_announced_; }

 private:
  struct Task {
    bool attached = false;  ///< LOCS received
    bool ended = false;     ///< END of the current state received
    std::uint32_t chunk = 0;
    std::uint32_t block = 0;
    std::optional<DataDescriptor> expecting;
  };

  Result<Reaction> on_locs(Task& task, ByteView message);
  Result<Reaction> on_descriptor(CloneTaskId id, Task& task, ByteView message);
  Result<Reaction> on_state(CloneTaskId id, Task& task, const StateDescriptor& state);
  Result<> on_start(CloneTaskId id, Task& task, const StateDescriptor& state);
  Result<> on_file(const FileDescriptor& file);
  Result<> on_data_descriptor(Task& task, const DataDescriptor& data);
  [[nodiscard]] Bytes with_locator(CloneCommand command, const Locator& locator) const;

  Options options_;
  RecipientSink& sink_;
  std::optional<CloneProtocol> negotiated_;
  Locator locator_;
  std::vector<Bytes> parameters_;
  std::map<std::uint32_t, Task> tasks_ = {{0, Task{}}};
  CloneState state_ = CloneState::none;
  bool end_acknowledged_ = false;
  std::uint32_t chunks_announced_ = 0;
  std::uint32_t files_announced_ = 0;
  std::map<std::uint32_t, FileDescriptor> files_;        ///< of the current list: data files, then redo files
  std::map<std::uint32_t, std::uint32_t> chunk_blocks_;  ///< chunk -> last block that has arrived
  std::uint64_t data_bytes_ = 0;
};

}  // namespace donord
