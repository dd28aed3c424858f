#include "server/clone_registry.hpp"

#include <algorithm>

namespace donord {
namespace {

constexpr std::uint32_t kErNetReadError = 1158;
constexpr std::uint32_t kErQueryInterrupted = 1317;

}  // namespace

CloneRegistry::Place::~Place() {
  if (registry_ == nullptr) return;
  const std::lock_guard lock{registry_->mutex_};
  --registry_->reserved_;
}

Error CloneRegistry::full() const {
  return Error{Errc::exhausted,
               fmt::format("Too many concurrent clone operations. Maximum allowed - {}.", max_clones_)};
}

Result<CloneRegistry::Place> CloneRegistry::reserve() {
  const std::lock_guard lock{mutex_};
  std::erase_if(sessions_, [](const auto& entry) { return entry.second->ended(); });
  const auto giving_way = std::count_if(sessions_.begin(), sessions_.end(),
                                        [&](const auto& entry) { return entry.second->may_give_way(away_grace_); });
  if (sessions_.size() + reserved_ >= max_clones_ + static_cast<std::size_t>(giving_way)) return full();
  ++reserved_;
  return Place{*this};
}

Result<std::shared_ptr<CloneSession>> CloneRegistry::add(Place place, std::shared_ptr<CloneSession> session) {
  const std::lock_guard lock{mutex_};
  std::erase_if(sessions_, [](const auto& entry) { return entry.second->ended(); });
  --reserved_;
  place.registry_ = nullptr;
  const Ids ids{session->clone_id(), session->snapshot_id()};
  if (const auto there = sessions_.find(ids); there != sessions_.end()) return there->second;
  while (sessions_.size() >= max_clones_)
    if (!evict_one()) return full();
  return sessions_[ids] = std::move(session);
}

bool CloneRegistry::evict_one() {
  auto longest = sessions_.end();
  std::optional<std::chrono::steady_clock::time_point> since;
  for (auto at = sessions_.begin(); at != sessions_.end(); ++at) {
    const auto away = at->second->away_since();
    if (!away || !at->second->may_give_way(away_grace_) || (since && *away >= *since)) continue;
    longest = at;
    since = away;
  }
  const SessionEnd end{SessionResult::failed, kErQueryInterrupted,
                       "Gave way to another clone while its recipient was away"};
  if (longest == sessions_.end() || !longest->second->give_way(away_grace_, end)) return false;
  sessions_.erase(longest);
  return true;
}

std::shared_ptr<CloneSession> CloneRegistry::find(Ids ids) const {
  const std::lock_guard lock{mutex_};
  const auto at = sessions_.find(ids);
  return at == sessions_.end() || at->second->ended() ? nullptr : at->second;
}

std::shared_ptr<CloneSession> CloneRegistry::find_by_master(ConnectionId id) const {
  for (std::shared_ptr<CloneSession>& session : all())
    if (session->master_connection() == id) return session;
  return nullptr;
}

std::vector<std::shared_ptr<CloneSession>> CloneRegistry::all() const {
  const std::lock_guard lock{mutex_};
  std::vector<std::shared_ptr<CloneSession>> result;
  for (const auto& [ids, session] : sessions_) result.push_back(session);
  return result;
}

void CloneRegistry::expire(Duration limit) {
  for (const std::shared_ptr<CloneSession>& session : all())
    session->end_if_away(limit, {SessionResult::failed, kErNetReadError,
                                 "The recipient did not come back after its connection was lost"});
  const std::lock_guard lock{mutex_};
  std::erase_if(sessions_, [](const auto& entry) { return entry.second->ended(); });
}

}  // namespace donord
