#include "live/followed_files.hpp"

#include <algorithm>
#include <filesystem>
#include <thread>

#include "live/changed_while_cloned.hpp"
#include "live/group_end.hpp"
#include "live/unlisted_files.hpp"
#include "source/key_replay.hpp"
#include "source/wire_file.hpp"
#include "source/wire_name.hpp"

namespace donord {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kNextLook{20};

std::string directory_of(const std::string& name) {
  return std::filesystem::path{name}.lexically_normal().parent_path().string();
}

bool same_key(const TablespaceFile& a, const TablespaceFile& b) {
  if (!a.cipher || !b.cipher) return !a.cipher && !b.cipher;
  return std::ranges::equal(a.cipher->key().key(), b.cipher->key().key()) &&
         std::ranges::equal(a.cipher->key().iv(), b.cipher->key().iv());
}

}  // namespace

FollowedFiles::FollowedFiles(std::shared_ptr<RedoWatch> watch, const RedoWatch::Hold& hold, LiveSurvey survey,
                             std::shared_ptr<FileCache> cache, LiveWaits waits)
    : watch_(std::move(watch)),
      since_(hold.checkpoint),
      log_end_(hold.log_end),
      waits_(waits),
      survey_(std::move(survey)),
      has_keys_(survey_.has_keys() || watch_->cipher() != nullptr),
      files_(survey_.files, survey_.options.datadir, watch_, since_, std::move(cache), waits_),
      told_until_(since_),
      undo_(waits_.undo_settled) {
  for (const TablespaceFile& file : survey_.files) {
    if (file.page0) spaces_.emplace(file.space, listed_.size());
    listed_.push_back(to_data_file(file));
    directories_.insert(directory_of(listed_.back().name));
  }
}

std::vector<std::uint64_t> FollowedFiles::listed_bytes() const {
  std::vector<std::uint64_t> bytes;
  std::ranges::transform(listed_, std::back_inserter(bytes), &DataFile::size_bytes);
  return bytes;
}

std::set<SpaceId> FollowedFiles::spaces() const {
  std::set<SpaceId> known;
  for (const auto& [space, index] : spaces_) known.insert(space);
  return known;
}

Result<SpaceFates> FollowedFiles::fates(Lsn from, Lsn to) const {
  return fates_of(watch_->tracker(), from, to);
}

std::string FollowedFiles::name_of(SpaceId space, const SpaceFate& fate) const {
  if (!fate.path.empty()) return fate.path;
  const auto found = spaces_.find(space);
  return found == spaces_.end() ? fmt::format("tablespace {}", space) : files_.file(found->second)->name;
}

/// Nothing for one that has gone or moved on meanwhile: then the log knows more.
Result<std::optional<TablespaceFile>> FollowedFiles::created_file(SpaceId space, const SpaceFate& fate) const {
  const std::filesystem::path path = place_of(survey_.options.datadir, fate.path);
  Result<TablespaceFile> file = identify_live(survey_, {path, fate.path});
  if (!file) {
    if (file.error().code == Errc::not_found) return std::optional<TablespaceFile>{};
    return file.error();
  }
  if (file->space != space) return std::optional<TablespaceFile>{};
  return std::optional{std::move(*file)};
}

/// The file under the name that the log gives it; nothing if it has that already.
Result<std::optional<TablespaceFile>> FollowedFiles::renamed_file(std::size_t index, const SpaceFate& fate) const {
  const std::shared_ptr<const TablespaceFile> file = files_.file(index);
  TablespaceFile renamed = *file;
  renamed.path = place_of(survey_.options.datadir, fate.path);
  renamed.name = fate.path;
  if (fate.path.empty() || renamed.path == file->path) return std::optional<TablespaceFile>{};
  Result<std::string> name = wire_name(renamed, survey_.options.path_map);
  if (!name) return name.error();
  renamed.name = std::move(*name);
  return std::optional{std::move(renamed)};
}

