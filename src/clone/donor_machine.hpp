#pragma once

// The donor's side of one clone: which message goes out next on each of its connections. No I/O, no clock, no threads.
//
//            COM_INIT            ACK                 ACK                 ACK                  ACK
//   (none) ----------> init -----------> file_copy ---------> page_copy ---------> redo_copy -------> done
//                      END               START files          START pages          START redo         START
//                                        data  END            data  END            data  END          COMPLETE
//
// Files that came, went or got another name are told of on the master, before START of PAGE COPY and of REDO COPY.
// Before the latter the master may also send pages, in rounds: the source has found more that the redo does not have.
//
// The *master* connection leads through the states; *workers* join with COM_ATTACH and take chunks of the current one.
// Every connection calls `next()` after COM_EXECUTE, does what it returns, and calls again. A state ends when every
// connection has been sent its END, and the next one begins when the recipient has acknowledged on its ACK connection.
// When the recipient comes back after a cut (COM_REINIT) a new generation of connections begins, and those of the old
// one are told to disconnect. (docs/clone-stream.md, "State machine" and "Locator")

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "clone/chunk_plan.hpp"
#include "clone/clone_state.hpp"
#include "clone/descriptors.hpp"
#include "clone/donor_source.hpp"
#include "clone/messages.hpp"

namespace donord {

/// A MySQL error as the recipient is told it.
struct CloneFailure {
  std::uint32_t number = 0;
  std::string message;
  bool by_recipient = false;  ///< the recipient reported it
};

/// One connection's place in a clone; of no use once its generation has passed.
struct TaskHandle {
  std::uint32_t generation = 0;
  CloneTaskId task;
  bool operator==(const TaskHandle&) const = default;
};

/// What a connection has to do next.
struct DonorAction {
  /// A whole RPC message.
  struct Send {
    Bytes message;
  };
  /// `descriptor_message`, then COM_RES_DATA with the block's bytes.
  struct SendBlock {
    CloneState state = CloneState::none;
    Bytes descriptor_message;
    Block block;
  };
  /// When everything before has been read: ask the source for the state's plan and hand it to `on_pages`, or to
  /// `on_late_pages` or `on_redo`, or `fail`, even when this connection has gone meanwhile: one connection is told to,
  /// once, and those of later generations wait for its answer.
  struct Prepare {
    CloneState state = CloneState::none;
  };
  /// Nothing until another event; keep-alives meanwhile.
  struct Wait {};
  /// The command is complete (its last message has been returned): read the next one.
  struct Finish {};
  /// Another connection has taken this one's place: close without a word.
  struct Disconnect {};

  using Variant = std::variant<Send, SendBlock, Prepare, Wait, Finish, Disconnect>;
};

class DonorMachine {
 public:
  static constexpr std::uint32_t kMaxTasks = 128;

  struct Options {
    CloneId clone_id;
    SnapshotId snapshot_id;
    CloneProtocol version = CloneProtocol::v4;
    std::uint32_t page_size_bytes = 0;
    std::uint32_t block_bytes = 0;  ///< payload of a data message; the same for the whole life of a clone
    std::uint64_t redo_capacity_bytes = 0;
    bool takes_file_changes = true;  ///< the recipient is of 8.0.27 or newer
  };

  /// `files` must outlive the machine. The connection that sent COM_INIT is the master.
  DonorMachine(Options options, const std::vector<DataFile>& files);

  /// The answer to COM_INIT, COM_ATTACH and COM_REINIT, without the COMPLETE that follows.
  [[nodiscard]] Bytes locs() const;
  [[nodiscard]] TaskHandle master() const { return {generation_, CloneTaskId{0}}; }

  /// COM_ATTACH can be answered only between START and END of a state on the master connection: else wait.
  [[nodiscard]] bool can_attach() const;
  /// COM_ATTACH will never be answered: the clone is over, or as good as.
  [[nodiscard]] bool attach_refused() const;
  /// Adds a worker. Only when `can_attach()`; `Errc::exhausted` over `kMaxTasks`.
  [[nodiscard]] Result<TaskHandle> attach();
  /// The recipient is back and says what it has: a new generation begins, with a new master.
  /// `Errc::conflict` when the recipient's state does not fit.
  [[nodiscard]] Result<TaskHandle> reinit(const Locator& locator);

  /// COM_EXECUTE has arrived on the connection.
  void execute(const TaskHandle& handle);
  [[nodiscard]] DonorAction::Variant next(const TaskHandle& handle);

  /// Changes of files fail the clone with error 3633 if the recipient cannot follow them.
  void on_pages(PagePlan plan);
  /// Not an empty one.
  void on_late_pages(PagePlan plan);
  void on_redo(RedoPlan redo);
  /// COM_ACK. `Errc::malformed` when it does not fit what was sent. An error of the recipient ends the clone, but for a
  /// broken connection: a COM_REINIT follows.
  [[nodiscard]] Result<> on_ack(const AckCommand& ack);
  /// The clone cannot go on: every connection is told so. The first failure stays.
  void fail(CloneFailure failure);
  /// The connection is gone, or has sent COM_EXIT.
  void leave(const TaskHandle& handle);

  /// Sent every few seconds on a connection that waits, so that the recipient does not give up on it.
  [[nodiscard]] Bytes keep_alive(const TaskHandle& handle) const;

