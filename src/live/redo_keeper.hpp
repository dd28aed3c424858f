#pragma once

// Has a running server keep its redo until it was read here: donord as the registered consumer of that redo
// (`RedoConsumer`), on a thread of its own.
//
// A consumer that does not read on holds up every writer of the server as soon as the log is full. So the place is
// given up at once when the reader fails, and when the reader does not come round for `patience`. What happens to the
// process as a whole the server notices itself, by `RedoConsumer::kIdleLimit`.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/ids.hpp"
#include "upstream/redo_consumer.hpp"

namespace donord {

struct RedoKeeperOptions {
  std::chrono::milliseconds step{50};          ///< how often the server may be told
  std::chrono::milliseconds sign{2'000};       ///< how often it is told, though nothing was read
  std::chrono::milliseconds retry{5'000};      ///< after it was lost, or did not want donord
  std::chrono::milliseconds patience{20'000};  ///< with a reader that does not come round
};

class RedoKeeper {
 public:
  using Clock = std::chrono::steady_clock;

  /// The redo of this moment's newest checkpoint and later is kept when this returns, if the server lets it. What it
  /// does not is logged, and tried again as long as this object lives.
  explicit RedoKeeper(UpstreamOptions server, RedoKeeperOptions options = {});
  RedoKeeper(const RedoKeeper&) = delete;
  RedoKeeper& operator=(const RedoKeeper&) = delete;
  ~RedoKeeper();

  /// The reader has come round, and has all redo before `lsn`. To be called all the time, whether there is more or not.
  void read_until(Lsn lsn);
  /// There is no reader any more. Does not wait; nothing is kept from now on.
  void leave();

 private:
  struct Reader {
    Lsn lsn;
    Clock::time_point seen;
  };

  void run(const std::stop_token& stop);
  void keep(const std::stop_token& stop);
  void attach();
  void advance(Lsn lsn);
  void let_go(const Error& why);
  [[nodiscard]] Reader reader() const;
  void pause(const std::stop_token& stop) const;

  const UpstreamOptions server_;
  const RedoKeeperOptions options_;
  // Of the thread only, once it runs.
  std::optional<RedoConsumer> consumer_;
  Clock::time_point told_;   // when the server heard of us last
  Clock::time_point tried_;  // to get the place
  bool complained_ = false;

  mutable std::mutex mutex_;
  mutable std::condition_variable_any wake_;
  Reader reader_;

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace donord
