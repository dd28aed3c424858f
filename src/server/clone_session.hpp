#pragma once

// One clone of one recipient, shared by its connections: the donor machine, the view of the data, the waiting
// connections, and the record in the catalog. The mutex covers the machine only; reads of data run beside it.

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
  std::chrono::steady_clock::time_point begun;
  bool connected = true;
  std::optional<SessionEnd> end;
};

class CloneSession : public std::enable_shared_from_this<CloneSession> {
 public:
  struct Setup {
    SessionKey key;
    std::string user;
    std::string recipient;
    std::string fingerprint;
    DonorMachine::Options options;
    std::unique_ptr<CloneView> view;
    std::shared_ptr<Catalog> catalog;
    /// Runs a job that may block, in order with the other jobs of the catalog.
    std::function<void(std::function<void()>)> run_later;
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

  /// A data message has gone out.
  void count_data(CloneState state, std::uint64_t data_bytes);
  void count_network(CloneState state, std::uint64_t network_bytes);

  /// The id of the latest master connection, which KILL CONNECTION names even when it has been closed.
  void set_master_connection(ConnectionId id) { master_connection_ = id.value(); }
  [[nodiscard]] ConnectionId master_connection() const { return ConnectionId{master_connection_.load()}; }

  /// The recipient's master connection is gone without COM_EXIT: it may come back.
  void on_master_lost();
  /// The recipient is back.
  void on_master_returned(std::string recipient);
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> away_since() const;

  /// Ends the clone for good; the first end stays.
  void end(SessionEnd end);
  [[nodiscard]] bool ended() const;

  /// Writes progress to the catalog if there is any.
  void save_progress();
  [[nodiscard]] CloneProgress progress() const;

 private:
  struct Counters {
    std::atomic<std::uint64_t> data_bytes = 0;
    std::atomic<std::uint64_t> network_bytes = 0;
    std::atomic<std::uint64_t> blocks = 0;
    std::atomic<std::uint32_t> threads = 0;
  };

  void after_change();
  void enter_stage(CloneState state);
  [[nodiscard]] StageCounters counters_of(CloneState state) const;
  [[nodiscard]] Counters& counters(CloneState state) { return counters_[static_cast<std::size_t>(state) % 6]; }

  Setup setup_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::atomic<std::uint32_t> master_connection_ = 0;
  std::array<Counters, 6> counters_;
  std::uint64_t total_bytes_ = 0;

  mutable std::mutex mutex_;
  DonorMachine machine_;
  std::uint64_t seen_changes_ = 0;
  CloneState recorded_ = CloneState::none;  ///< the stage the catalog knows of
  std::vector<std::shared_ptr<AsyncEvent>> waiters_;
  std::optional<std::chrono::steady_clock::time_point> away_since_;
  std::optional<SessionEnd> end_;
};

}  // namespace donord
