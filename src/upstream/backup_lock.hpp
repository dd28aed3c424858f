#pragma once

// LOCK INSTANCE FOR BACKUP, held for as long as this object lives: no file is created, renamed or dropped meanwhile,
// and no index is built, while rows are changed as ever.

#include <chrono>
#include <functional>
#include <optional>

#include "base/result.hpp"
#include "upstream/upstream_connection.hpp"

namespace donord {

/// On a connection of its own: the lock is the session's and ends with it. A server gives up a session that is silent
/// for `idle_limit`, so that a donord that was stopped or cut off does not keep DDL waiting for ever; `still_held` is
/// the sign of life.
class BackupLock {
 public:
  static constexpr std::chrono::seconds kIdleLimit{600};

  /// Waits at most `wait` for DDL that is under way: then `timeout`; `cancelled` when `given_up`, which is asked about
  /// every second, says so. Needs BACKUP_ADMIN, else `denied`.
  [[nodiscard]] static Result<BackupLock> acquire(
      const UpstreamOptions& options, std::chrono::seconds wait, std::chrono::seconds idle_limit = kIdleLimit,
      const std::function<bool()>& given_up = [] { return false; });

  BackupLock(BackupLock&&) noexcept = default;
  BackupLock& operator=(BackupLock&&) = delete;
  ~BackupLock();

  /// Asks the server. An error says why the lock is gone; it does not come back.
  [[nodiscard]] Result<> still_held();
  /// DDL goes on when this returns; the destructor does the same.
  [[nodiscard]] Result<> release();

 private:
  explicit BackupLock(UpstreamConnection connection) : connection_(std::move(connection)) {}

  std::optional<UpstreamConnection> connection_;  ///< absent once released
};

}  // namespace donord