/// Brings the list of files to where the log says that it is; a file that is not where it should be shows that the log
/// has gone on.
Result<FollowedFiles::Announced> FollowedFiles::follow_known(const SpaceFates& fates) {
  Announced announced;
  for (const auto& [space, fate] : fates) {
    const auto known = spaces_.find(space);
    if (known == spaces_.end()) continue;
    const std::size_t index = known->second;
    const auto announce = [&](FileChange::Kind kind, const TablespaceFile& file) {
      announced.changes.push_back({kind, static_cast<std::uint32_t>(index), to_data_file(file)});
    };
    const auto announce_removed = [&] {
      announce(FileChange::Kind::removed, *files_.file(index));
      announced.gone.insert(index);
      files_.removed(index, fate.end);
    };
    if (fate.removed) {
      announce_removed();
      continue;
    }
    Result<std::optional<TablespaceFile>> renamed = renamed_file(index, fate);
    if (!renamed) return renamed.error();
    if (!*renamed) continue;
    if (!directories_.contains(directory_of((*renamed)->name))) {
      announce_removed();
      announced.moved.push_back(std::move(**renamed));
      continue;
    }
    announce(FileChange::Kind::renamed, **renamed);
    files_.set_file(index, std::move(**renamed));
  }
  return announced;
}

