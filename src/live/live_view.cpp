#include "live/live_view.hpp"

#include <algorithm>
#include <mutex>
#include <random>
#include <thread>

#include "base/log.hpp"
#include "live/changed_while_cloned.hpp"
#include "live/group_end.hpp"
#include "live/live_files.hpp"
#include "live/page_plan.hpp"
#include "live/space_fates.hpp"
#include "source/key_replay.hpp"
#include "source/redo_analysis.hpp"
#include "source/redo_packer.hpp"
#include "source/wire_file.hpp"
#include "source/wire_name.hpp"

namespace donord {

namespace {

using Clock = std::chrono::steady_clock;

/// Files that the recipient has to be told of before the next state.
struct Announced {
  std::vector<FileChange> changes;
  std::set<std::size_t> gone;
  std::vector<TablespaceFile> moved;  ///< gone from where they were, and to be sent once more
};

std::string directory_of(const std::string& name) {
  return std::filesystem::path{name}.lexically_normal().parent_path().string();
}

bool same_key(const TablespaceFile& a, const TablespaceFile& b) {
  if (!a.cipher || !b.cipher) return !a.cipher && !b.cipher;
  return std::ranges::equal(a.cipher->key().key(), b.cipher->key().key()) &&
         std::ranges::equal(a.cipher->key().iv(), b.cipher->key().iv());
}

class LiveView final : public CloneView {
 public:
  LiveView(std::shared_ptr<RedoWatch> watch, RedoWatch::Hold hold, LiveSurvey survey, std::shared_ptr<FileCache> cache,
           LiveViewOptions options, ServerHelp help)
      : watch_(std::move(watch)),
        hold_(std::move(hold)),
        options_(options),
        help_(std::move(help)),
        survey_(std::move(survey)),
        had_keys_(survey_.has_keys() || watch_->cipher() != nullptr),
        files_(survey_.files, survey_.options.datadir, watch_, hold_.checkpoint, std::move(cache), options_.waits) {
    for (const TablespaceFile& file : survey_.files) {
      if (file.page0) spaces_.emplace(file.space, data_files_.size());
      data_files_.push_back(to_data_file(file));
      directories_.insert(directory_of(data_files_.back().name));
      had_.push_back(data_files_.back().size_bytes);
    }
  }

  const std::vector<DataFile>& files() const override { return data_files_; }
  bool has_keys() const override { return had_keys_; }

  std::uint64_t redo_capacity_bytes() const override {
    const RedoRange so_far{hold_.checkpoint, watch_->tracker().tracked_until()};
    return RedoPacker::capacity_bytes(RedoPacker::file_bytes_for(survey_.options.redo_file_bytes, so_far), so_far);
  }

  /// What a live clone copies exists once: nothing can go on from it after a restart.
  std::string fingerprint() const override { return fingerprint_; }

  Result<> read_file(std::size_t index, std::uint64_t offset_bytes, MutableBytes into) const override {
    if (index >= data_files_.size()) return Error{Errc::not_found, fmt::format("there is no file {}", index)};
    if (Result<> possible = still_possible(); !possible) return possible;
    return files_.read(index, offset_bytes, into);
  }

  Result<PagePlan> begin_page_copy() override;
  Result<> read_page(const PageRef& page, MutableBytes into) const override;
  Result<RedoPlan> begin_redo_copy() override;

  Result<> read_redo(std::uint32_t file, std::uint64_t offset_bytes, MutableBytes into) const override {
    if (!packed_) return Error{Errc::conflict, "redo was asked for before its plan"};
    if (Result<> possible = still_possible(); !possible) return possible;
    if (files_.needed_end() > end_)
      return Error{Errc::conflict,
                   fmt::format("a page was sent that is newer than the redo, which ends at LSN {}", end_)};
    return packed_->read(file, offset_bytes, into);
  }

  [[nodiscard]] Result<> adopt_keys(const SpaceFates& fates, Lsn until);

 private:
  using IndexedFiles = std::vector<std::pair<std::size_t, TablespaceFile>>;