  [[nodiscard]] CloneState state() const { return state_; }
  /// Rises with everything that may give a waiting connection something to do.
  [[nodiscard]] std::uint64_t change_count() const { return change_count_; }
  /// The connection is one of those that the recipient has now.
  [[nodiscard]] bool has(const TaskHandle& handle) const {
    return handle.generation == generation_ && tasks_.contains(handle.task.value());
  }
  [[nodiscard]] bool has_master() const { return tasks_.contains(0); }
  [[nodiscard]] std::size_t task_count() const { return tasks_.size(); }
  /// All data went out and the master was told COMPLETE.
  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] const std::optional<CloneFailure>& failure() const { return failure_; }
  /// A connection has executed; for a clone that goes on after a restart, one since then.
  [[nodiscard]] bool begun() const { return begun_; }
  /// A worker went away amid its work, so what it was sent may be lost: the state cannot end before a COM_REINIT tells
  /// what the recipient has.
  [[nodiscard]] bool lost_worker() const { return lost_worker_; }
  /// Bytes of data to send in the current state, once it is known.
  [[nodiscard]] std::uint64_t estimate_bytes() const;

 private:
  struct Task {
    CloneTaskId index;
    CloneState state = CloneState::none;  ///< the state this connection has been told of
    bool executing = false;
    bool introduced = false;  ///< task descriptor sent
    bool started = false;     ///< START of `state` sent, or not needed
    bool ended = false;       ///< END of `state` sent
    bool told_failure = false;
    bool finished = false;
    std::uint32_t next_change = 0;    ///< master: first change before the START that has not been told
    std::size_t next_late_page = 0;   ///< master: first late page before the START that has not been sent
    std::uint32_t next_metadata = 0;  ///< master: first file of the state's list that has not been described
    std::uint32_t chunk = 0;          ///< being sent; 0: none
    std::uint32_t next_block = 0;
    std::set<std::uint32_t> redo_files;  ///< REDO COPY: described on this connection
  };

  struct ChunkStart {
    std::uint32_t chunk = 0;
    std::uint32_t block = 1;
  };

  DonorAction::Variant next_of(Task& task);
  DonorAction::Variant next_of_master(Task& master);
  DonorAction::Variant next_of_worker(Task& worker);
  std::optional<DonorAction::Variant> next_data(Task& task);
  DonorAction::Variant next_late_page(Task& master);
  void enter(Task& master, CloneState state);
  void repeat_late_pages();
  void add_late_changes(std::vector<FileChange> changes);
  /// The changes as they are told; empty when they fail the clone.
  [[nodiscard]] std::vector<FileChange> accept(std::vector<FileChange> changes);
  void adopt(const RestartInfo& restart);
  [[nodiscard]] std::optional<ChunkStart> take_chunk();
  [[nodiscard]] std::optional<CloneState> unprepared(const Task& master) const;
  [[nodiscard]] bool workers_ended() const;
  [[nodiscard]] const ChunkPlan* plan() const { return plan_of(state_); }
  [[nodiscard]] const ChunkPlan* plan_of(CloneState state) const;
  [[nodiscard]] const std::vector<FileChange>& changes() const;
  [[nodiscard]] std::uint32_t metadata_count() const;
  [[nodiscard]] DonorAction::SendBlock block_message(CloneState state, const Task& task, std::uint32_t chunk,
                                                     std::uint32_t number, const Block& block) const;
  [[nodiscard]] Bytes state_message(const Task& task, std::uint16_t flags) const;
  [[nodiscard]] Bytes file_message(std::uint32_t index) const;
  [[nodiscard]] Bytes change_message(const FileChange& change) const;
  Task* find(const TaskHandle& handle);

  Options options_;
  const std::vector<DataFile>& files_;
  std::unique_ptr<ChunkPlan> file_plan_;
  std::unique_ptr<ChunkPlan> page_plan_;
  std::unique_ptr<ChunkPlan> redo_plan_;
  RedoPlan redo_;
  std::vector<FileChange> changes_before_pages_;
  std::vector<FileChange> changes_before_redo_;  ///< of all rounds so far
  std::vector<PageRef> late_pages_;              ///< of all rounds so far
  std::uint32_t late_block_ = 0;                 ///< number of the last one, which a cut does not set back
  bool redo_is_stale_ = false;                   ///< the plan under way: late pages are sent once more
  std::uint32_t known_files_;                    ///< with those that were created
  std::uint32_t files_at_start_ = 0;             ///< of PAGE COPY
  std::uint64_t estimate_disk_bytes_ = 0;

  std::uint32_t generation_ = 1;
  std::map<std::uint32_t, Task> tasks_;  ///< of this generation; 0 is the master
  CloneState state_ = CloneState::init;
  bool end_sent_ = false;      ///< END of `state_` went out on the master, even if that has left since
  bool acknowledged_ = false;  ///< the recipient has acknowledged the END of `state_`
  std::uint64_t change_count_ = 0;
  bool preparing_ = false;
  bool begun_ = false;  ///< a connection has executed: false for a clone that a former process began
  bool lost_worker_ = false;
  bool complete_ = false;
  std::optional<CloneFailure> failure_;

  std::uint32_t next_chunk_ = 1;
  std::deque<ChunkStart> resumed_chunks_;
  RestartInfo had_;  ///< chunks of `state_` that the recipient had when it came back
};

}  // namespace donord
