#include "live/live_view.hpp"

#include <algorithm>
#include <mutex>
#include <random>
#include <thread>

#include "base/log.hpp"
#include "live/changed_while_cloned.hpp"
#include "live/followed_files.hpp"
#include "live/group_end.hpp"
#include "live/page_plan.hpp"
#include "live/space_fates.hpp"
#include "source/redo_analysis.hpp"
#include "source/redo_packer.hpp"
#include "source/wire_file.hpp"

namespace donord {

namespace {

using Clock = std::chrono::steady_clock;

/// The redo of a clone, and where it ends.
struct EndedRedo {
  RedoPacker packer;
  Lsn end;
};

/// Pages by file and offset.
using PageImages = std::map<std::pair<std::uint32_t, std::uint64_t>, Bytes>;

constexpr std::uint64_t kMaxImageBytes = std::uint64_t{32} << 20;

/// DDL that goes on without a pause may need another round whenever one is done.
constexpr int kMaxLateRounds = 20;

class LiveView final : public CloneView {
 public:
  LiveView(std::shared_ptr<RedoWatch> watch, RedoWatch::Hold hold, LiveSurvey survey, std::shared_ptr<FileCache> cache,
           LiveViewOptions options, ServerHelp help)
      : watch_(std::move(watch)),
        hold_(std::move(hold)),
        options_(options),
        help_(std::move(help)),
        list_(watch_, hold_, std::move(survey), std::move(cache), options_.waits) {}

  const std::vector<DataFile>& files() const override { return list_.listed(); }
  bool has_keys() const override { return list_.has_keys(); }

  std::uint64_t redo_capacity_bytes() const override {
    const RedoRange so_far{hold_.checkpoint, watch_->tracker().tracked_until()};
    return RedoPacker::capacity_bytes(RedoPacker::file_bytes_for(list_.survey().options.redo_file_bytes, so_far),
                                      so_far);
  }

  /// What a live clone copies exists once: nothing can go on from it after a restart.
  std::string fingerprint() const override { return fingerprint_; }
  std::optional<SourcePosition> position() const override { return help_.position; }

  Result<> read_file(std::size_t index, std::uint64_t offset_bytes, MutableBytes into) const override {
    if (index >= list_.listed().size()) return Error{Errc::not_found, fmt::format("there is no file {}", index)};
    if (Result<> possible = still_possible(); !possible) return possible;
    return list_.files().read(index, offset_bytes, into);
  }

  Result<PagePlan> begin_page_copy() override;
  Result<> read_page(const PageRef& page, MutableBytes into) const override;
  Result<PagePlan> late_pages() override;
  Result<RedoPlan> begin_redo_copy() override;

  Result<> read_redo(std::uint32_t file, std::uint64_t offset_bytes, MutableBytes into) const override {
    const std::shared_ptr<const EndedRedo> redo = ended_redo();
    if (!redo) return Error{Errc::conflict, "redo was asked for before its plan"};
    if (Result<> possible = still_possible(); !possible) return possible;
    if (list_.files().needed_end() > redo->end)
      return Error{Errc::conflict,
                   fmt::format("a page was sent that is newer than the redo, which ends at LSN {}", redo->end)};
    return redo->packer.read(file, offset_bytes, into);
  }

  [[nodiscard]] Result<> adopt_keys(const SpaceFates& fates, Lsn until) { return list_.adopt_keys(fates, until); }

 private:
  [[nodiscard]] Result<> still_possible() const;
  [[nodiscard]] Result<> keep_redo_only_from(Lsn lsn);
  [[nodiscard]] Result<Lsn> choose_end();
  [[nodiscard]] Result<> read_page_from_file(const PageRef& page, MutableBytes into) const;
  [[nodiscard]] Result<PagePlan> plan_late_round();
  [[nodiscard]] Result<> read_at_once(const std::vector<PageRef>& pages);
  [[nodiscard]] Result<> end_behind_redo_files(std::vector<PageRef>& pages);
  /// They have been sent; after a cut their pages are read anew.
  void forget_images() {
    const std::lock_guard lock{mutex_};
    images_.reset();
  }
  [[nodiscard]] std::shared_ptr<const PageImages> images_in_memory() const {
    const std::lock_guard lock{mutex_};
    return images_;
  }
  [[nodiscard]] std::shared_ptr<const EndedRedo> ended_redo() const {
    const std::lock_guard lock{mutex_};
    return ended_redo_;
  }

