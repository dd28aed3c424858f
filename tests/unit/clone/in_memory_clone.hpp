#pragma once

// A donor machine and a recipient machine joined by connections in memory. Every connection carries its messages in
// order; between connections, and between what a side does and what the other has noticed, a seeded scheduler chooses.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clone/donor_machine.hpp"
#include "clone/memory_view.hpp"
#include "clone/recipient_machine.hpp"
#include "support/seeded_random.hpp"

namespace donord::testing {

class InMemoryClone {
 public:
  static constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

  /// COM_ACKs that were on their way when the connections broke.
  enum class AcksInFlight { lost, delivered, late };

  struct Settings {
    CloneProtocol version = CloneProtocol::v4;
    std::uint32_t page_bytes = kTinyPage;
    std::uint32_t block_bytes = kTinyBlock;
  };

  InMemoryClone(CloneView& view, std::size_t workers, std::uint64_t seed)
      : InMemoryClone(view, workers, seed, Settings{}) {}
  InMemoryClone(CloneView& view, std::size_t workers, std::uint64_t seed, const Settings& settings)
      : view_(view),
        settings_(settings),
        random_(seed),
        workers_(workers),
        recipient_({.version = settings.version}, sink_) {
    start_donor();
    open_master(recipient_.init_command());
  }

  /// Until the recipient is done, or has taken in `messages` more messages of COM_EXECUTE, or nothing moves any more.
  void run(std::size_t messages = kNoLimit) {
    const std::size_t limit = messages == kNoLimit ? kNoLimit : taken_ + messages;
    for (std::size_t steps = 0; !over() && taken_ < limit; ++steps) {
      if (steps > kMaxSteps || !step()) {
        problem_ = problem_.empty() ? "nothing moves any more" : problem_;
        return;
      }
    }
  }

  /// All connections break; the recipient comes back.
  void cut(AcksInFlight acks) {
    break_connections(acks);
    open_master(recipient_.reinit_command());
  }

  /// The same, and meanwhile the donor's process was replaced by a new one that serves the same data.
  void cut_and_restart_donor() {
    break_connections(AcksInFlight::lost);
    start_donor();
    open_master(recipient_.reinit_command());
  }

  void recipient_fails(std::uint32_t error) { acks_.push_back(recipient_.failure_ack(error)); }
  void donor_fails(CloneFailure failure) { donor_->fail(std::move(failure)); }

  [[nodiscard]] bool complete() const { return problem_.empty() && over() && errors_ == 0; }
  /// Every connection has ended, one way or the other.
  [[nodiscard]] bool over() const { return !problem_.empty() || (connections_.empty() && master_opened_); }
  /// What one side did wrong in the eyes of the other; empty if nothing.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  /// Connections that ended with COM_RES_ERROR, apart from refused workers.
  [[nodiscard]] std::size_t errors() const { return errors_; }
  [[nodiscard]] const std::string& last_error() const { return last_error_; }
  [[nodiscard]] std::size_t taken() const { return taken_; }
  [[nodiscard]] const DonorMachine& donor() const { return *donor_; }
  [[nodiscard]] const RecipientMachine& recipient() const { return recipient_; }
  [[nodiscard]] const MemorySink& sink() const { return sink_; }
  [[nodiscard]] std::size_t executing_connections() const {
    std::size_t count = 0;
    for (const Connection& connection : connections_) count += connection.phase == Phase::executing ? 1 : 0;
    return count;
  }

 private:
  static constexpr std::size_t kMaxSteps = 1'000'000;
  static constexpr std::size_t kWindow = 3;  ///< messages on their way on one connection

  enum class Phase { opening, opened, executing };

  struct Connection {
    CloneTaskId task;
    Phase phase = Phase::opening;
    std::optional<TaskHandle> handle;  ///< none: COM_ATTACH has not been answered
    bool donor_finished = false;
    std::deque<Bytes> to_recipient;
  };

  void start_donor() {
    preparing_.reset();
    donor_ = std::make_unique<DonorMachine>(DonorMachine::Options{.clone_id = CloneId{11},
                                                                  .snapshot_id = SnapshotId{22},
                                                                  .version = settings_.version,
                                                                  .page_size_bytes = settings_.page_bytes,
                                                                  .block_bytes = settings_.block_bytes},
                                            view_.files());
  }

