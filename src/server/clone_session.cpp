#include "server/clone_session.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "server/error_map.hpp"

namespace donord {
namespace {

constexpr std::uint32_t kErQueryInterrupted = 1317;

SessionStage stage_of(CloneState state) {
  switch (state) {
    case CloneState::file_copy:
      return SessionStage::file_copy;
    case CloneState::page_copy:
      return SessionStage::page_copy;
    case CloneState::redo_copy:
      return SessionStage::redo_copy;
    case CloneState::done:
      return SessionStage::done;
    default:
      return SessionStage::init;
  }
}

SessionEnd failed(const CloneFailure& failure) {
  return {SessionResult::failed, failure.number, failure.message};
}

}  // namespace

CloneSession::CloneSession(Setup setup)
    : setup_(std::move(setup)), machine_(setup_.options, setup_.view->files()), revived_(setup_.bytes_before) {
  for (const DataFile& file : setup_.view->files()) total_bytes_ += file.size_bytes;
  if (revived_) away_since_ = std::chrono::steady_clock::now();
}

void CloneSession::write_catalog(std::function<Result<>(Catalog&, SessionKey)> job) {
  setup_.run_later([self = shared_from_this(), job = std::move(job)] {
    if (const Result<> done = job(*self->setup_.catalog, self->setup_.key); !done)
      log::error("catalog.write", {{"clone", self->setup_.key}, {"error", done.error().what}});
  });
}

void CloneSession::after_change() {
  if (machine_.change_count() == seen_changes_) return;
  seen_changes_ = machine_.change_count();
  Counters& now = counters(machine_.state());
  now.threads = std::max(now.threads.load(), static_cast<std::uint32_t>(machine_.task_count()));
  if (machine_.state() != recorded_ && machine_.state() != CloneState::none) enter_stage(machine_.state());
  for (const auto& event : waiters_) event->notify();
}

void CloneSession::enter_stage(CloneState state) {
  const CloneState former = std::exchange(recorded_, state);
  const std::uint64_t estimate = machine_.estimate_bytes();
  log::info("clone.stage", {{"clone", setup_.key}, {"stage", to_string(state)}, {"estimate_bytes", estimate}});
  write_catalog([this, former, state, estimate](Catalog& catalog, SessionKey key) -> Result<> {
    if (former != CloneState::none) {
      if (Result<> done = catalog.end_stage(key, stage_of(former), counters_of(former)); !done) return done;
    }
    return catalog.begin_stage(key, stage_of(state), estimate);
  });
}

void CloneSession::add_waiter(const std::shared_ptr<AsyncEvent>& event) {
  const std::lock_guard lock{mutex_};
  waiters_.push_back(event);
}

void CloneSession::remove_waiter(const std::shared_ptr<AsyncEvent>& event) {
  const std::lock_guard lock{mutex_};
  std::erase(waiters_, event);
}

void CloneSession::add_connection(ConnectionId id, const TaskHandle& task) {
  const std::lock_guard lock{mutex_};
  if (task.generation != machine_.master().generation) return;
  connections_.push_back(id);
  if (task.task == CloneTaskId{0}) master_connection_ = id;
}

ConnectionId CloneSession::master_connection() const {
  const std::lock_guard lock{mutex_};
  return master_connection_;
}

Result<CloneSession::Return> CloneSession::reinit(const Locator& locator, std::string recipient) {
  const std::lock_guard lock{mutex_};
  if (end_) return Error{Errc::conflict, "Internal error: the clone has ended"};
  if (!std::exchange(revived_, false))
    write_catalog([](Catalog& catalog, SessionKey key) { return catalog.resumed(key); });
  const Result<TaskHandle> master = machine_.reinit(locator);
  if (!master) {
    if (machine_.failure()) end_locked(failed(*machine_.failure()));
    return master.error();
  }
  away_since_.reset();
  setup_.recipient = std::move(recipient);
  after_change();
  return Return{*master, machine_.locs(), std::exchange(connections_, {})};
}

void CloneSession::on_lost(const TaskHandle& task, std::string_view reason) {
  const std::lock_guard lock{mutex_};
  const bool was_master = machine_.master() == task;
  machine_.leave(task);
  if (was_master && machine_.failure()) {
    end_locked(failed(*machine_.failure()));
  } else if (was_master && !end_) {
    away_since_ = std::chrono::steady_clock::now();
    log::warn("clone.recipient_away", {{"clone", setup_.key}, {"reason", reason}});
  }
  after_change();
}

void CloneSession::on_exit(const TaskHandle& task) {
  const std::lock_guard lock{mutex_};
  const bool was_master = machine_.master() == task;
  machine_.leave(task);
  if (was_master) {
    if (machine_.failure())
      end_locked(failed(*machine_.failure()));
    else if (machine_.complete())
      end_locked({SessionResult::completed});
    else
      end_locked({SessionResult::failed, kErQueryInterrupted, "The recipient gave up"});
  }
  after_change();
}

void CloneSession::fail(const Error& error) {
  MysqlError mysql = to_mysql_error(error);
  const std::lock_guard lock{mutex_};
  machine_.fail({mysql.number, std::move(mysql.message)});
  after_change();
}

void CloneSession::end(SessionEnd end) {
  const std::lock_guard lock{mutex_};
  end_locked(std::move(end));
}

bool CloneSession::end_if_away(std::chrono::steady_clock::duration limit, SessionEnd end) {
  const std::lock_guard lock{mutex_};
  if (!away_since_ || std::chrono::steady_clock::now() - *away_since_ < limit) return false;
  end_locked(std::move(end));
  return true;
}

bool CloneSession::may_give_way_locked(std::chrono::steady_clock::duration grace) const {
  const bool has_begun = machine_.begun() || setup_.bytes_before.has_value();
  return away_since_ && (!has_begun || std::chrono::steady_clock::now() - *away_since_ >= grace);
}

bool CloneSession::may_give_way(std::chrono::steady_clock::duration grace) const {
  const std::lock_guard lock{mutex_};
  return may_give_way_locked(grace);
}

bool CloneSession::give_way(std::chrono::steady_clock::duration grace, SessionEnd end) {
  const std::lock_guard lock{mutex_};
  if (!may_give_way_locked(grace)) return false;
  end_locked(std::move(end));
  return true;
}

void CloneSession::end_locked(SessionEnd end) {
  if (end_) return;
  end_ = end;
  if (end.result != SessionResult::completed) machine_.fail({end.error_number, end.error_text, false});
  after_change();
  log::info("clone.end", {{"clone", setup_.key},
                          {"result", to_string(end.result)},
                          {"error", end.error_number},
                          {"text", end.error_text}});
  write_catalog([this, end = std::move(end), last = recorded_](Catalog& catalog, SessionKey key) -> Result<> {
    if (last != CloneState::none) {
      if (Result<> done = catalog.end_stage(key, stage_of(last), counters_of(last)); !done) return done;
    }
    return catalog.end_session(key, end);
  });
}

bool CloneSession::ended() const {
  const std::lock_guard lock{mutex_};
  return end_.has_value();
}

std::optional<std::chrono::steady_clock::time_point> CloneSession::away_since() const {
  const std::lock_guard lock{mutex_};
  return away_since_;
}

void CloneSession::count_data(CloneState state, std::uint64_t data_bytes, std::uint64_t blocks) {
  counters(state).data_bytes += data_bytes;
  counters(state).blocks += blocks;
}

void CloneSession::count_network(CloneState state, std::uint64_t network_bytes) {
  counters(state).network_bytes += network_bytes;
}

StageCounters CloneSession::counters_of(CloneState state) const {
  const Counters& of = counters_.at(static_cast<std::size_t>(state));
  return {of.data_bytes, of.network_bytes, of.blocks, of.threads};
}

void CloneSession::save_progress() {
  const std::lock_guard lock{mutex_};
  if (end_ || away_since_ || revived_ || recorded_ == CloneState::none) return;
  write_catalog([this, state = recorded_](Catalog& catalog, SessionKey key) {
    return ended() ? Result<>{} : catalog.progress(key, stage_of(state), counters_of(state));
  });
}

CloneProgress CloneSession::progress() const {
  const std::lock_guard lock{mutex_};
  CloneProgress now{.key = setup_.key,
                    .recipient = setup_.recipient,
                    .state = machine_.state(),
                    .data_bytes = setup_.bytes_before.value_or(0),
                    .connections = machine_.task_count(),
                    .connected = !away_since_,
                    .ended = end_.has_value()};
  for (const Counters& of : counters_) {
    now.data_bytes += of.data_bytes;
    now.network_bytes += of.network_bytes;
  }
  now.estimate_bytes = std::max(total_bytes_, now.data_bytes);
  return now;
}

}  // namespace donord