  const std::shared_ptr<RedoWatch> watch_;
  RedoWatch::Hold hold_;
  mutable std::mutex mutex_;  // of the hold's pin, of the images and of the redo
  const LiveViewOptions options_;
  const ServerHelp help_;
  const Clock::time_point begun_ = Clock::now();
  const std::string fingerprint_ =
      fmt::format("live-{:016x}", std::random_device{}() * std::uint64_t{1} << 32 | std::random_device{}());
  FollowedFiles list_;
  Lsn redo_start_;  // C1
  Lsn end_needed_;  // for which `end_` was chosen
  Lsn end_;         // E
  int late_rounds_ = 0;
  std::shared_ptr<const PageImages> images_;   // of the last late pages, if they are not many
  std::optional<std::size_t> last_late_file_;  // which the recipient has open when the redo begins
  std::shared_ptr<const EndedRedo> ended_redo_;
};

/// Whether the log is followed, and the redo is kept.
Result<> LiveView::still_possible() const {
  if (const std::optional<Error> failure = watch_->failure()) return *failure;
  const std::lock_guard lock{mutex_};
  if (hold_.pin.broken())
    return Error{
        Errc::conflict,
        fmt::format("the redo archive is full: the redo since LSN {}, which this clone needs, had to make room "
                    "for newer redo",
                    hold_.pin.lsn()),
        "raise --redo-archive-size, or clone when the server writes less"};
  return {};
}

/// Redo from before C1 is needed no more.
Result<> LiveView::keep_redo_only_from(Lsn lsn) {
  Result<RedoPin> pin = watch_->pin(lsn);
  if (!pin) return pin.error();
  const std::lock_guard lock{mutex_};
  hold_.pin = std::move(*pin);
  return {};
}

Result<PagePlan> LiveView::begin_page_copy() {
  if (Result<> possible = still_possible(); !possible) return possible.error();
  const Result<Lsn> checkpoint = options_.page_copy ? watch_->newest_checkpoint() : Result<Lsn>{hold_.checkpoint};
  if (!checkpoint) return checkpoint.error();
  redo_start_ = std::max(*checkpoint, hold_.checkpoint);

  // From here on as little as possible shall happen to files, so the waiting is done before.
  if (!help_.position) std::this_thread::sleep_until(begun_ + options_.waits.settled);
  Result<Followed> followed = list_.follow(redo_start_);
  if (!followed) return followed.error();
  PagesToSend send{.changed = {},
                   .whole = std::move(followed->whole),
                   .gone = std::move(followed->gone),
                   .had = list_.listed_bytes()};
  if (redo_start_ > hold_.checkpoint) {
    if (const Result<Lsn> tracked = watch_->wait_until(redo_start_); !tracked) return tracked.error();
    Result<PageSet> changed = watch_->tracker().changed(hold_.checkpoint, redo_start_);
    if (!changed) return changed.error();
    send.changed = std::move(*changed);
  }
  Result<std::vector<PageRef>> pages = list_pages(send, list_.files());
  if (!pages) return pages.error();
  if (Result<> known = list_.check_strangers(); !known) return known.error();
  if (Result<> kept = keep_redo_only_from(redo_start_); !kept) return kept.error();
  log::info("live.page_copy", {{"pages", pages->size()},
                               {"changes", followed->changes.size()},
                               {"from", hold_.checkpoint.value()},
                               {"to", redo_start_.value()}});
  return PagePlan{.changes = std::move(followed->changes), .pages = std::move(*pages), .may_have_late_pages = true};
}

Result<> LiveView::read_page(const PageRef& page, MutableBytes into) const {
  const std::shared_ptr<const PageImages> images = images_in_memory();
  if (!images) return read_page_from_file(page, into);
  const auto image = images->find({page.file_index, page.offset_bytes});
  if (image == images->end() || image->second.size() != into.size()) return read_page_from_file(page, into);
  std::ranges::copy(image->second, into.begin());
  return {};
}

Result<> LiveView::read_page_from_file(const PageRef& page, MutableBytes into) const {
  if (page.file_index >= list_.files().size())
    return Error{Errc::not_found,
                 fmt::format("page at {} of file {} was not asked for", page.offset_bytes, page.file_index)};
  if (Result<> possible = still_possible(); !possible) return possible;
  if (Result<> read = list_.files().read(page.file_index, page.offset_bytes, into); !read) return read;
  const std::shared_ptr<const TablespaceFile> file = list_.files().file(page.file_index);
  if (page.offset_bytes != 0 || !file->page0) return {};
  if (file->replaced_page0) std::ranges::copy(*file->replaced_page0, into.begin());
  if (file->cipher) show_key(*file, into);
  return {};
}

/// The earliest end that is not before anything that was sent, nor before what was committed when the clone began.
Result<Lsn> LiveView::choose_end() {
  const Lsn told_until = list_.told_until();
  const Lsn needed = std::max({told_until, redo_start_, list_.files().needed_end()});
  if (needed == end_needed_) return end_;
  if (const Result<Lsn> there = watch_->wait_until(needed); !there) return there;
  const Result<Lsn> end = group_end_at(told_until, needed, list_.survey().page_size_bytes, redo_of(watch_));
  if (!end) return end;
  end_needed_ = needed;
  end_ = *end;
  return end;
}

/// Makes good what the log would not, so that the log may end later; meanwhile more may happen.
Result<PagePlan> LiveView::late_pages() {
  for (;;) {
    if (Result<> possible = still_possible(); !possible) return possible.error();
    forget_images();
    const Result<Lsn> end = choose_end();
    if (!end) return end.error();
    const Result<std::optional<std::string>> lack = list_.what_redo_lacks(*end);
    if (!lack) return lack.error();
    if (!*lack) return PagePlan{};
    if (++late_rounds_ > kMaxLateRounds) return changed_while_cloned(**lack);
    Result<PagePlan> plan = plan_late_round();
    if (!plan) return plan;
    log::info("live.late_pages", {{"round", late_rounds_},
                                  {"reason", **lack},
                                  {"pages", plan->pages.size()},
                                  {"changes", plan->changes.size()}});
    if (!plan->empty()) return plan;
  }
}

/// From where the recipient was told last to where the log is now.
Result<PagePlan> LiveView::plan_late_round() {
  Result<Followed> followed = list_.follow(redo_start_);
  if (!followed) return followed.error();
  PagesToSend send{.changed = {}, .whole = std::move(followed->whole), .gone = std::move(followed->gone), .had = {}};
  for (std::size_t i = 0; i < list_.files().size(); ++i)
    if (!send.whole.contains(list_.files().file(i)->space)) send.gone.insert(i);
  Result<std::vector<PageRef>> pages = list_pages(send, list_.files());
  if (!pages) return pages.error();
  if (Result<> closed = end_behind_redo_files(*pages); !closed) return closed.error();
  if (Result<> done = read_at_once(*pages); !done) return done.error();
  if (Result<> known = list_.check_strangers(); !known) return known.error();
  return PagePlan{.changes = std::move(followed->changes), .pages = std::move(*pages)};
}

/// The sooner late pages are read, the less happens until the log has what they have. Many are read as they are sent.
Result<> LiveView::read_at_once(const std::vector<PageRef>& pages) {
  auto images = std::make_shared<PageImages>();
  const auto total = std::transform_reduce(pages.begin(), pages.end(), std::uint64_t{0}, std::plus<>{},
                                           [](const PageRef& page) { return page.length_bytes; });
  for (const PageRef& page : pages) {
    if (total > kMaxImageBytes) break;
    Bytes image(page.length_bytes);
    if (Result<> read = read_page_from_file(page, image); !read) return read;
    images->emplace(std::pair{page.file_index, page.offset_bytes}, std::move(image));
  }
  const std::lock_guard lock{mutex_};
  images_ = std::move(images);
  return {};
}

/// With a page of the last file that there is.
Result<> LiveView::end_behind_redo_files(std::vector<PageRef>& pages) {
  if (pages.empty()) return {};
  for (std::size_t i = list_.files().size() - 1; i > pages.back().file_index; --i) {
    const std::shared_ptr<const TablespaceFile> file = list_.files().file(i);
    const Result<std::uint64_t> bytes =
        file->is_tablespace() ? list_.files().current_bytes(i) : Result<std::uint64_t>{0};
    if (!bytes) return bytes.error();
    if (*bytes > 0) pages.push_back({static_cast<std::uint32_t>(i), 0, file->format.physical_bytes, *bytes});
  }
  last_late_file_ = pages.back().file_index;
  if (*last_late_file_ == 0)
    return Error{Errc::conflict, "late pages of the first file alone: the recipient would write redo into it"};
  return {};
}

Result<RedoPlan> LiveView::begin_redo_copy() {
  if (Result<> possible = still_possible(); !possible) return possible.error();
  forget_images();
  const Result<Lsn> end = choose_end();
  if (!end) return end.error();
  Result<std::vector<FileChange>> changes = list_.late_changes(*end);
  if (!changes) return changes.error();
  if (Result<> known = list_.check_strangers(); !known) return known.error();
  const LiveSurvey& survey = list_.survey();
  const RedoRange range{redo_start_, *end};
  const innodb::RedoRead log = redo_until(*end, redo_of(watch_));
  const Result<RedoAnalysis> analysis = analyze_redo(range, survey.page_size_bytes, log);
  if (!analysis) return analysis.error();
  if (const std::vector<Error> missing = missing_tablespaces(*analysis, list_.spaces()); !missing.empty())
    return missing.front();

  const std::uint64_t max_files = std::min<std::uint64_t>(RedoPacker::kGoodFiles, last_late_file_.value_or(~0U));
  Result<RedoPacker> packer =
      RedoPacker::make({.file_bytes = RedoPacker::file_bytes_for(survey.options.redo_file_bytes, range, max_files),
                        .page_bytes = survey.page_size_bytes,
                        .uuid = std::random_device{}() | 1U,
                        .creator = fmt::format("MySQL {}", survey.server_version),
                        .patches = without_keys(*analysis),
                        .cipher = list_.has_keys() ? watch_->cipher() : nullptr},  // one that came late must not go out
                       range, log);
  if (!packer) return packer.error();
  RedoPlan plan = packer->plan();
  plan.changes = std::move(*changes);
  log::info("live.redo_copy", {{"from", redo_start_.value()},
                               {"to", end->value()},
                               {"bytes", *end - redo_start_},
                               {"changes", plan.changes.size()}});
  const std::lock_guard lock{mutex_};
  ended_redo_ = std::make_shared<const EndedRedo>(EndedRedo{std::move(*packer), *end});
  return plan;
}

}  // namespace

Result<std::unique_ptr<CloneView>> begin_live_view(std::shared_ptr<RedoWatch> watch, RedoWatch::Hold hold,
                                                   LiveSurvey survey, std::shared_ptr<FileCache> cache,
                                                   LiveViewOptions options, ServerHelp help) {
  const Result<Lsn> until = watch->catch_up();
  if (!until) return until.error();
  const Result<std::vector<LogEvent>> events = watch->tracker().events(hold.checkpoint, *until);
  if (!events) return events.error();
  // A file that cannot be identified is being made, or gone again, or damaged: in the last case the log knows nothing.
  for (const auto& [path, error] : survey.unidentified) {
    const bool known = std::ranges::any_of(*events, [&](const LogEvent& event) {
      const auto is = [&](const std::string& name) {
        return !name.empty() && place_of(survey.options.datadir, name) == path;
      };
      return is(event.path) || is(event.new_path);
    });
    if (!known) return error;
  }
  auto view = std::make_unique<LiveView>(std::move(watch), std::move(hold), std::move(survey), std::move(cache),
                                         options, std::move(help));
  if (Result<> adopted = view->adopt_keys(fates_of(*events), *until); !adopted) return adopted.error();
  return view;
}

}  // namespace donord
