#include "server/clone_registry.hpp"

#include <algorithm>

namespace donord {

CloneRegistry::Place::~Place() {
  if (registry_ == nullptr) return;
  const std::lock_guard lock{registry_->mutex_};
  --registry_->reserved_;
}

Result<CloneRegistry::Place> CloneRegistry::reserve() {
  const std::lock_guard lock{mutex_};
  std::erase_if(sessions_, [](const auto& entry) { return entry.second->ended(); });
  if (sessions_.size() + reserved_ >= max_clones_) {
    auto longest_away = sessions_.end();
    for (auto at = sessions_.begin(); at != sessions_.end(); ++at) {
      const auto away = at->second->away_since();
      if (away && (longest_away == sessions_.end() || *away < *longest_away->second->away_since())) longest_away = at;
    }
    if (longest_away == sessions_.end())
      return Error{Errc::unavailable,
                   fmt::format("Too many concurrent clone operations. Maximum allowed - {}.", max_clones_)};
    longest_away->second->end({SessionResult::failed, 1317, "Gave way to another clone while its recipient was away"});
    sessions_.erase(longest_away);
  }
  ++reserved_;
  return Place{*this};
}

void CloneRegistry::add(Place place, const std::shared_ptr<CloneSession>& session) {
  const std::lock_guard lock{mutex_};
  sessions_[{session->clone_id(), session->snapshot_id()}] = session;
  --reserved_;
  place.registry_ = nullptr;
}

std::shared_ptr<CloneSession> CloneRegistry::find(Ids ids) const {
  const std::lock_guard lock{mutex_};
  const auto at = sessions_.find(ids);
  return at == sessions_.end() || at->second->ended() ? nullptr : at->second;
}

std::shared_ptr<CloneSession> CloneRegistry::find_by_master(ConnectionId id) const {
  const std::lock_guard lock{mutex_};
  for (const auto& [ids, session] : sessions_)
    if (session->master_connection() == id) return session;
  return nullptr;
}

std::vector<std::shared_ptr<CloneSession>> CloneRegistry::all() const {
  const std::lock_guard lock{mutex_};
  std::vector<std::shared_ptr<CloneSession>> result;
  for (const auto& [ids, session] : sessions_) result.push_back(session);
  return result;
}

void CloneRegistry::expire(std::chrono::steady_clock::duration limit) {
  const auto now = std::chrono::steady_clock::now();
  for (const std::shared_ptr<CloneSession>& session : all()) {
    const auto away = session->away_since();
    if (away && now - *away > limit)
      session->end({SessionResult::failed, 1158, "The recipient did not come back after its connection was lost"});
  }
  const std::lock_guard lock{mutex_};
  std::erase_if(sessions_, [](const auto& entry) { return entry.second->ended(); });
}

}  // namespace donord
