#include "live/redo_watch.hpp"

#include <algorithm>

#include "base/io_priority.hpp"
#include "base/log.hpp"
#include "fault/fault_injector.hpp"
#include "innodb/redo_block.hpp"
#include "innodb/redo_encryption.hpp"
#include "live/live_survey.hpp"
#include "source/redo_directory.hpp"

namespace donord {

namespace fs = std::filesystem;

namespace {

using innodb::kRedoBlockBytes;

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;
constexpr std::chrono::milliseconds kServerPeriod{50};
constexpr std::chrono::seconds kSavePeriod{10};
constexpr int kMaxBadLooks = 200;
constexpr int kPlaces = 32;

}  // namespace

Result<std::shared_ptr<RedoWatch>> RedoWatch::start(RedoWatchOptions options) {
  std::shared_ptr<RedoWatch> watch{new RedoWatch{std::move(options)}};
  if (Result<> opened = watch->open(); !opened) return opened.error();
  watch->follower_ = std::jthread{[raw = watch.get()](const std::stop_token& stop) { raw->run(stop); }};
  watch->keeper_ = std::jthread{[raw = watch.get()](const std::stop_token& stop) { raw->keep(stop); }};
  return watch;
}

RedoWatch::~RedoWatch() {
  for (std::jthread* thread : {&follower_, &keeper_}) {
    thread->request_stop();
    if (thread->joinable()) thread->join();
  }
}

Result<> RedoWatch::open() {
  Result<ServerProcess> server = ServerProcess::find(options_.system_file);
  if (!server) return server.error();
  server_.emplace(std::move(*server));
  if (options_.server) redo_keeper_.emplace(*options_.server);  // before the checkpoint is read that it is to keep

  const fs::path directory = options_.datadir.redo_directory();
  Result<RedoTail> tail = RedoTail::open(directory);
  if (!tail) return tail.error();
  tail_.emplace(std::move(*tail));
  Result<RedoTail> checkpoints = RedoTail::open(directory);
  if (!checkpoints) return checkpoints.error();
  checkpoints_.emplace(std::move(*checkpoints));

  const Result<Lsn> checkpoint = tail_->newest_checkpoint();
  if (!checkpoint) return checkpoint.error();
  checkpoint_ = *checkpoint;
  if (Result<> refreshed = refresh_cipher(); !refreshed) return refreshed;

  if (Result<> opened = open_archive(); !opened) return opened;
  if (Result<> opened = open_tracker(checkpoint_); !opened) return opened;
  tail_->seek(tracker_->parse_from().block_start());
  parser_.emplace(tracker_->parse_from(), innodb::RedoParserLimits{.page_bytes = options_.page_size_bytes});
  return {};
}

/// Takes the first place in the state directory that is free: clones of a watch that has ended may still read from its
/// archive.
Result<> RedoWatch::open_archive() {
  for (int place = 0;; ++place) {
    place_ = options_.state_directory / std::to_string(place);
    std::error_code error;
    fs::create_directories(place_, error);
    if (error) return io_error("make the directory", place_, error.value());
    Result<std::unique_ptr<RedoArchive>> archive =
        RedoArchive::open({.directory = place_ / "redo", .max_bytes = options_.archive_bytes},
                          tail_->checkpoint_file_start().header.uuid);
    if (archive) {
      archive_ = std::move(*archive);
      return {};
    }
    if (archive.error().code != Errc::unavailable || place == kPlaces) return archive.error();
  }
}

/// Goes on with what a former process has tracked, if the redo since then is still there.
Result<> RedoWatch::open_tracker(Lsn checkpoint) {
  const fs::path path = place_ / "pages.track";
  const TrackedLog log{tail_->checkpoint_file_start().header.uuid, options_.page_size_bytes};
  Result<OpenedTrackerFile> opened = TrackerFile::open(path, log);
  if (opened) {
    auto tracker = std::make_unique<PageTracker>(std::move(opened->history));
    tail_->seek(tracker->parse_from().block_start());
    Bytes block(kRedoBlockBytes);
    if (const Result<RedoPiece> there = tail_->read(block); there && there->bytes > 0) {
      tracker_ = std::move(tracker);
      tracker_file_.emplace(std::move(opened->file));
      log::info("tracker.continued", {{"valid_from", tracker_->valid_from().value()}});
      return {};
    }
    // What was read in vain may have ended the tail for good.
    Result<RedoTail> again = RedoTail::open(options_.datadir.redo_directory());
    if (!again) return again.error();
    tail_.emplace(std::move(*again));
  } else if (opened.error().code != Errc::not_found) {
    log::info("tracker.not_continued", {{"reason", opened.error().what}});
  }
  Result<TrackerFile> created = TrackerFile::create(path, log, checkpoint);
  if (!created) return created.error();
  tracker_file_.emplace(std::move(*created));
  tracker_ = std::make_unique<PageTracker>(FrameHistory{checkpoint});
  return {};
}

Result<RedoWatch::Hold> RedoWatch::hold() {
  if (const Result<Lsn> known = catch_up(); !known) return known.error();
  const Result<RedoPin> meanwhile = archive_->pin(archive_->start());
  if (!meanwhile) return meanwhile.error();
  const Result<Lsn> checkpoint = newest_checkpoint();
  if (!checkpoint) return checkpoint.error();
  // Redo reaches the disk before the checkpoint that needs it, but perhaps not yet the archive.
  const Result<Lsn> log_end = catch_up();
  if (!log_end) return log_end.error();
  Result<RedoPin> pin = archive_->pin(*checkpoint);
  if (!pin) return pin.error();
  return Hold{*checkpoint, *log_end, std::move(*pin)};
}

Result<Lsn> RedoWatch::newest_checkpoint() {
  const std::lock_guard lock{checkpoint_mutex_};
  return checkpoints_->newest_checkpoint();
}

Result<Lsn> RedoWatch::catch_up() {
  std::unique_lock lock{mutex_};
  if (Result<> done = catch_up(lock); !done) return done.error();
  return tracker_->tracked_until();
}

/// A long backlog takes its time: only when nothing is read any more, something is wrong. A log that is written faster
/// than it is read is overwritten in the end, which is an error of its own, unless the server keeps it and waits.
Result<> RedoWatch::catch_up(std::unique_lock<std::mutex>& lock) {
  // The read under way may have begun before.
  const std::uint64_t wanted = ends_seen_ + 2;
  Lsn read = archive_->end();
  while (!changed_.wait_for(lock, options_.pace.patience, [&] { return failure_ || ends_seen_ >= wanted; })) {
    const Lsn now = archive_->end();
    if (now == read)
      return Error{Errc::timeout, fmt::format("the redo of the server is not read any further than LSN {}", now),
                   "give donord more processor time or a faster disk"};
    read = now;
  }
  if (failure_) return *failure_;
  return {};
}

Result<Lsn> RedoWatch::wait_until(Lsn lsn) {
  std::unique_lock lock{mutex_};
  const auto reached = [&] { return failure_ || tracker_->tracked_until() >= lsn; };
  if (!reached())
    if (Result<> up_to_date = catch_up(lock); !up_to_date) return up_to_date.error();
  const bool done = changed_.wait_for(lock, options_.pace.patience, reached);
  if (failure_) return *failure_;
  if (!done)
    return Error{Errc::timeout, fmt::format("the redo log did not reach LSN {}, which a page has", lsn),
                 "if the server is well, the page is damaged: check it with `donord check` when the server is down"};
  return tracker_->tracked_until();
}

Result<> RedoWatch::read(Lsn from, MutableBytes into) const {
  if (Result<> done = archive_->read(from, into); !done) return done;
  const std::shared_ptr<const innodb::TablespaceCipher> key = cipher();
  for (std::size_t at = 0; at < into.size(); at += kRedoBlockBytes) {
    const auto block = into.subspan(at).first<kRedoBlockBytes>();
    if (!innodb::is_encrypted_redo_block(block)) continue;
    if (key) innodb::decrypt_redo_block(block, *key);
    if (innodb::look_at_redo_block(block, from + at).state != innodb::RedoBlockState::current)
      return Error{Errc::checksum, fmt::format("the redo block at LSN {} cannot be decrypted", from + at)};
  }
  return {};
}

std::shared_ptr<const innodb::TablespaceCipher> RedoWatch::cipher() const {
  const std::lock_guard lock{mutex_};
  return cipher_;
}

std::optional<Error> RedoWatch::failure() const {
  const std::lock_guard lock{mutex_};
  return failure_;
}

void RedoWatch::run(const std::stop_token& stop) {
  set_io_priority(IoPriority::normal);  // the log does not wait for us
  try {
    if (const Result<> done = follow(stop); !done) end_with(done.error());
  } catch (const std::exception& thrown) {
    end_with(Error{Errc::io, thrown.what()});
  }
}

void RedoWatch::end_with(const Error& error) {
  log::error("live.watch_ended", {{"error", error.what}, {"hint", error.hint}});
  // If it is what was tracked before that does not fit the log, the next watch shall not meet it again.
  std::error_code ignored;
  fs::remove(place_ / "pages.track", ignored);
  if (redo_keeper_) redo_keeper_->leave();
  const std::lock_guard lock{mutex_};
  failure_ = error;
  changed_.notify_all();
}

Result<> RedoWatch::follow(const std::stop_token& stop) {
  Bytes buffer(kBufferBytes);
  while (!stop.stop_requested()) {
    if (Result<> passed = fault_point("live.tail"); !passed) return passed;
    const Result<bool> at_end = read_once(buffer);
    if (!at_end) return at_end.error();
    if (redo_keeper_) redo_keeper_->read_until(tracker_->tracked_until());
    if (Result<> looked = look_around(); !looked) return looked;
    if (*at_end) std::this_thread::sleep_for(options_.pace.poll);
  }
  return {};
}

/// True when there was no more to read.
Result<bool> RedoWatch::read_once(MutableBytes buffer) {
  const Result<RedoPiece> piece = tail_->read(buffer);
  if (!piece) return piece.error();
  if (piece->bytes > 0)
    if (Result<> taken = take(*piece, buffer.first(piece->bytes)); !taken) return taken.error();
  // A piece ends where a file ends, too: then there may be more at once.
  const bool at_end = piece->bytes == 0 || piece->provisional || bad_looks_ > 0;
  const std::lock_guard lock{mutex_};
  if (at_end && bad_looks_ == 0) ++ends_seen_;
  changed_.notify_all();
  return at_end;
}

Result<> RedoWatch::take(const RedoPiece& piece, MutableBytes blocks) {
  plain_.assign(blocks.begin(), blocks.end());
  const Result<std::size_t> whole = decrypt(piece.start, plain_);
  if (!whole) return whole.error();
  if (*whole < blocks.size()) tail_->seek(piece.start + *whole);
  if (*whole == 0) return {};
  if (Result<> kept = archive_->append(piece.start, blocks.first(*whole)); !kept) return kept;
  for (std::size_t at = 0; at < *whole; at += kRedoBlockBytes)
    if (Result<> fed = parser_->feed(piece.start + at, ByteView{plain_}.subspan(at, kRedoBlockBytes), *tracker_); !fed)
      return fed.error().within("the redo of the running server");
  tracker_->publish();
  return {};
}

/// Decrypts as many blocks as are whole: an encrypted one that is being written looks as if it were. Such a block is
/// there at the next look; one that stays bad has another key.
Result<std::size_t> RedoWatch::decrypt(Lsn start, MutableBytes blocks) {
  for (std::size_t at = 0; at < blocks.size(); at += kRedoBlockBytes) {
    const auto block = blocks.subspan(at).first<kRedoBlockBytes>();
    if (!innodb::is_encrypted_redo_block(block)) continue;
    if (const std::shared_ptr<const innodb::TablespaceCipher> key = cipher(); key)
      innodb::decrypt_redo_block(block, *key);
    if (innodb::look_at_redo_block(block, start + at).state == innodb::RedoBlockState::current) {
      bad_looks_ = 0;
      continue;
    }
    if (const Result<Lsn> read = tail_->newest_checkpoint(); !read) return read.error();
    if (Result<> refreshed = refresh_cipher(); !refreshed) return refreshed.error();
    if (++bad_looks_ == kMaxBadLooks)
      return Error{Errc::checksum, fmt::format("the redo block at LSN {} cannot be decrypted", start + at),
                   "give the keyring of the server as --keyring-file"};
    return at;
  }
  return blocks.size();
}

Result<> RedoWatch::refresh_cipher() {
  const Result<std::shared_ptr<const KeyringFile>> keyring = read_live_keyring(options_.datadir);
  if (!keyring) return keyring.error();
  Result<std::shared_ptr<const innodb::TablespaceCipher>> found =
      redo_cipher_of(tail_->checkpoint_file_start(), keyring->get());
  if (!found) return found.error();
  const std::lock_guard lock{mutex_};
  if (*found) cipher_ = std::move(*found);  // what was archived may need it even when nothing new is encrypted
  return {};
}

/// What is not done for every piece: is the server the same, is there a newer checkpoint.
Result<> RedoWatch::look_around() {
  const auto now = std::chrono::steady_clock::now();
  if (now - server_seen_ >= kServerPeriod) {
    if (Result<> runs = server_->still_runs(); !runs) return runs;
    server_seen_ = now;
  }
  if (now - checkpoint_seen_ >= options_.pace.checkpoint_period) {
    if (Result<> read = read_checkpoint(); !read) return read;
    checkpoint_seen_ = now;
  }
  return {};
}

Result<> RedoWatch::read_checkpoint() {
  const Result<Lsn> checkpoint = tail_->newest_checkpoint();
  if (!checkpoint) return checkpoint.error();
  if (*checkpoint == checkpoint_) return {};
  checkpoint_ = *checkpoint;
  tracker_->close_frame();
  archive_->trim(checkpoint_);
  return {};
}

/// Saves what is known of the pages from time to time, and at the end.
void RedoWatch::keep(const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock{mutex};
  std::condition_variable_any wake;
  while (!stop.stop_requested() && !failure()) {
    wake.wait_for(lock, stop, kSavePeriod, [] { return false; });
    try {
      if (failure()) break;
      if (const Result<> saved = tracker_file_->save(*tracker_); !saved)
        log::warn("live.tracker_not_saved", {{"error", saved.error().what}});
    } catch (const std::exception& thrown) {
      log::warn("live.tracker_not_saved", {{"error", thrown.what()}});
    }
  }
}

}  // namespace donord