  void open_master(const Bytes& command_bytes) {
    master_opened_ = true;
    workers_to_attach_ = workers_;
    Connection master;
    const Result<InitCommand> command = decode<InitCommand>(command_bytes);
    if (!command) return fail(command.error().what);
    if (command->command == CloneCommand::reinit) {
      const Result<Locator> locator = innodb_locator(command->locators);
      if (!locator) return fail(locator.error().what);
      const Result<TaskHandle> handle = donor_->reinit(*locator);
      if (!handle) return fail(handle.error().what);
      master.handle = *handle;
    } else {
      master.handle = donor_->master();
    }
    master.to_recipient = {donor_->locs(), complete_response()};
    connections_.push_back(std::move(master));
  }

  void break_connections(AcksInFlight acks) {
    if (acks == AcksInFlight::delivered)
      while (!acks_.empty()) deliver_ack();
    if (acks == AcksInFlight::lost) acks_.clear();
    late_acks_ = acks_.size();
    // A donor may notice at once that a connection has gone, or not before the recipient is back.
    for (const Connection& connection : connections_)
      if (connection.handle && random_.one_in(2)) donor_->leave(*connection.handle);
    connections_.clear();
  }

  bool step() {
    if (workers_to_attach_ > 0 && random_.one_in(4)) {
      attach_worker();
      return true;
    }
    if (!acks_.empty() && random_.one_in(2)) {
      deliver_ack();
      return true;
    }
    if (preparing_ && random_.one_in(4)) {
      prepare();
      return true;
    }
    const std::size_t from = random_.below(connections_.size());
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      const std::size_t at = (from + i) % connections_.size();
      const bool recipient_first = random_.one_in(2);
      if (recipient_first && recipient_step(at)) return true;
      if (donor_step(connections_[at])) return true;
      if (!recipient_first && recipient_step(at)) return true;
    }
    if (!acks_.empty()) {
      deliver_ack();
      return true;
    }
    if (preparing_) {
      prepare();
      return true;
    }
    if (workers_to_attach_ == 0) return false;
    attach_worker();
    return true;
  }

  void attach_worker() {
    if (recipient_.state() == CloneState::none) return;
    --workers_to_attach_;
    const bool master_is_away = connections_.front().task != CloneTaskId{0};
    if (recipient_.state() == CloneState::done || master_is_away) return;
    Connection worker;
    worker.task = recipient_.attach_command().first;
    connections_.push_back(std::move(worker));
  }

  void deliver_ack() {
    const bool late = late_acks_ > 0;
    if (late) --late_acks_;
    const Result<AckCommand> ack = decode<AckCommand>(acks_.front());
    acks_.pop_front();
    if (!ack) return fail(ack.error().what);
    if (const Result<> taken = donor_->on_ack(*ack); !taken && !late) fail(taken.error().what);
  }

  bool donor_step(Connection& connection) {
    if (connection.to_recipient.size() >= kWindow || connection.donor_finished) return false;
    if (!connection.handle) return answer_attach(connection);
    if (connection.phase == Phase::opened) {
      donor_->execute(*connection.handle);
      connection.phase = Phase::executing;
      return true;
    }
    if (connection.phase != Phase::executing) return false;

    DonorAction::Variant action = donor_->next(*connection.handle);
    if (auto* send = std::get_if<DonorAction::Send>(&action)) {
      connection.to_recipient.push_back(std::move(send->message));
      return true;
    }
    if (auto* block = std::get_if<DonorAction::SendBlock>(&action)) {
      connection.to_recipient.push_back(std::move(block->descriptor_message));
      connection.to_recipient.push_back(data_message(*block));
      return true;
    }
    if (const auto* needed = std::get_if<DonorAction::Prepare>(&action)) {
      preparing_ = needed->state;
      return true;
    }
    if (std::holds_alternative<DonorAction::Finish>(action)) {
      connection.donor_finished = true;
      return true;
    }
    if (std::holds_alternative<DonorAction::Disconnect>(action)) {
      fail("donor disconnects a connection of the current generation");
      return false;
    }
    if (connection.to_recipient.empty() && random_.one_in(64))
      connection.to_recipient.push_back(donor_->keep_alive(*connection.handle));
    return false;
  }

