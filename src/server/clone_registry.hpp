#pragma once

// The clones under way: found by their ids, limited in number, forgotten when their recipient does not come back.

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "server/clone_session.hpp"

namespace donord {

class CloneRegistry {
 public:
  using Ids = std::pair<CloneId, SnapshotId>;
  using Duration = std::chrono::steady_clock::duration;

  /// For `away_grace` a clone whose recipient is away keeps its place, whoever else wants it: a recipient tries again
  /// every five seconds, and one that is refused has lost its data, while a newcomer that is refused has not. A
  /// recipient that left before it began to copy keeps no place.
  CloneRegistry(std::size_t max_clones, Duration away_grace) : max_clones_(max_clones), away_grace_(away_grace) {}

  /// A place for one clone; given back when destroyed unused.
  class Place {
   public:
    explicit Place(CloneRegistry& registry) : registry_(&registry) {}
    Place(Place&& other) noexcept : registry_(std::exchange(other.registry_, nullptr)) {}
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    friend class CloneRegistry;
    CloneRegistry* registry_;
  };

  /// `Errc::exhausted` when all places are taken.
  [[nodiscard]] Result<Place> reserve();
  /// Takes the place. At the limit a clone whose recipient is away gives way, the one that is away longest first;
  /// `Errc::exhausted` when none of them is away any more. A live session with the same ids stays and is returned.
  [[nodiscard]] Result<std::shared_ptr<CloneSession>> add(Place place, std::shared_ptr<CloneSession> session);
  [[nodiscard]] std::shared_ptr<CloneSession> find(Ids ids) const;
  [[nodiscard]] std::shared_ptr<CloneSession> find_by_master(ConnectionId id) const;
  [[nodiscard]] std::vector<std::shared_ptr<CloneSession>> all() const;

  /// Removes the clones that have ended, and ends those whose recipient has been away for `limit`.
  void expire(Duration limit);

 private:
  [[nodiscard]] Error full() const;
  [[nodiscard]] bool evict_one();

  const std::size_t max_clones_;
  const Duration away_grace_;
  mutable std::mutex mutex_;
  std::size_t reserved_ = 0;
  std::map<Ids, std::shared_ptr<CloneSession>> sessions_;
};

}  // namespace donord
