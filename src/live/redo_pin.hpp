#pragma once

// Who still needs redo, and from which LSN on.

#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "base/ids.hpp"

namespace donord {

/// Keeps the redo from an LSN on, for as long as it lives. May be let go by any thread.
class RedoPin {
 public:
  RedoPin(RedoPin&& other) noexcept = default;
  RedoPin& operator=(RedoPin&& other) noexcept;
  ~RedoPin() { release(); }

  [[nodiscard]] Lsn lsn() const { return *place_; }

 private:
  friend class RedoPins;
  struct Shared {
    std::mutex mutex;
    std::multiset<Lsn> lsns;
  };

  RedoPin(std::shared_ptr<Shared> shared, Lsn lsn);
  void release();

  std::shared_ptr<Shared> shared_;  ///< null once moved from
  std::multiset<Lsn>::iterator place_;
};

/// All pins of one archive. Thread-safe.
class RedoPins {
 public:
  [[nodiscard]] RedoPin add(Lsn lsn) { return RedoPin{shared_, lsn}; }
  [[nodiscard]] std::optional<Lsn> lowest() const;

 private:
  // Shared with the pins: those of a clone may end later than the archive of a log that is lost.
  std::shared_ptr<RedoPin::Shared> shared_ = std::make_shared<RedoPin::Shared>();
};

}  // namespace donord
