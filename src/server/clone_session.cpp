#include "server/clone_session.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace donord {
namespace {

SessionStage stage_of(CloneState state) {
  return static_cast<SessionStage>(static_cast<std::uint32_t>(state) - 1);
}

void log_failure(const Result<>& done) {
  if (!done) log::error("catalog.write", {{"error", done.error().what}});
}

}  // namespace

CloneSession::CloneSession(Setup setup) : setup_(std::move(setup)), machine_(setup_.options, setup_.view->files()) {
  for (const DataFile& file : setup_.view->files()) total_bytes_ += file.size_bytes;
}

void CloneSession::after_change() {
  if (machine_.change_count() == seen_changes_) return;
  seen_changes_ = machine_.change_count();
  counters(machine_.state()).threads =
      std::max(counters(machine_.state()).threads.load(), static_cast<std::uint32_t>(machine_.task_count()));
  if (machine_.state() != recorded_ && machine_.state() != CloneState::none) enter_stage(machine_.state());
  for (const auto& event : waiters_) event->notify();
}

void CloneSession::enter_stage(CloneState state) {
  const CloneState former = std::exchange(recorded_, state);
  const std::uint64_t estimate = machine_.estimate_bytes();
  log::info("clone.stage", {{"clone", setup_.key}, {"stage", to_string(state)}, {"estimate_bytes", estimate}});
  setup_.run_later([self = shared_from_this(), former, state, estimate] {
    Catalog& catalog = *self->setup_.catalog;
    if (former != CloneState::none)
      log_failure(catalog.end_stage(self->setup_.key, stage_of(former), self->counters_of(former)));
    log_failure(catalog.begin_stage(self->setup_.key, stage_of(state), estimate));
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

void CloneSession::count_data(CloneState state, std::uint64_t data_bytes) {
  counters(state).data_bytes += data_bytes;
  ++counters(state).blocks;
}

void CloneSession::count_network(CloneState state, std::uint64_t network_bytes) {
  counters(state).network_bytes += network_bytes;
}

void CloneSession::on_master_lost() {
  const std::lock_guard lock{mutex_};
  away_since_ = std::chrono::steady_clock::now();
}

void CloneSession::on_master_returned(std::string recipient) {
  const std::lock_guard lock{mutex_};
  setup_.recipient = std::move(recipient);
  away_since_.reset();
  setup_.run_later([self = shared_from_this()] { log_failure(self->setup_.catalog->resumed(self->setup_.key)); });
}

std::optional<std::chrono::steady_clock::time_point> CloneSession::away_since() const {
  const std::lock_guard lock{mutex_};
  return away_since_;
}

void CloneSession::end(SessionEnd end) {
  const std::lock_guard lock{mutex_};
  if (end_) return;
  end_ = end;
  if (end.result != SessionResult::completed) machine_.fail({end.error_number, end.error_text, false});
  after_change();
  log::info("clone.end", {{"clone", setup_.key},
                          {"result", to_string(end.result)},
                          {"error", end.error_number},
                          {"text", end.error_text}});
  setup_.run_later([self = shared_from_this(), end, last = recorded_] {
    Catalog& catalog = *self->setup_.catalog;
    if (last != CloneState::none)
      log_failure(catalog.end_stage(self->setup_.key, stage_of(last), self->counters_of(last)));
    log_failure(catalog.end_session(self->setup_.key, end));
  });
}

bool CloneSession::ended() const {
  const std::lock_guard lock{mutex_};
  return end_.has_value();
}

StageCounters CloneSession::counters_of(CloneState state) const {
  const Counters& of = counters_[static_cast<std::size_t>(state) % 6];
  return {of.data_bytes, of.network_bytes, of.blocks, of.threads};
}

void CloneSession::save_progress() {
  CloneState state;
  {
    const std::lock_guard lock{mutex_};
    if (end_ || recorded_ == CloneState::none) return;
    state = recorded_;
  }
  setup_.run_later([self = shared_from_this(), state] {
    if (!self->ended())
      log_failure(self->setup_.catalog->progress(self->setup_.key, stage_of(state), self->counters_of(state)));
  });
}

CloneProgress CloneSession::progress() const {
  const std::lock_guard lock{mutex_};
  CloneProgress now{.key = setup_.key,
                    .recipient = setup_.recipient,
                    .state = machine_.state(),
                    .estimate_bytes = total_bytes_,
                    .connections = machine_.task_count(),
                    .begun = begun_,
                    .connected = !away_since_,
                    .end = end_};
  for (const Counters& of : counters_) {
    now.data_bytes += of.data_bytes;
    now.network_bytes += of.network_bytes;
  }
  if (machine_.state() != CloneState::file_copy) now.estimate_bytes = std::max(total_bytes_, now.data_bytes);
  return now;
}

}  // namespace donord
