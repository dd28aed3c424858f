#pragma once

// The recipient's side of one clone, strict about everything a stock recipient trusts: order of states, chunk and block
// numbers, file indexes, offsets and lengths. No I/O, no clock, no threads: whole messages of any of its connections
// come in, commands for its connections go out, and what was copied goes to a `RecipientSink`.
//
// Connections deliver independently, so a message can overtake what it builds on: a worker's START the master's, the
// master's START a worker's END, a worker's LOCS the file list. Such a message is not taken in (`Reaction::early`); the
// connection that brought it waits, as that of a stock recipient does.

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

/// Takes what the donor sends. A change may come again after a cut: `rename_file` and `remove_file` of what has been
/// renamed or removed already. A stock recipient keeps a renamed file aside, as `<name>.#clone_ddl`, until the names
/// are final, and overwrites one that is there.
class RecipientSink {
 public:
  virtual ~RecipientSink() = default;
  /// A file of the current state's list, or one that was created before the next state.
  [[nodiscard]] virtual Result<> add_file(const FileDescriptor& file) = 0;
  /// The data file with this index will have this name. Other files may still have it.
  [[nodiscard]] virtual Result<> rename_file(const FileDescriptor& file) = 0;
  /// The data file with this index is gone, and its name may be used again.
  [[nodiscard]] virtual Result<> remove_file(const FileDescriptor& file) = 0;
  /// A state begins: renamed files get their names, in the order of their indexes.
  [[nodiscard]] virtual Result<> settle_names() = 0;
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
    bool early = false;  ///< not taken in: give it again when another connection has taken something in
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

 private:
  struct Task {
    bool attached = false;                ///< LOCS received
    CloneState state = CloneState::none;  ///< that this connection has joined or been told of
    bool ended = false;                   ///< END of `state` received
    std::uint32_t chunk = 0;
    std::optional<DataDescriptor> expecting;
  };

  enum class Ack { none, before_cut, sent };

  Result<Reaction> on_locs(CloneTaskId id, Task& task, ByteView message);
  Result<Reaction> on_descriptor(CloneTaskId id, Task& task, ByteView message);
  Result<Reaction> on_state(CloneTaskId id, Task& task, const StateDescriptor& state);
  Result<Reaction> on_start(CloneTaskId id, Task& task, const StateDescriptor& state);
  Result<> on_file(CloneTaskId id, const FileDescriptor& file);
  Result<> on_change(const FileDescriptor& file);
  Result<> on_dropped(const FileDescriptor& file);
  [[nodiscard]] Result<> check_names() const;
  Result<> on_data_descriptor(CloneTaskId id, Task& task, const DataDescriptor& data);
  Result<> close_late_file(const DataDescriptor& data);
  [[nodiscard]] bool has_ended(const Task& task) const { return task.state == state_ && task.ended; }
  [[nodiscard]] bool all_have_ended() const;
  [[nodiscard]] std::uint64_t end_of(const FileDescriptor& file) const;
  /// In FILE COPY; behind its END there may be created files, too.
  [[nodiscard]] bool has_all_files() const { return files_.size() >= files_announced_; }
  [[nodiscard]] Bytes with_locator(CloneCommand command, const Locator& locator) const;

  Options options_;
  RecipientSink& sink_;
  std::optional<CloneProtocol> negotiated_;
  Locator locator_;
  std::vector<Bytes> parameters_;
  std::map<std::uint32_t, Task> tasks_ = {{0, Task{}}};
  CloneState state_ = CloneState::none;
  Ack ack_ = Ack::none;  ///< of the END of `state_`
  std::uint32_t chunks_announced_ = 0;
  std::uint32_t files_announced_ = 0;
  std::map<std::uint32_t, FileDescriptor> files_;        ///< of the current list: data files, then redo files
  std::set<std::uint32_t> dropped_;                      ///< data files that are gone: their data is not taken
  std::map<std::uint32_t, std::uint32_t> chunk_blocks_;  ///< chunk -> last block that has arrived
  std::set<std::uint32_t> interrupted_;                  ///< chunks that a cut interrupted and nobody went on with
  std::optional<std::uint32_t> late_file_;               ///< the master has it open since PAGE COPY's END
  std::uint64_t data_bytes_ = 0;
};

}  // namespace donord
