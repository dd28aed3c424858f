#include "upstream/backup_lock.hpp"

#include <algorithm>
#include <utility>

namespace donord {

namespace {

/// mysqld takes no more for either, and no less than one.
constexpr std::chrono::seconds kLongest{31'536'000};

std::chrono::seconds within_limits(std::chrono::seconds duration) {
  return std::clamp(duration, std::chrono::seconds{1}, kLongest);
}

}  // namespace

Result<BackupLock> BackupLock::acquire(const UpstreamOptions& options, std::chrono::seconds wait,
                                       std::chrono::seconds idle_limit, const std::function<bool()>& given_up) {
  wait = within_limits(wait);
  UpstreamOptions patient = options;
  patient.read_timeout += wait;
  Result<UpstreamConnection> connection = UpstreamConnection::open(patient);
  if (!connection) return connection.error();
  if (Result<> set = connection->execute(fmt::format("SET SESSION lock_wait_timeout = {}, wait_timeout = {}",
                                                     wait.count(), within_limits(idle_limit).count()));
      !set)
    return set.error();
  connection->set_given_up(given_up);
  if (Result<> locked = connection->execute("LOCK INSTANCE FOR BACKUP"); !locked) return locked.error();
  connection->set_given_up([] { return false; });
  connection->set_read_timeout(options.read_timeout);
  return BackupLock{std::move(*connection)};
}

BackupLock::~BackupLock() {
  (void)release();
}

Result<> BackupLock::still_held() {
  if (!connection_) return Error{Errc::conflict, "the backup lock was released"};
  const Result<> alive = connection_->ping();
  if (!alive) return alive.error().within("the backup lock is lost");
  return {};
}

Result<> BackupLock::release() {
  std::optional<UpstreamConnection> connection = std::exchange(connection_, std::nullopt);
  if (!connection) return {};
  return connection->execute("UNLOCK INSTANCE");
}

}  // namespace donord
