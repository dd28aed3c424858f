#pragma once

// DDL that waits until a clone has ended (`BackupLock`), with the sign of life that the server wants now and then.

#include <chrono>
#include <functional>
#include <memory>
#include <thread>

#include "base/result.hpp"
#include "upstream/backup_lock.hpp"

namespace donord {

class DdlBlock {
 public:
  struct Wait {
    std::chrono::seconds limit;      ///< for DDL that is under way
    std::function<bool()> given_up;  ///< asked about every second
  };

  /// `Errc::timeout` when DDL did not end in time, `Errc::cancelled` when it was given up, `Errc::conflict` when the
  /// server cannot be asked, or refuses.
  [[nodiscard]] static Result<std::unique_ptr<DdlBlock>> begin(UpstreamOptions server, const Wait& wait,
                                                               std::chrono::milliseconds sign = kSign);
  DdlBlock(const DdlBlock&) = delete;
  DdlBlock& operator=(const DdlBlock&) = delete;

 private:
  static constexpr std::chrono::seconds kSign{60};

  DdlBlock(BackupLock lock, std::chrono::milliseconds sign);
  void run(const std::stop_token& stop, std::chrono::milliseconds sign);

  BackupLock lock_;
  std::jthread thread_;  // last: it uses the lock
};

}  // namespace donord
