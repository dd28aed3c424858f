#pragma once

// One clone of one recipient, shared by its connections: the donor machine, the view of the data, the waiting
// connections, and the record in the catalog. One mutex covers everything that changes but the counters; reads of data
// run beside it (docs/decisions/0009-one-mutex-per-clone.md).

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catalog/catalog.hpp"
#include "clone/donor_machine.hpp"
#include "server/async_event.hpp"

namespace donord {

/// Where a clone stands, for people.
struct CloneProgress {
  SessionKey key;
  std::string recipient;  ///< "clone@192.0.2.7:51234"
  CloneState state = CloneState::init;
  std::uint64_t estimate_bytes = 0;  ///< of the whole clone, as far as it is known
  std::uint64_t data_bytes = 0;
  std::uint64_t network_bytes = 0;
  std::size_t connections = 0;
  bool connected = true;
  bool ended = false;
};

class CloneSession : public std::enable_shared_from_this<CloneSession> {
 public:
  struct Setup {
    SessionKey key;
    std::string user;
    std::string recipient;
    DonorMachine::Options options;
    std::unique_ptr<CloneView> view;
    std::shared_ptr<Catalog> catalog;
    /// Runs a job that may block, in order with the other jobs of the catalog.
    std::function<void(std::function<void()>)> run_later;
    /// Copied by a former process, when the clone goes on after a restart; absent for a new clone.
    std::optional<std::uint64_t> bytes_before = {};
  };

  explicit CloneSession(Setup setup);

  [[nodiscard]] CloneId clone_id() const { return setup_.options.clone_id; }
  [[nodiscard]] SnapshotId snapshot_id() const { return setup_.options.snapshot_id; }
  [[nodiscard]] const std::string& user() const { return setup_.user; }
  [[nodiscard]] SessionKey key() const { return setup_.key; }
  [[nodiscard]] std::uint32_t block_bytes() const { return setup_.options.block_bytes; }
  [[nodiscard]] CloneView& view() { return *setup_.view; }

  /// Runs `use` on the machine, alone, and wakes the connections that may have something to do after it.
  template <class Use>
  auto with_machine(Use use) {
    const std::lock_guard lock{mutex_};
    if constexpr (std::is_void_v<decltype(use(machine_))>) {
      use(machine_);
      after_change();
    } else {
      auto result = use(machine_);
      after_change();
      return result;
    }
  }

  /// `event` is notified after every change of the machine until it is removed.
  void add_waiter(const std::shared_ptr<AsyncEvent>& event);
  void remove_waiter(const std::shared_ptr<AsyncEvent>& event);

  /// The connection carries the task, from now until a reconnect.
  void add_connection(ConnectionId id, const TaskHandle& task);
  /// The latest master connection, which KILL CONNECTION names even when it has been closed.
  [[nodiscard]] ConnectionId master_connection() const;

  /// What a COM_REINIT led to.
  struct Return {
    TaskHandle master;
    Bytes locs;
    std::vector<ConnectionId> former;  ///< connections from before the cut, to be closed
  };
  /// The recipient is back. A refusal is final for it: `failure()` of the machine if there is one, else `conflict`.
  [[nodiscard]] Result<Return> reinit(const Locator& locator, std::string recipient);

  /// The connection is gone without COM_EXIT. With its master the recipient is away: it may come back.
  void on_lost(const TaskHandle& task, std::string_view reason);
  /// COM_EXIT: with the master the clone has ended, in whatever way.
  void on_exit(const TaskHandle& task);

  /// The clone cannot go on: every connection is told so. The first failure stays.
  void fail(const Error& error);
  /// Ends the clone for good; the first end stays.
  void end(SessionEnd end);
  /// Ends it only if its recipient has been away for `limit`; false when it has not.
  bool end_if_away(std::chrono::steady_clock::duration limit, SessionEnd end);
  [[nodiscard]] bool ended() const;
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> away_since() const;
  /// Whether a newcomer may have this clone's place: its recipient has been away for `grace`, or left before it began
  /// to copy.
  [[nodiscard]] bool may_give_way(std::chrono::steady_clock::duration grace) const;
  /// Ends it if it may give way; false when it may not.
  bool give_way(std::chrono::steady_clock::duration grace, SessionEnd end);

  /// Data messages have gone out.
  void count_data(CloneState state, std::uint64_t data_bytes, std::uint64_t blocks);
  void count_network(CloneState state, std::uint64_t network_bytes);

  /// Writes the counters of the current stage to the catalog.
  void save_progress();
  [[nodiscard]] CloneProgress progress() const;

 private:
  struct Counters {
    std::atomic<std::uint64_t> data_bytes = 0;
    std::atomic<std::uint64_t> network_bytes = 0;
    std::atomic<std::uint64_t> blocks = 0;
    std::atomic<std::uint32_t> threads = 0;
  };
  static constexpr std::size_t kStates = static_cast<std::size_t>(CloneState::done) + 1;

  [[nodiscard]] bool may_give_way_locked(std::chrono::steady_clock::duration grace) const;
  void after_change();
  void enter_stage(CloneState state);
  void end_locked(SessionEnd end);
  void write_catalog(std::function<Result<>(Catalog&, SessionKey)> job);
  [[nodiscard]] StageCounters counters_of(CloneState state) const;
  [[nodiscard]] Counters& counters(CloneState state) { return counters_.at(static_cast<std::size_t>(state)); }

  Setup setup_;
  std::array<Counters, kStates> counters_;
  std::uint64_t total_bytes_ = 0;

  mutable std::mutex mutex_;
  DonorMachine machine_;
  std::uint64_t seen_changes_ = 0;
  CloneState recorded_ = CloneState::none;  ///< the stage the catalog knows of
  std::vector<std::shared_ptr<AsyncEvent>> waiters_;
  ConnectionId master_connection_;
  std::vector<ConnectionId> connections_;  ///< that carry tasks of the current generation
  bool revived_;                           ///< begun by a former process, and its recipient has not been here yet
  std::optional<std::chrono::steady_clock::time_point> away_since_;
  std::optional<SessionEnd> end_;
};

}  // namespace donord
