#pragma once

// The archiver: reads the redo of a running server as it is written, keeps what clones need of it, and tells the page
// tracker what it says. One for all clones of a directory, on a thread of its own
// (docs/decisions/0012-live-sources.md).

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/redo_log.hpp"
#include "innodb/redo_parser.hpp"
#include "innodb/tablespace_cipher.hpp"
#include "live/page_tracker.hpp"
#include "live/redo_archive.hpp"
#include "live/redo_keeper.hpp"
#include "live/redo_tail.hpp"
#include "live/server_process.hpp"
#include "live/tracker_file.hpp"
#include "source/datadir_options.hpp"

namespace donord {

/// How closely a log is followed.
struct RedoWatchPace {
  std::chrono::milliseconds poll{10};                ///< how often it is looked at when nothing is new
  std::chrono::milliseconds checkpoint_period{500};  ///< how often the checkpoint is looked at
  std::chrono::milliseconds patience{60'000};        ///< for a log that is expected to go on
};

struct RedoWatchOptions {
  DatadirOptions datadir;
  std::filesystem::path system_file;  ///< the first of the system tablespace; its lock tells that the server runs
  std::uint32_t page_size_bytes = 0;
  /// Of our own: what is kept of the redo, and what is known of its pages.
  std::filesystem::path state_directory;
  std::uint64_t archive_bytes = RedoArchiveOptions{}.max_bytes;
  /// The server, if it may be asked to keep redo until it was read.
  std::optional<UpstreamOptions> server = {};
  RedoWatchPace pace = {};
};

class RedoWatch {
 public:
  /// Begins at the newest checkpoint. `Errc::unavailable` when no server runs on the directory, or another process has
  /// the state directory.
  [[nodiscard]] static Result<std::shared_ptr<RedoWatch>> start(RedoWatchOptions options);
  RedoWatch(const RedoWatch&) = delete;
  RedoWatch& operator=(const RedoWatch&) = delete;
  ~RedoWatch();

  /// What a clone begins with: from here on redo is kept and changes are known.
  struct Hold {
    Lsn checkpoint;
    Lsn log_end;  ///< what was logged until then happened before
    RedoPin pin;
  };
  [[nodiscard]] Result<Hold> hold();
  /// `Errc::not_found` when it is not kept any more.
  [[nodiscard]] Result<RedoPin> pin(Lsn lsn) { return archive_->pin(lsn); }

  /// The newest checkpoint of the server, read now.
  [[nodiscard]] Result<Lsn> newest_checkpoint();

  /// Waits until all is known that the log had when this was called; the end of its last complete group.
  /// `Errc::timeout` when the reading does not go on.
  [[nodiscard]] Result<Lsn> catch_up();
  /// Waits until a group has ended there or behind; the end of the last one that is known. `Errc::timeout` when all was
  /// read that there was, and none came for a while.
  [[nodiscard]] Result<Lsn> wait_until(Lsn lsn);

  [[nodiscard]] const PageTracker& tracker() const { return *tracker_; }
  /// Blocks that are kept, plain and verified: an `innodb::RedoRead`.
  [[nodiscard]] Result<> read(Lsn from, MutableBytes into) const;
  /// Null as long as the log has no key.
  [[nodiscard]] std::shared_ptr<const innodb::TablespaceCipher> cipher() const;

  /// Why it has ended. Clones that depend on it cannot go on.
  [[nodiscard]] std::optional<Error> failure() const;

 private:
  explicit RedoWatch(RedoWatchOptions options) : options_(std::move(options)) {}

  [[nodiscard]] Result<> open();
  [[nodiscard]] Result<> catch_up(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] Result<> open_archive();
  [[nodiscard]] Result<> open_tracker(Lsn checkpoint);
  void run(const std::stop_token& stop);
  [[nodiscard]] Result<> follow(const std::stop_token& stop);
  [[nodiscard]] Result<bool> read_once(MutableBytes buffer);
  [[nodiscard]] Result<> take(const RedoPiece& piece, MutableBytes blocks);
  [[nodiscard]] Result<std::size_t> decrypt(Lsn start, MutableBytes blocks);
  [[nodiscard]] Result<> refresh_cipher();
  [[nodiscard]] Result<> look_around();
  [[nodiscard]] Result<> read_checkpoint();
  void keep(const std::stop_token& stop);
  void end_with(const Error& error);

  const RedoWatchOptions options_;
  std::filesystem::path place_;  // our part of the state directory
  std::optional<ServerProcess> server_;
  std::optional<RedoKeeper> redo_keeper_;
  std::optional<RedoTail> tail_;
  std::unique_ptr<RedoArchive> archive_;
  std::unique_ptr<PageTracker> tracker_;
  std::optional<innodb::RedoParser> parser_;
  std::optional<TrackerFile> tracker_file_;
  std::chrono::steady_clock::time_point server_seen_;
  std::chrono::steady_clock::time_point checkpoint_seen_;
  Lsn checkpoint_;
  Bytes plain_;
  int bad_looks_ = 0;  // at a block that could not be decrypted, one after the other

  std::mutex checkpoint_mutex_;
  std::optional<RedoTail> checkpoints_;  // reads headers only, for other threads

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t ends_seen_ = 0;  // how often a read that began then has reached the end of the log
  std::shared_ptr<const innodb::TablespaceCipher> cipher_;
  std::optional<Error> failure_;

  // Last: they use all of the above.
  std::jthread follower_;
  std::jthread keeper_;
};

/// Its log, for who reads pieces of one.
[[nodiscard]] inline innodb::RedoRead redo_of(std::shared_ptr<const RedoWatch> watch) {
  return [watch = std::move(watch)](Lsn from, MutableBytes into) { return watch->read(from, into); };
}

}  // namespace donord
