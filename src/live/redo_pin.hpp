#pragma once

// Who still needs redo, and from which LSN on.

#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "base/ids.hpp"

namespace donord {

/// Keeps the redo from an LSN on, for as long as it lives and is not broken. May be let go by any thread.
class RedoPin {
 public:
  RedoPin(RedoPin&& other) noexcept = default;
  RedoPin& operator=(RedoPin&& other) noexcept;
  ~RedoPin() { release(); }

  [[nodiscard]] Lsn lsn() const { return place_->first; }
  /// There was no room for all that it kept: what it was for cannot be done any more.
  [[nodiscard]] bool broken() const;

 private:
  friend class RedoPins;
  enum class State { holds, broken };
  using Places = std::multimap<Lsn, State>;
  struct Shared {
    std::mutex mutex;
    Places places;
  };

  RedoPin(std::shared_ptr<Shared> shared, Lsn lsn);
  void release();

  std::shared_ptr<Shared> shared_;  ///< null once moved from
  Places::iterator place_;
};

/// All pins of one archive. Thread-safe.
class RedoPins {
 public:
  [[nodiscard]] RedoPin add(Lsn lsn) { return RedoPin{shared_, lsn}; }
  /// Of those that are not broken.
  [[nodiscard]] std::optional<Lsn> lowest() const;
  /// False when there is none.
  bool break_lowest();

 private:
  // Shared with the pins: those of a clone may end later than the archive of a log that is lost.
  std::shared_ptr<RedoPin::Shared> shared_ = std::make_shared<RedoPin::Shared>();
};

}  // namespace donord
