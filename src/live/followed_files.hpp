#pragma once

// The files of one live clone as its recipient is told of them: the list of FILE COPY, and what becomes of it
// (docs/decisions/0012-live-sources.md).

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "clone/donor_source.hpp"
#include "live/live_files.hpp"
#include "live/live_survey.hpp"
#include "live/live_waits.hpp"
#include "live/redo_watch.hpp"
#include "live/space_fates.hpp"
#include "live/undo_changes.hpp"
#include "source/file_cache.hpp"

namespace donord {

/// How the list went on.
struct Followed {
  std::vector<FileChange> changes;
  std::set<std::size_t> gone;
  std::set<SpaceId> whole;  ///< tablespaces whose content the redo does not have, or not all of it
};

/// What changes the list is called by one thread at a time. Errors of `Errc::ddl_in_progress` name what cannot be made
/// good.
class FollowedFiles {
 public:
  /// `hold` is older than the survey.
  FollowedFiles(std::shared_ptr<RedoWatch> watch, const RedoWatch::Hold& hold, LiveSurvey survey,
                std::shared_ptr<FileCache> cache, LiveWaits waits);

  [[nodiscard]] const LiveSurvey& survey() const { return survey_; }
  /// Those of FILE COPY, and behind them those that were created since.
  [[nodiscard]] LiveFiles& files() const { return files_; }
  /// The list of FILE COPY.
  [[nodiscard]] const std::vector<DataFile>& listed() const { return listed_; }
  /// Bytes of each file of that list.
  [[nodiscard]] std::vector<std::uint64_t> listed_bytes() const;
  /// Tablespaces that the recipient knows.
  [[nodiscard]] std::set<SpaceId> spaces() const;
  [[nodiscard]] bool has_keys() const { return has_keys_; }
  /// Up to here in the log the recipient is told what files there are.
  [[nodiscard]] Lsn told_until() const { return told_until_; }

  /// Before anything is copied: a tablespace may have got its key so recently that its page 0 on disk does not have it,
  /// though other pages are encrypted.
  [[nodiscard]] Result<> adopt_keys(const SpaceFates& fates, Lsn until);

  /// Goes on from where the recipient was told last to where the log is now. May take long: until files are at rest for
  /// a moment. The recipient's redo begins at `redo_start`. After that, check_strangers() is due.
  [[nodiscard]] Result<Followed> follow(Lsn redo_start);

  /// What happened to files, since the recipient was told of them, that a log up to `end` does not make good; nothing
  /// if it does. A file that was created is filled by the log alone, if the log has all of it.
  [[nodiscard]] Result<std::optional<std::string>> what_redo_lacks(Lsn end) const;
  /// What the recipient has to be told besides when its log ends there.
  [[nodiscard]] Result<std::vector<FileChange>> late_changes(Lsn end);

  /// Whether there is a file of which neither the list nor the log knows: IMPORT TABLESPACE brings such, under the id
  /// of a tablespace that DISCARD has removed. May take a moment.
  [[nodiscard]] Result<> check_strangers() const;

 private:
  using IndexedFiles = std::vector<std::pair<std::size_t, TablespaceFile>>;
  /// Changes since the last time.
  struct Announced {
    std::vector<FileChange> changes;
    std::set<std::size_t> gone;
    std::vector<TablespaceFile> moved;  ///< gone from where they were, and to be sent once more
  };

  [[nodiscard]] Result<SpaceFates> fates(Lsn from, Lsn to) const;
  [[nodiscard]] std::string name_of(SpaceId space, const SpaceFate& fate) const;
  [[nodiscard]] Result<std::optional<TablespaceFile>> created_file(SpaceId space, const SpaceFate& fate) const;
  [[nodiscard]] Result<std::optional<TablespaceFile>> renamed_file(std::size_t index, const SpaceFate& fate) const;
  [[nodiscard]] Result<> find_files(SpaceFates& now, std::vector<TablespaceFile>& created);
  [[nodiscard]] Result<bool> find_named(const SpaceFates& now, std::vector<TablespaceFile>& created) const;
  [[nodiscard]] std::vector<TablespaceFile> find_strangers(const SpaceFates& now) const;
  [[nodiscard]] Result<> check_imports(const SpaceFates& now, Lsn redo_start) const;
  [[nodiscard]] Result<Announced> follow_known(const SpaceFates& fates);
  FileChange add_created(TablespaceFile file);
  [[nodiscard]] Result<IndexedFiles> files_with_keys_of_log(const SpaceFates& fates, Lsn until);
  [[nodiscard]] Result<> renew_keys(const SpaceFates& fates, Followed& followed);
  static void tell_of_attributes(std::size_t index, const TablespaceFile& before, const TablespaceFile& now,
                                 std::vector<FileChange>& changes);

  const std::shared_ptr<RedoWatch> watch_;
  const Lsn since_;    // C0
  const Lsn log_end_;  // when the clone began
  const LiveWaits waits_;
  LiveSurvey survey_;
  bool has_keys_;  // the clone's connections are encrypted
  mutable LiveFiles files_;
  std::vector<DataFile> listed_;
  std::set<std::string> directories_;      // that recipients are sure to have; they can rename into no other
  std::map<SpaceId, std::size_t> spaces_;  // tablespaces that the recipient has, and their first files
  Lsn told_until_;
  bool followed_once_ = false;
  UndoSettling undo_;
};

}  // namespace donord