  [[nodiscard]] Result<> still_possible() const;
  [[nodiscard]] Result<SpaceFates> fates(Lsn from, Lsn to) const;
  [[nodiscard]] Result<Announced> follow_files(const SpaceFates& fates);
  [[nodiscard]] Result<std::optional<TablespaceFile>> created_file(SpaceId space, const SpaceFate& fate) const;
  [[nodiscard]] Result<> find_files(SpaceFates& now, std::vector<TablespaceFile>& created);
  [[nodiscard]] bool undo_has_settled(const SpaceFates& now);
  [[nodiscard]] Result<> find_strangers(const SpaceFates& now, const std::vector<TablespaceFile>& created);
  [[nodiscard]] Result<IndexedFiles> files_with_keys_of_log(const SpaceFates& fates, Lsn until);
  [[nodiscard]] Result<> renew_keys(const SpaceFates& fates);
  [[nodiscard]] Result<> keep_redo_only_from(Lsn lsn);
  [[nodiscard]] Result<> check_imports(const SpaceFates& now) const;
  [[nodiscard]] std::string name_of(SpaceId space, const SpaceFate& fate) const;
  [[nodiscard]] Result<Lsn> choose_end();
  [[nodiscard]] Result<std::vector<FileChange>> late_files(Lsn end);
  [[nodiscard]] innodb::RedoRead redo() const {
    return [watch = watch_](Lsn from, MutableBytes into) { return watch->read(from, into); };
  }

