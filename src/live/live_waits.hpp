#pragma once

// How long a clone waits for what a running server does in a moment.

#include <chrono>

namespace donord {

struct LiveWaits {
  /// A commit that was acknowledged is in the log on disk after innodb_flush_log_at_timeout, one second, at the latest.
  std::chrono::milliseconds settled{1200};
  /// For a moment in which no file is created, renamed or dropped.
  std::chrono::milliseconds calming_down{60'000};
  /// The file of an undo tablespace comes and goes before the dictionary knows of it.
  std::chrono::milliseconds undo_settled{500};
  /// How long a file may be neither where the log says that it is nor removed, or be where the log knows of none: the
  /// log is ahead of the directory by a moment, and what is read of it may be behind, as long as it is being written.
  std::chrono::milliseconds on_its_way{5000};
  /// Until a page that is being written is whole.
  std::chrono::milliseconds torn{2000};
};

}  // namespace donord