/// Those files that the recipient has or gets whose page 0 got encryption information, with the page 0 and the key that
/// recovery to `until` would give them. By their index.
Result<FollowedFiles::IndexedFiles> FollowedFiles::files_with_keys_of_log(const SpaceFates& fates, Lsn until) {
  IndexedFiles files;
  for (const auto& [space, fate] : fates) {
    const auto known = spaces_.find(space);
    if (!fate.key_written || fate.removed || known == spaces_.end()) continue;
    const std::shared_ptr<const TablespaceFile> file = files_.file(known->second);
    Bytes page0(file->format.physical_bytes);
    files_.read_again(known->second);
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
  const RedoRange range{since_, until};
  if (Result<> replayed = replay_keys(range, survey_.page_size_bytes, redo_until(until, redo_of(watch_)), touched);
      !replayed)
    return replayed.error();
  for (auto& [index, file] : files)
    if (Result<> found = find_key(survey_.options, survey_.keyring, file); !found) return found.error();
  return files;
}

Result<> FollowedFiles::adopt_keys(const SpaceFates& fates, Lsn until) {
  Result<IndexedFiles> files = files_with_keys_of_log(fates, until);
  if (!files) return files.error();
  for (auto& [index, file] : *files) {
    listed_[index] = to_data_file(file);
    has_keys_ = has_keys_ || file.encrypted();
    files_.set_key(index, std::move(file), until);
  }
  return {};
}

/// The pages bring page 0 with its key. What the recipient has under another key goes out once more.
Result<> FollowedFiles::renew_keys(const SpaceFates& fates, Followed& followed) {
  for (const std::size_t index : files_.waiting_for_keys()) followed.whole.insert(files_.file(index)->space);
  Result<IndexedFiles> files = files_with_keys_of_log(fates, told_until_);
  if (!files) return files.error();
  for (auto& [index, file] : *files) {
    const std::shared_ptr<const TablespaceFile> before = files_.file(index);
    if (file.encrypted() && !has_keys_)
      return changed_while_cloned(fmt::format("{}, which had no key, got one", file.name));
    if (!same_key(*before, file)) followed.whole.insert(file.space);
    tell_of_attributes(index, *before, file, followed.changes);
    files_.set_key(index, std::move(file), told_until_);
  }
  return {};
}

/// With a change that the recipient is told of anyway, if there is one.
void FollowedFiles::tell_of_attributes(std::size_t index, const TablespaceFile& before, const TablespaceFile& now,
                                       std::vector<FileChange>& changes) {
  const auto told = std::ranges::find(changes, index, &FileChange::file_index);
  if (told != changes.end())
    told->file = to_data_file(now);
  else if (before.encrypted() != now.encrypted())
    changes.push_back({FileChange::Kind::altered, static_cast<std::uint32_t>(index), to_data_file(now)});
}

/// What the log tells of files up to `told_until_`, and those that the recipient has not got. A file that is not where
/// it should be shows that the log has gone on.
Result<> FollowedFiles::find_files(SpaceFates& now, std::vector<TablespaceFile>& created) {
  const Clock::time_point deadline = Clock::now() + waits_.calming_down;
  UndoSearch undo_search{waits_.on_its_way};
  for (;; std::this_thread::sleep_for(kNextLook)) {
    if (Clock::now() > deadline) return changed_while_cloned("files were created, renamed and dropped all the time");
    const Result<Lsn> until = watch_->catch_up();
    if (!until) return until.error();
    told_until_ = *until;
    Result<SpaceFates> found = fates(since_, told_until_);
    if (!found) return found.error();
    now = std::move(*found);
    const Result<bool> truncating = truncates_undo(survey_.options);
    if (!truncating) return truncating.error();
    if (*truncating || !undo_.has_settled(now)) continue;
    created.clear();
    const Result<bool> complete = find_named(now, created);
    if (!complete) return complete.error();
    if (!*complete) continue;
    Result<std::optional<std::vector<TablespaceFile>>> undo = undo_search.find(survey_, files_, spaces(), now);
    if (!undo) return undo.error();
    if (!*undo) continue;
    std::ranges::move(**undo, std::back_inserter(created));
    return {};
  }
}

/// Of those that the log names; whether each of them was found.
Result<bool> FollowedFiles::find_named(const SpaceFates& now, std::vector<TablespaceFile>& created) const {
  bool complete = true;
  for (const auto& [space, fate] : now) {
    // One that was renamed while files were listed may have been missed as well.
    if (fate.removed || fate.path.empty() || spaces_.contains(space)) continue;
    Result<std::optional<TablespaceFile>> file = created_file(space, fate);
    if (!file) return file.error();
    complete = complete && file->has_value();
    if (*file && is_served(**file)) created.push_back(std::move(**file));
  }
  return complete;
}

/// Of files that were imported check_imports() tells. What the recipient has is one file of each tablespace.
std::vector<TablespaceFile> FollowedFiles::find_strangers(const SpaceFates& now) const {
  const auto is_in_log = [&](const TablespaceFile& file) {
    const auto fate = now.find(file.space);
    if (fate == now.end() || fate->second.removed) return false;
    if (fate->second.created_somewhere()) return !spaces_.contains(file.space);
    return fate->second.imported || place_of(survey_.options.datadir, fate->second.path) == file.path;
  };
  std::vector<TablespaceFile> strangers = find_unlisted(survey_, files_, now).files;
  std::erase_if(strangers, is_in_log);
  return strangers;
}

/// A file that the log has removed stays until the log is on the disk; one that was just made is there before the log
/// says so. That a file goes does not explain how it came.
Result<> FollowedFiles::check_strangers() const {
  const Clock::time_point begun = Clock::now();
  std::map<SpaceId, std::filesystem::path> seen;
  for (;;) {
    const Result<Lsn> until = watch_->catch_up();
    if (!until) return until.error();
    const Result<SpaceFates> now = fates(since_, *until);
    if (!now) return now.error();
    const std::vector<TablespaceFile> strangers = find_strangers(*now);
    for (const TablespaceFile& stranger : strangers) seen.emplace(stranger.space, stranger.path);
    const auto unexplained = std::ranges::find_if(seen, [&](const auto& one) {
      const auto fate = now->find(one.first);
      return !spaces_.contains(one.first) &&
             (fate == now->end() || (fate->second.path.empty() && !fate->second.created));
    });
    if (strangers.empty() && unexplained == seen.end()) return {};
    if (Clock::now() - begun > waits_.on_its_way)
      return changed_while_cloned(
          fmt::format("{} came without a record in the redo log",
                      (unexplained != seen.end() ? unexplained : seen.begin())->second.string()));
    std::this_thread::sleep_for(kNextLook);
  }
}

/// A file that was imported before the files were listed is as it has to be. But recovery takes it for removed if the
/// redo has the removal by DISCARD; a server makes a checkpoint after that.
Result<> FollowedFiles::check_imports(const SpaceFates& now, Lsn redo_start) const {
  for (const auto& [space, fate] : now) {
    if (!fate.imported) continue;
    if (fate.imported->end > log_end_ || (fate.removal && fate.removal->end > redo_start))
      return changed_while_cloned(fmt::format("{} was imported", name_of(space, fate)));
  }
  return {};
}

Result<Followed> FollowedFiles::follow(Lsn redo_start) {
  const Lsn told_before = told_until_;
  SpaceFates all;
  std::vector<TablespaceFile> created;
  if (Result<> found = find_files(all, created); !found) return found.error();
  if (Result<> possible = check_imports(all, redo_start); !possible) return possible.error();
  const Result<SpaceFates> now = fates(told_before, told_until_);
  if (!now) return now.error();
  Result<Announced> announced = follow_known(*now);
  if (!announced) return announced.error();
  std::ranges::move(announced->moved, std::back_inserter(created));

  Followed followed{.changes = std::move(announced->changes), .gone = std::move(announced->gone), .whole = {}};
  for (TablespaceFile& file : created) {
    if (file.encrypted() && !has_keys_)
      return changed_while_cloned(fmt::format("{}, which is encrypted, was created", file.name));
    followed.whole.insert(file.space);
    followed.changes.push_back(add_created(std::move(file)));
  }
  // What comes later may be lost in a cut and come again in another order.
  if (!std::exchange(followed_once_, true))
    for (const FileChange& change : followed.changes) directories_.insert(directory_of(change.file.name));
  if (Result<> renewed = renew_keys(*now, followed); !renewed) return renewed.error();
  for (const auto& [space, fate] : *now)
    if (!fate.removed && (fate.created || fate.index_loaded)) followed.whole.insert(space);
  return followed;
}

/// Gets the next index.
FileChange FollowedFiles::add_created(TablespaceFile file) {
  const SpaceId space = file.space;
  const DataFile data = to_data_file(file);
  const std::size_t index = files_.add(std::move(file));
  spaces_.insert_or_assign(space, index);
  return {FileChange::Kind::created, static_cast<std::uint32_t>(index), data};
}

Result<std::optional<std::string>> FollowedFiles::what_redo_lacks(Lsn end) const {
  using Lack = std::optional<std::string>;
  if (end <= told_until_) return Lack{};
  const Result<SpaceFates> now = fates(told_until_, end);
  if (!now) return now.error();
  const Result<SpaceFates> later = fates(told_until_, watch_->tracker().tracked_until());
  if (!later) return later.error();
  for (const auto& [space, fate] : *now) {
    // Truncation makes another one of its name, of which the log up to `end`, and the dictionary, may not know yet.
    if (fate.removed && innodb::kind_of(space) == innodb::SpaceKind::undo)
      return Lack{fmt::format("{} was removed", name_of(space, fate))};
    if (fate.removed) continue;
    if (fate.imported) return Lack{fmt::format("{} was imported", name_of(space, fate))};
    if (fate.index_loaded) return Lack{fmt::format("an index of {} was built", name_of(space, fate))};
    const auto known = spaces_.find(space);
    if (known == spaces_.end() && fate.created_somewhere())
      return Lack{fmt::format("the undo tablespace {} was made", space)};
    if (fate.key_written) return Lack{fmt::format("the encryption of {} changed", name_of(space, fate))};
    if (fate.path.empty()) continue;
    if (known != spaces_.end()) {
      const Result<std::optional<TablespaceFile>> renamed = renamed_file(known->second, fate);
      if (!renamed) return renamed.error();
      if (*renamed && !directories_.contains(directory_of((*renamed)->name)))
        return Lack{fmt::format("{} came into a directory of its own", (*renamed)->name)};
      continue;
    }
    if (innodb::kind_of(space) == innodb::SpaceKind::undo)
      return Lack{fmt::format("the undo tablespace {} was made anew", fate.path)};
    const Result<std::optional<TablespaceFile>> file = created_file(space, later->at(space));
    if (!file) return file.error();
    if (!*file) return Lack{fmt::format("{} was created and dropped", fate.path)};
    if (is_served(**file) && !fate.created)  // and missed when files were listed: what it had before is not in the log
      return Lack{fmt::format("{} was renamed", fate.path)};
  }
  return Lack{};
}

Result<std::vector<FileChange>> FollowedFiles::late_changes(Lsn end) {
  const Result<std::optional<std::string>> lack = what_redo_lacks(end);
  if (!lack) return lack.error();
  if (*lack) return changed_while_cloned(**lack);
  if (end <= told_until_) return std::vector<FileChange>{};
  const Result<SpaceFates> now = fates(told_until_, end);
  if (!now) return now.error();
  const Result<SpaceFates> later = fates(told_until_, watch_->tracker().tracked_until());
  if (!later) return later.error();
  Result<Announced> announced = follow_known(*now);
  if (!announced) return announced.error();
  std::vector<FileChange> changes = std::move(announced->changes);
  for (const auto& [space, fate] : *now) {
    if (fate.removed || fate.path.empty() || spaces_.contains(space)) continue;
    Result<std::optional<TablespaceFile>> file = created_file(space, later->at(space));
    if (!file) return file.error();
    if (!*file) return changed_while_cloned(fmt::format("{} was created and dropped", fate.path));
    if (!is_served(**file)) continue;
    (*file)->name = fate.path;
    Result<std::string> name = wire_name(**file, survey_.options.path_map);
    if (!name) return name.error();
    (*file)->name = std::move(*name);
    changes.push_back(add_created(std::move(**file)));
  }
  told_until_ = end;
  return changes;
}

}  // namespace donord