  const std::shared_ptr<RedoWatch> watch_;
  RedoWatch::Hold hold_;
  mutable std::mutex pin_mutex_;  // of the hold's
  const LiveViewOptions options_;
  const ServerHelp help_;
  const Clock::time_point begun_ = Clock::now();
  const std::string fingerprint_ =
      fmt::format("live-{:016x}", std::random_device{}() * std::uint64_t{1} << 32 | std::random_device{}());
  LiveSurvey survey_;
  bool had_keys_;  // its connections are encrypted
  mutable LiveFiles files_;
  std::vector<DataFile> data_files_;
  std::vector<std::uint64_t> had_;
  std::set<std::string> directories_;                  // of these files; recipients can rename into no other
  std::map<SpaceId, std::size_t> spaces_;              // tablespaces that the recipient has, and their first files
  Lsn redo_start_;                                     // C1
  Lsn end_;                                            // E
  Lsn names_until_;                                    // up to here the recipient knows what files there are
  std::map<SpaceId, Clock::time_point> undo_removed_;  // and when that was noticed
  std::unique_ptr<const RedoPacker> packed_;
};

/// Whether the log is followed, and the redo is kept.
Result<> LiveView::still_possible() const {
  if (const std::optional<Error> failure = watch_->failure()) return *failure;
  const std::lock_guard lock{pin_mutex_};
  if (hold_.pin.broken())
    return Error{
        Errc::conflict,
        fmt::format("the redo archive is full: the redo since LSN {}, which this clone needs, had to make room "
                    "for newer redo",
                    hold_.pin.lsn()),
        "raise --redo-archive-size, or clone when the server writes less"};
  return {};
}

Result<SpaceFates> LiveView::fates(Lsn from, Lsn to) const {
  return fates_of(watch_->tracker(), from, to);
}

std::string LiveView::name_of(SpaceId space, const SpaceFate& fate) const {
  if (!fate.path.empty()) return fate.path;
  const auto found = spaces_.find(space);
  return found == spaces_.end() ? fmt::format("tablespace {}", space) : files_.file(found->second)->name;
}

/// Nothing for one that has gone or moved on meanwhile: then the log knows more.
Result<std::optional<TablespaceFile>> LiveView::created_file(SpaceId space, const SpaceFate& fate) const {
  const std::filesystem::path path = place_of(survey_.options.datadir, fate.path);
  Result<TablespaceFile> file = identify_live(survey_, {path, fate.path});
  if (!file) {
    if (file.error().code == Errc::not_found) return std::optional<TablespaceFile>{};
    return file.error();
  }
  if (file->space != space) return std::optional<TablespaceFile>{};
  return std::optional{std::move(*file)};
}

/// Brings the list of files to where the log says that it is; a file that is not where it should be shows that the log
/// has gone on.
Result<Announced> LiveView::follow_files(const SpaceFates& fates) {
  Announced announced;
  for (const auto& [space, fate] : fates) {
    const auto known = spaces_.find(space);
    if (known == spaces_.end()) continue;
    const std::shared_ptr<const TablespaceFile> file = files_.file(known->second);
    const auto announce_removed = [&, index = known->second] {
      announced.changes.push_back({FileChange::Kind::removed, static_cast<std::uint32_t>(index), to_data_file(*file)});
      announced.gone.insert(index);
      files_.removed(index, fate.end);
    };
    if (fate.removed) {
      announce_removed();
      continue;
    }
    TablespaceFile renamed = *file;
    renamed.path = place_of(survey_.options.datadir, fate.path);
    renamed.name = fate.path;
    if (fate.path.empty() || renamed.path == file->path) continue;
    Result<std::string> name = wire_name(renamed, survey_.options.path_map);
    if (!name) return name.error();
    renamed.name = std::move(*name);
    if (!directories_.contains(directory_of(renamed.name))) {
      announce_removed();
      announced.moved.push_back(std::move(renamed));
      continue;
    }
    announced.changes.push_back(
        {FileChange::Kind::renamed, static_cast<std::uint32_t>(known->second), to_data_file(renamed)});
    files_.set_file(known->second, std::move(renamed));
  }
  return announced;
}

/// Those files that the recipient has or gets whose page 0 got encryption information, with the page 0 and the key that
/// recovery to `until` would give them. By their index.
Result<LiveView::IndexedFiles> LiveView::files_with_keys_of_log(const SpaceFates& fates, Lsn until) {
  IndexedFiles files;
  for (const auto& [space, fate] : fates) {
    const auto known = spaces_.find(space);
    if (!fate.key_written || fate.removed || known == spaces_.end()) continue;
    const std::shared_ptr<const TablespaceFile> file = files_.file(known->second);
    Bytes page0(file->format.physical_bytes);
    if (Result<> read = files_.read(known->second, 0, page0); !read) return read.error();
    if (files_.is_gone(known->second)) continue;
    Result<TablespaceFile> as_read =
        identify_tablespace({file->path, file->name}, std::make_shared<const Bytes>(std::move(page0)));
    if (!as_read) return as_read.error();
    files.emplace_back(known->second, std::move(*as_read));
  }
  if (files.empty()) return files;
  std::map<SpaceId, TablespaceFile*> touched;
  for (auto& [index, file] : files) touched.emplace(file.space, &file);
  const RedoRange range{hold_.checkpoint, until};
  if (Result<> replayed = replay_keys(range, survey_.page_size_bytes, redo_until(until, redo()), touched); !replayed)
    return replayed.error();
  for (auto& [index, file] : files)
    if (Result<> found = find_key(survey_.options, survey_.keyring, file); !found) return found.error();
  return files;
}

/// Before anything is copied: a tablespace may have got its key so recently that its page 0 on disk does not have it,
/// though other pages are encrypted.
Result<> LiveView::adopt_keys(const SpaceFates& fates, Lsn until) {
  Result<IndexedFiles> files = files_with_keys_of_log(fates, until);
  if (!files) return files.error();
  for (auto& [index, file] : *files) {
    data_files_[index] = to_data_file(file);
    had_[index] = data_files_[index].size_bytes;
    had_keys_ = had_keys_ || file.encrypted();
    files_.set_file(index, std::move(file));
  }
  return {};
}

/// For PAGE COPY, which brings page 0 with its key. What FILE COPY has sent under another key cannot be made good.
Result<> LiveView::renew_keys(const SpaceFates& fates) {
  Result<IndexedFiles> files = files_with_keys_of_log(fates, names_until_);
  if (!files) return files.error();
  for (auto& [index, file] : *files) {
    const std::shared_ptr<const TablespaceFile> before = files_.file(index);
    const bool is_new = index >= had_.size();
    if (!is_new && (before->encrypted() != file.encrypted() || !same_key(*before, file)))
      return changed_while_cloned(fmt::format("the encryption of {} changed", file.name));
    files_.set_file(index, std::move(file));
  }
  return {};
}

/// What the log tells of files up to `names_until_`, and those that the recipient has not got. A file that is not where
/// it should be shows that the log has gone on.
Result<> LiveView::find_files(SpaceFates& now, std::vector<TablespaceFile>& created) {
  const Clock::time_point deadline = Clock::now() + options_.waits.calming_down;
  for (bool complete = false; !complete;) {
    if (Clock::now() > deadline) return changed_while_cloned("files were created, renamed and dropped all the time");
    const Result<Lsn> until = watch_->catch_up();
    if (!until) return until.error();
    names_until_ = *until;
    Result<SpaceFates> found = fates(hold_.checkpoint, names_until_);
    if (!found) return found.error();
    now = std::move(*found);
    const Result<bool> truncating = truncates_undo(survey_.options);
    if (!truncating) return truncating.error();
    complete = !*truncating && undo_has_settled(now);
    created.clear();
    for (const auto& [space, fate] : now) {
      // One that was renamed while files were listed may have been missed as well.
      if (fate.removed || fate.path.empty() || spaces_.contains(space)) continue;
      Result<std::optional<TablespaceFile>> file = created_file(space, fate);
      if (!file) return file.error();
      complete = complete && file->has_value();
      if (*file && is_served(**file)) created.push_back(std::move(**file));
    }
  }
  return find_strangers(now, created);
}

/// The file of an undo tablespace goes before the dictionary knows of it, by a moment. True when that has passed.
bool LiveView::undo_has_settled(const SpaceFates& now) {
  bool settled = true;
  for (const auto& [space, fate] : now) {
    if (!fate.removed || innodb::kind_of(space) != innodb::SpaceKind::undo) continue;
    const auto [seen, first] = undo_removed_.emplace(space, Clock::now());
    settled = settled && Clock::now() - seen->second > options_.waits.undo_dropped;
  }
  return settled;
}

/// Files that are there and of which neither the first list nor the log knows: IMPORT TABLESPACE brings such, under the
/// id of a tablespace that DISCARD has removed. Of those that it does know, check_imports() tells. The number of a
/// removed file's inode may have been given to another one.
Result<> LiveView::find_strangers(const SpaceFates& now, const std::vector<TablespaceFile>& created) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> known;
  const auto note = [&known](const TablespaceFile& file) { known.emplace(file.stamp.device, file.stamp.inode); };
  for (std::size_t i = 0; i < files_.size(); ++i) {
    const std::shared_ptr<const TablespaceFile> file = files_.file(i);
    const auto fate = now.find(file->space);
    if (fate == now.end() || !fate->second.removed) note(*file);
  }
  std::ranges::for_each(created, note);
  std::vector<TablespaceFile> strangers;
  for (const ScannedFile& one : scan_datadir(survey_.options).candidates) {
    const Result<FileStamp> stamp = stamp_of(one.path);
    if (!stamp || known.contains({stamp->device, stamp->inode})) continue;
    Result<TablespaceFile> file = identify_live(survey_, one);
    if (!file || !is_served(*file)) continue;
    const auto fate = now.find(file->space);
    const bool in_log = fate != now.end() && !fate->second.removed &&
                        (fate->second.imported || place_of(survey_.options.datadir, fate->second.path) == file->path);
    if (!in_log) strangers.push_back(std::move(*file));
  }
  if (strangers.empty()) return {};
  std::this_thread::sleep_for(options_.waits.file_removed);
  const Result<Lsn> until = watch_->catch_up();
  if (!until) return until.error();
  const Result<SpaceFates> later = fates(names_until_, *until);
  if (!later) return later.error();
  for (const TablespaceFile& file : strangers)
    if (const Result<FileStamp> stamp = stamp_of(file.path);
        stamp && stamp->inode == file.stamp.inode && !later->contains(file.space))
      return changed_while_cloned(fmt::format("{} came without a record in the redo log", file.path.string()));
  return {};
}

/// Redo from before C1 is needed no more.
Result<> LiveView::keep_redo_only_from(Lsn lsn) {
  Result<RedoPin> pin = watch_->pin(lsn);
  if (!pin) return pin.error();
  const std::lock_guard lock{pin_mutex_};
  hold_.pin = std::move(*pin);
  return {};
}

/// A file that was imported before the files were listed is as it has to be. But recovery takes it for removed if the
/// redo has the removal by DISCARD; a server makes a checkpoint after that.
Result<> LiveView::check_imports(const SpaceFates& now) const {
  for (const auto& [space, fate] : now) {
    if (!fate.imported) continue;
    if (fate.imported->end > hold_.log_end || (fate.removal && fate.removal->end > redo_start_))
      return changed_while_cloned(fmt::format("{} was imported", name_of(space, fate)));
  }
  return {};
}

Result<PagePlan> LiveView::begin_page_copy() {
  if (Result<> possible = still_possible(); !possible) return possible.error();
  const Result<Lsn> checkpoint = options_.page_copy ? watch_->newest_checkpoint() : Result<Lsn>{hold_.checkpoint};
  if (!checkpoint) return checkpoint.error();
  redo_start_ = std::max(*checkpoint, hold_.checkpoint);

  // From here on as little as possible shall happen to files, so the waiting is done before.
  if (!help_.commits_are_known) std::this_thread::sleep_until(begun_ + options_.waits.settled);
  SpaceFates now;
  std::vector<TablespaceFile> created;
  if (Result<> found = find_files(now, created); !found) return found.error();

  if (Result<> possible = check_imports(now); !possible) return possible.error();
  Result<Announced> announced = follow_files(now);
  if (!announced) return announced.error();
  std::ranges::move(announced->moved, std::back_inserter(created));
  std::set<SpaceId> fresh;
  for (TablespaceFile& file : created) {
    const SpaceId space = file.space;
    fresh.insert(space);
    const DataFile data = to_data_file(file);
    directories_.insert(directory_of(data.name));
    const std::size_t index = files_.add(std::move(file));
    spaces_.insert_or_assign(space, index);
    announced->changes.push_back({FileChange::Kind::created, static_cast<std::uint32_t>(index), data});
  }
  if (Result<> renewed = renew_keys(now); !renewed) return renewed.error();
  for (FileChange& change : announced->changes) {
    const std::shared_ptr<const TablespaceFile> file = files_.file(change.file_index);
    if (change.kind != FileChange::Kind::created) continue;
    if (file->encrypted() && !had_keys_)
      return changed_while_cloned(fmt::format("{}, which is encrypted, was created", file->name));
    change.file = to_data_file(*file);
  }

  PagesToSend send{.gone = announced->gone, .had = had_};
  for (const auto& [space, fate] : now)
    if (!fate.removed && (fate.created || fate.index_loaded || fresh.contains(space))) send.whole.insert(space);
  if (redo_start_ > hold_.checkpoint) {
    if (const Result<Lsn> tracked = watch_->wait_until(redo_start_); !tracked) return tracked.error();
    Result<PageSet> changed = watch_->tracker().changed(hold_.checkpoint, redo_start_);
    if (!changed) return changed.error();
    send.changed = std::move(*changed);
  }
  Result<std::vector<PageRef>> pages = list_pages(send, files_);
  if (!pages) return pages.error();
  if (Result<> kept = keep_redo_only_from(redo_start_); !kept) return kept.error();
  log::info("live.page_copy", {{"pages", pages->size()},
                               {"changes", announced->changes.size()},
                               {"from", hold_.checkpoint.value()},
                               {"to", redo_start_.value()}});
  return PagePlan{std::move(announced->changes), std::move(*pages)};
}

Result<> LiveView::read_page(const PageRef& page, MutableBytes into) const {
  if (page.file_index >= files_.size())
    return Error{Errc::not_found,
                 fmt::format("page at {} of file {} was not asked for", page.offset_bytes, page.file_index)};
  if (Result<> possible = still_possible(); !possible) return possible;
  if (Result<> read = files_.read(page.file_index, page.offset_bytes, into); !read) return read;
  const std::shared_ptr<const TablespaceFile> file = files_.file(page.file_index);
  if (page.offset_bytes != 0 || !file->page0) return {};
  if (file->replaced_page0) std::ranges::copy(*file->replaced_page0, into.begin());
  if (file->cipher) show_key(*file, into);
  return {};
}

/// The earliest end that is not before anything that was sent, nor before what was committed when the clone began.
Result<Lsn> LiveView::choose_end() {
  const Lsn needed = std::max({names_until_, redo_start_, files_.needed_end()});
  if (const Result<Lsn> there = watch_->wait_until(needed); !there) return there;
  return group_end_at(names_until_, needed, survey_.page_size_bytes, redo());
}

/// What was created after the recipient was told of files is filled by the log alone. What the log does not have cannot
/// be made good any more.
Result<std::vector<FileChange>> LiveView::late_files(Lsn end) {
  if (end <= names_until_) return std::vector<FileChange>{};
  const Result<SpaceFates> now = fates(names_until_, end);
  if (!now) return now.error();
  const Result<SpaceFates> later = fates(names_until_, watch_->tracker().tracked_until());
  if (!later) return later.error();
  Result<Announced> announced = follow_files(*now);
  if (!announced) return announced.error();
  if (!announced->moved.empty())
    return changed_while_cloned(fmt::format("{} came into a directory of its own", announced->moved.front().name));
  std::vector<FileChange> changes = std::move(announced->changes);
  for (const auto& [space, fate] : *now) {
    if (fate.removed) continue;
    if (fate.imported) return changed_while_cloned(fmt::format("{} was imported", name_of(space, fate)));
    if (fate.index_loaded) return changed_while_cloned(fmt::format("an index of {} was built", name_of(space, fate)));
    if (fate.key_written)
      return changed_while_cloned(fmt::format("the encryption of {} changed", name_of(space, fate)));
    if (fate.path.empty() || spaces_.contains(space)) continue;
    if (innodb::kind_of(space) == innodb::SpaceKind::undo)
      return changed_while_cloned(fmt::format("the undo tablespace {} was made anew", fate.path));
    Result<std::optional<TablespaceFile>> file = created_file(space, later->at(space));
    if (!file) return file.error();
    if (!*file) return changed_while_cloned(fmt::format("{} was created and dropped", fate.path));
    if (!is_served(**file)) continue;
    if (!fate.created)  // and missed when files were listed: what it had before is not in the log
      return changed_while_cloned(fmt::format("{} was renamed", fate.path));
    (*file)->name = fate.path;
    Result<std::string> name = wire_name(**file, survey_.options.path_map);
    if (!name) return name.error();
    (*file)->name = std::move(*name);
    const DataFile data = to_data_file(**file);
    const std::size_t index = files_.add(std::move(**file));
    spaces_.emplace(space, index);
    changes.push_back({FileChange::Kind::created, static_cast<std::uint32_t>(index), data});
  }
  return changes;
}

Result<RedoPlan> LiveView::begin_redo_copy() {
  if (Result<> possible = still_possible(); !possible) return possible.error();
  const Result<Lsn> end = choose_end();
  if (!end) return end.error();
  Result<std::vector<FileChange>> created = late_files(*end);
  if (!created) return created.error();
  const Result<Lsn> known_until = watch_->catch_up();
  if (!known_until) return known_until.error();
  const Result<SpaceFates> now = fates(hold_.checkpoint, *known_until);
  if (!now) return now.error();
  if (Result<> known = find_strangers(*now, {}); !known) return known.error();
  const RedoRange range{redo_start_, *end};
  const innodb::RedoRead log = redo_until(*end, redo());
  const Result<RedoAnalysis> analysis = analyze_redo(range, survey_.page_size_bytes, log);
  if (!analysis) return analysis.error();
  std::set<SpaceId> present;
  for (const auto& [space, index] : spaces_) present.insert(space);
  if (const std::vector<Error> missing = missing_tablespaces(*analysis, present); !missing.empty())
    return missing.front();

  Result<RedoPacker> packer =
      RedoPacker::make({.file_bytes = RedoPacker::file_bytes_for(survey_.options.redo_file_bytes, range),
                        .page_bytes = survey_.page_size_bytes,
                        .uuid = std::random_device{}() | 1U,
                        .creator = fmt::format("MySQL {}", survey_.server_version),
                        .patches = without_keys(*analysis),
                        .cipher = had_keys_ ? watch_->cipher() : nullptr},  // one that came late must not go out
                       range, log);
  if (!packer) return packer.error();
  end_ = *end;
  packed_ = std::make_unique<const RedoPacker>(std::move(*packer));
  RedoPlan plan = packed_->plan();
  plan.changes = std::move(*created);
  log::info("live.redo_copy", {{"from", redo_start_.value()},
                               {"to", end->value()},
                               {"bytes", *end - redo_start_},
                               {"changes", plan.changes.size()}});
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