  bool answer_attach(Connection& worker) {
    const auto refuse = [&] {
      worker.to_recipient.push_back(encode(ErrorResponse{3634, "no"}));
      worker.donor_finished = true;
    };
    if (donor_->attach_refused()) {
      refuse();
      return true;
    }
    if (!donor_->can_attach()) return false;
    const Result<TaskHandle> handle = donor_->attach();
    if (!handle) {
      refuse();
      return true;
    }
    worker.handle = *handle;
    worker.to_recipient = {donor_->locs(), complete_response()};
    return true;
  }

  void prepare() {
    if (*std::exchange(preparing_, std::nullopt) == CloneState::page_copy)
      donor_->on_pages(view_.begin_page_copy().value());
    else if (PagePlan late = view_.late_pages().value(); !late.empty())
      donor_->on_late_pages(std::move(late));
    else
      donor_->on_redo(view_.begin_redo_copy().value());
  }

  Bytes data_message(const DonorAction::SendBlock& send) {
    const Block& block = send.block;
    Bytes message(1 + block.length_bytes, static_cast<std::uint8_t>(CloneResponse::data));
    const MutableBytes into = MutableBytes{message}.subspan(1);
    Result<> read;
    if (send.state == CloneState::file_copy)
      read = view_.read_file(block.file_index, block.offset_bytes, into);
    else if (send.state == CloneState::page_copy)
      read = view_.read_page({block.file_index, block.offset_bytes, block.length_bytes, block.file_size_bytes}, into);
    else
      read = view_.read_redo(block.file_index, block.offset_bytes, into);
    if (!read) fail(read.error().what);
    return message;
  }

  /// Takes in one message; whether that was possible.
  bool recipient_step(std::size_t at) {
    Connection& connection = connections_[at];
    if (connection.to_recipient.empty()) return false;
    const Result<RecipientMachine::Reaction> reaction =
        recipient_.on_response(connection.task, connection.to_recipient.front());
    if (!reaction) {
      if (reaction.error().code != Errc::unavailable) {
        fail(reaction.error().what);
        return true;
      }
      if (connection.phase == Phase::executing) {
        ++errors_;
        last_error_ = reaction.error().what;
      }
      close(at);
      if (errors_ > 0) give_up_attaching();
      return true;
    }
    if (reaction->early) return false;
    connection.to_recipient.pop_front();
    if (connection.phase == Phase::executing) ++taken_;
    if (reaction->ack) acks_.push_back(*reaction->ack);
    if (!reaction->command_done) return true;
    if (connection.phase == Phase::executing)
      close(at);
    else
      connection.phase = Phase::opened;
    return true;
  }

  /// A recipient that knows the clone has failed does not wait for a state that will not come.
  void give_up_attaching() {
    workers_to_attach_ = 0;
    for (std::size_t at = connections_.size(); at-- > 0;)
      if (connections_[at].phase == Phase::opening) {
        connections_[at].to_recipient.clear();
        close(at);
      }
  }

  void close(std::size_t at) {
    const Connection& connection = connections_[at];
    if (connection.to_recipient.size() > 1) fail("messages after the last one");
    if (connection.handle) donor_->leave(*connection.handle);
    connections_.erase(connections_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  void fail(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  CloneView& view_;
  Settings settings_;
  SeededRandom random_;
  std::size_t workers_;
  MemorySink sink_;
  RecipientMachine recipient_;
  std::unique_ptr<DonorMachine> donor_;
  std::optional<CloneState> preparing_;  ///< the donor's source has been asked; it answers whoever is connected then
  std::vector<Connection> connections_;  ///< of the current generation; the master is the first while it is there
  bool master_opened_ = false;
  std::size_t workers_to_attach_ = 0;
  std::deque<Bytes> acks_;
  std::size_t late_acks_ = 0;
  std::size_t taken_ = 0;
  std::size_t errors_ = 0;
  std::string last_error_;
  std::string problem_;
};

}  // namespace donord::testing
