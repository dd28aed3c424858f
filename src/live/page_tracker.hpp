#pragma once

// What the redo of a running server says about its pages and files: which pages changed between two LSNs, and which
// events there were. One thread feeds it all groups of the log; any thread asks.
//
//   PageTracker tracker{FrameHistory{checkpoint}};
//   RedoParser parser{tracker.parse_from()};
//   for (...) {                                     // the feeding thread, as the log grows
//     parser.feed(lsn, block, tracker);  ...        // many blocks
//     tracker.publish();                            // now others see what they say
//   }
//   tracker.changed(checkpoint, later_checkpoint);  // any other thread
//
// A page that is reported need not have changed; one whose content changed is always reported. Every record that names
// a page counts, except those that concern the file only. Where a server writes pages without redo, all pages of the
// tablespace count: when its file is created; when INDEX_LOAD is logged; when its file is removed, because IMPORT
// TABLESPACE puts another one in its place, with the same id and without a record of that. Two things a copy has to
// notice by the file itself: one that came back although its removal is before `valid_from()`, and the LSN of a page
// that a server latched but did not change.
//
// LSNs are resolved by frames, pieces of the log of some megabytes; older ones become coarser (`FrameHistory`).

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/redo_parser.hpp"
#include "live/frame_history.hpp"
#include "live/page_collector.hpp"
#include "live/page_set.hpp"

namespace donord {

struct PageTrackerOptions {
  std::uint64_t frame_bytes = std::uint64_t{4} << 20;  ///< of the log, after which a frame is closed
};

class PageTracker final : public innodb::RedoSink {
 public:
  /// Goes on where the history ends. One without frames begins there: the LSN is that of a checkpoint then, since what
  /// belongs to a group that began before the LSN is not seen.
  ///
  /// After a history with frames the log may be another one than that which it tells of, although it has the same uuid
  /// and LSNs: the server lost the end of its log in a power failure, or an older copy of its files was put in place.
  /// So the parse begins with the last marked group of the history, and nothing is reported until that group was seen
  /// again. What followed it is forgotten, and tracked anew.
  explicit PageTracker(FrameHistory history, PageTrackerOptions options = {});

  /// Where the parse has to begin.
  [[nodiscard]] Lsn parse_from() const { return parse_from_; }

  // For the thread that feeds.

  /// `Errc::conflict` when the group is not the one that follows, or the log is not the one of the history.
  /// `Errc::redo_disabled` when the server did not log for a while, as far as the log tells (not once in four times).
  /// Any error is final. What was published before stays valid.
  [[nodiscard]] Result<> group(const innodb::RedoGroup& group) override;
  /// Shows what was fed to the other threads. Takes a few microseconds; when a frame is full, this happens without it.
  void publish();
  /// Publishes, and begins a new frame: what follows is told apart from what was. Best called when the server makes a
  /// checkpoint, for this is what others ask for.
  void close_frame();

  // For any thread.

  /// The pages that groups in [from, to) change, and possibly more. `Errc::not_found` when `from` is before
  /// `valid_from()`, `Errc::unavailable` when `to` is behind `tracked_until()`.
  [[nodiscard]] Result<PageSet> changed(Lsn from, Lsn to) const;
  /// The events whose groups have a part in [from, to), in the order of the log. Errors as above.
  [[nodiscard]] Result<std::vector<LogEvent>> events(Lsn from, Lsn to) const;
  [[nodiscard]] Lsn valid_from() const;
  /// Where the last group ends that was published.
  [[nodiscard]] Lsn tracked_until() const;

  /// Nobody will ask for what was before.
  void forget_before(Lsn lsn);
  /// The closed frames.
  [[nodiscard]] FrameHistory history() const;

 private:
  [[nodiscard]] Result<> take(const innodb::RedoGroup& group);
  [[nodiscard]] Result<> recognise(const innodb::RedoGroup& group);
  [[nodiscard]] static Result<> check_logging(const innodb::RedoRecord& record);
  [[nodiscard]] Result<> note_event(const innodb::RedoGroup& group, const innodb::RedoRecord& record);
  void add_event(LogEvent event);
  void look_for_import(const innodb::RedoGroup& group, SpaceId space);
  [[nodiscard]] Result<std::vector<SharedFrame>> overlapping(Lsn from, Lsn to) const;
  void publish_locked();
  [[nodiscard]] Lsn tracked_until_locked() const { return confirmed_ ? open_.to : history_.from(); }

  mutable std::mutex mutex_;
  FrameHistory history_;   // from here to `confirmed_` under the mutex
  TrackedFrame open_;      // what was published of the open frame
  bool confirmed_ = true;  // false as long as it is not known whether the history is one of this log

  const PageTrackerOptions options_;
  const Lsn parse_from_;

  // Of the feeding thread.
  std::optional<Error> error_;
  std::optional<GroupMark> awaited_;  // the last one of the history, until the log has shown it
  std::optional<Lsn> next_;           // where the next group begins; nothing before the first one
  Lsn frame_from_;                    // of the open frame
  Lsn until_;                         // where the last group ends
  std::optional<GroupMark> mark_;     // the newest one of the open frame
  PageCollector pages_;               // not published yet, as the events
  std::vector<LogEvent> events_;
  std::optional<SpaceId> last_space_;         // of the last record that names a page
  std::unordered_map<SpaceId, Lsn> removed_;  // tablespaces without a file, and since when
  Lsn removed_since_;                         // earlier removals are forgotten
};

}  // namespace donord
