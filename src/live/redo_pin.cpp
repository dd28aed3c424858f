#include "live/redo_pin.hpp"

#include <utility>

namespace donord {

RedoPin::RedoPin(std::shared_ptr<Shared> shared, Lsn lsn) : shared_(std::move(shared)) {
  const std::lock_guard lock{shared_->mutex};
  place_ = shared_->lsns.insert(lsn);
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
    shared_->lsns.erase(place_);
  }
  shared_.reset();
}

std::optional<Lsn> RedoPins::lowest() const {
  const std::lock_guard lock{shared_->mutex};
  if (shared_->lsns.empty()) return std::nullopt;
  return *shared_->lsns.begin();
}

}  // namespace donord
