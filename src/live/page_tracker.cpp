#include "live/page_tracker.hpp"

#include <algorithm>

#include "innodb/page_check.hpp"
#include "innodb/redo_decode.hpp"
#include "innodb/rollback_segment.hpp"
#include "innodb/space_id.hpp"

namespace donord {

using innodb::RedoGroup;
using innodb::RedoRecord;

namespace {

/// A group is marked every so often in the log: what a restart has to track again.
constexpr std::uint64_t kMarkBytes = 64 << 10;

FrameHistory up_to_mark(FrameHistory history) {
  history.end_at_mark();
  return history;
}

/// Keeps the tablespaces whose files were removed and did not come back. A server that was started again may give an
/// undo tablespace an id that it has used before.
void remember_removal(const LogEvent& event, std::unordered_map<SpaceId, Lsn>& removed) {
  switch (event.kind) {
    case LogEventKind::file_removed:
      removed[event.space] = event.lsn;
      break;
    case LogEventKind::file_created:
    case LogEventKind::file_imported:
    case LogEventKind::undo_made:
      removed.erase(event.space);
      break;
    case LogEventKind::file_renamed:
    case LogEventKind::index_loaded:
    case LogEventKind::key_written:
      break;
  }
}

Lsn first_group_after(const FrameHistory& history) {
  return history.frames().empty() ? history.from() : history.frames().back()->mark.start;
}

}  // namespace

PageTracker::PageTracker(FrameHistory history, PageTrackerOptions options)
    : history_(up_to_mark(std::move(history))),
      open_{.from = history_.to(), .to = history_.to()},
      options_(options),
      parse_from_(first_group_after(history_)),
      frame_from_(history_.to()),
      until_(history_.to()),
      removed_since_(history_.from()) {
  for (const SharedFrame& frame : history_.frames())
    for (const LogEvent& event : frame->events) remember_removal(event, removed_);
  if (history_.frames().empty()) return;
  awaited_ = history_.frames().back()->mark;
  next_ = until_;
  confirmed_ = false;
}

Result<> PageTracker::group(const RedoGroup& group) {
  if (error_) return *error_;
  Result<> taken = awaited_ ? recognise(group) : take(group);
  if (!taken) error_ = taken.error();
  return taken;
}

Result<> PageTracker::recognise(const RedoGroup& group) {
  // The parse begins with the block of the group, and so with others that are in it.
  if (group.end <= awaited_->start) return {};
  if (mark_of(group) != *awaited_)
    return Error{Errc::conflict, fmt::format("the redo log at LSN {} is not the one whose pages were tracked up to {}",
                                             group.start, awaited_->end)};
  awaited_.reset();
  const std::lock_guard lock{mutex_};
  confirmed_ = true;
  return {};
}

Result<> PageTracker::take(const RedoGroup& group) {
  if (next_ && group.start != *next_)
    return Error{Errc::conflict,
                 fmt::format("a group of redo records at LSN {} instead of one at {}", group.start, *next_)};
  for (const RedoRecord& record : group.records) {
    if (may_be_event(record))
      if (Result<> noted = note_event(group, record); !noted) return noted;
    if (!innodb::names_a_page(record.type) || innodb::is_file_operation(record.type)) continue;
    if (Result<> logged = check_logging(record); !logged) return logged;
    if (record.space != last_space_) look_for_import(group, record.space);
    pages_.insert(record.space, record.page);
  }
  if (group.end > frame_from_ && (!mark_ || group.start - mark_->start >= kMarkBytes)) mark_ = mark_of(group);
  next_ = group.end;
  until_ = std::max(until_, group.end);
  if (until_ - frame_from_ >= options_.frame_bytes) close_frame();
  return {};
}

/// What ALTER INSTANCE ENABLE INNODB REDO_LOG leaves in the log: the next transaction id, in the transaction system
/// page. Else that is written for every 256th id only, before others have moved it on by much (docs/innodb-files.md,
/// "Redo disabled").
Result<> PageTracker::check_logging(const RedoRecord& record) {
  if (record.type != innodb::RedoType::eight_bytes || record.space != innodb::kSystemSpace ||
      record.page != innodb::kTransactionSystemPage)
    return {};
  const Result<innodb::IntegerWrite> write = innodb::decode_integer_write(record);
  if (!write) return write.error();
  constexpr std::uint64_t kOthersAtThatMoment = 64;
  if (write->offset != innodb::kTransactionIdOffset ||
      write->value % innodb::kTransactionIdMargin <= kOthersAtThatMoment)
    return {};
  return Error{Errc::redo_disabled,
               fmt::format("redo logging was switched off and on again before LSN {}: the log does not have what was "
                           "written in between",
                           record.end),
               "clone again when redo logging stays on"};
}

Result<> PageTracker::note_event(const RedoGroup& group, const RedoRecord& record) {
  Result<std::optional<LogEvent>> event = find_log_event(group, record);
  if (!event) return event.error();
  if (*event) add_event(std::move(**event));
  return {};
}

void PageTracker::add_event(LogEvent event) {
  remember_removal(event, removed_);
  last_space_.reset();
  if (event.kind != LogEventKind::file_renamed && event.kind != LogEventKind::key_written)
    pages_.insert_all(event.space);
  events_.push_back(std::move(event));
}

/// A record names a page of another space than the one before did.
void PageTracker::look_for_import(const RedoGroup& group, SpaceId space) {
  if (removed_.contains(space))
    add_event({.lsn = group.start, .end = group.end, .kind = LogEventKind::file_imported, .space = space});
  last_space_ = space;
}

void PageTracker::publish() {
  const std::lock_guard lock{mutex_};
  publish_locked();
}

void PageTracker::publish_locked() {
  if (until_ == open_.to) return;
  open_.to = until_;
  open_.mark = *mark_;
  open_.pages.merge(pages_.take());
  std::ranges::move(events_, std::back_inserter(open_.events));
  events_.clear();
}

void PageTracker::close_frame() {
  const std::lock_guard lock{mutex_};
  publish_locked();
  if (open_.to == open_.from) return;
  history_.add(std::move(open_));
  open_ = {.from = until_, .to = until_};
  frame_from_ = until_;
  mark_.reset();
  if (removed_since_ == history_.from()) return;
  removed_since_ = history_.from();
  std::erase_if(removed_, [&](const auto& removal) { return removal.second < removed_since_; });
}

Result<std::vector<SharedFrame>> PageTracker::overlapping(Lsn from, Lsn to) const {
  const std::lock_guard lock{mutex_};
  if (from < history_.from())
    return Error{Errc::not_found,
                 fmt::format("changed pages are known from LSN {} on, not from {}", history_.from(), from)};
  if (const Lsn until = tracked_until_locked(); to > until)
    return Error{Errc::unavailable, fmt::format("changed pages are known up to LSN {}, not up to {}", until, to)};
  std::vector<SharedFrame> frames = history_.overlapping(from, to);
  if (open_.from < to && from < open_.to) frames.push_back(std::make_shared<const TrackedFrame>(open_));
  return frames;
}

Result<PageSet> PageTracker::changed(Lsn from, Lsn to) const {
  const Result<std::vector<SharedFrame>> frames = overlapping(from, to);
  if (!frames) return frames.error();
  PageSet pages;
  for (const SharedFrame& frame : *frames) pages.merge(frame->pages);
  return pages;
}

Result<std::vector<LogEvent>> PageTracker::events(Lsn from, Lsn to) const {
  const Result<std::vector<SharedFrame>> frames = overlapping(from, to);
  if (!frames) return frames.error();
  std::vector<LogEvent> events;
  for (const SharedFrame& frame : *frames)
    std::ranges::copy_if(frame->events, std::back_inserter(events),
                         [&](const LogEvent& event) { return event.lsn < to && event.end > from; });
  return events;
}

Lsn PageTracker::valid_from() const {
  const std::lock_guard lock{mutex_};
  return history_.from();
}

Lsn PageTracker::tracked_until() const {
  const std::lock_guard lock{mutex_};
  return tracked_until_locked();
}

void PageTracker::forget_before(Lsn lsn) {
  const std::lock_guard lock{mutex_};
  history_.forget_before(lsn);
}

FrameHistory PageTracker::history() const {
  const std::lock_guard lock{mutex_};
  return history_;
}

}  // namespace donord
