#include "live/redo_pin.hpp"

#include <utility>

namespace donord {

RedoPin::RedoPin(std::shared_ptr<Shared> shared, Lsn lsn) : shared_(std::move(shared)) {
  const std::lock_guard lock{shared_->mutex};
  place_ = shared_->places.emplace(lsn, State::holds);
}

RedoPin& RedoPin::operator=(RedoPin&& other) noexcept {
  if (this != &other) {
    release();
    shared_ = std::move(other.shared_);
    place_ = other.place_;
  }
  return *this;
}

void RedoPin::release() {
  if (!shared_) return;
  {
    const std::lock_guard lock{shared_->mutex};
    shared_->places.erase(place_);
  }
  shared_.reset();
}

bool RedoPin::broken() const {
  const std::lock_guard lock{shared_->mutex};
  return place_->second == State::broken;
}

std::optional<Lsn> RedoPins::lowest() const {
  const std::lock_guard lock{shared_->mutex};
  for (const auto& [lsn, state] : shared_->places)
    if (state == RedoPin::State::holds) return lsn;
  return std::nullopt;
}

bool RedoPins::break_lowest() {
  const std::lock_guard lock{shared_->mutex};
  for (auto& [lsn, state] : shared_->places)
    if (std::exchange(state, RedoPin::State::broken) == RedoPin::State::holds) return true;
  return false;
}

}  // namespace donord
