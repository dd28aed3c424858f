#include "source/datadir_survey.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <numeric>
#include <set>
#include <system_error>

#include "source/file_lock.hpp"
#include "source/old_redo_directory.hpp"
#include "source/persisted_options.hpp"
#include "source/system_tablespace.hpp"
#include "source/tablespace_survey.hpp"

namespace donord {

namespace fs = std::filesystem;

namespace {

/// Nothing was written between two surveys.
bool same_log(const RedoSurvey& a, const RedoSurvey& b) {
  return a.checkpoint == b.checkpoint && a.end == b.end &&
         std::ranges::equal(a.files, b.files, [](const auto& one, const auto& other) {
           return one.path == other.path && one.stamp.same_content(other.stamp);
         });
}

/// Fills a survey step by step; each step adds what it finds and the problems it meets.
class Surveyor {
 public:
  Surveyor(DatadirSurvey& survey, const DatadirSurvey* previous)
      : survey_(survey), options_(survey.options), previous_(previous) {}

  void run() {
    if (!is_a_directory()) return;
    add_options();
    find_unfinished_clone();
    DatadirScan scan = scan_datadir(options_);
    if (!is_a_datadir(scan)) return;
    std::ranges::move(scan.problems, std::back_inserter(survey_.problems));
    find_running_server(scan);
    read_keyring();
    add_buffer_pool_dump();
    add_system_files(scan.system_files);
    check_given_options();
    // First of all what is wrong with the instance: after a crash single files may look damaged that are not.
    survey_redo_log();
    survey_crash();
    add_tablespaces(scan.candidates);
    note_damage();
    find_keys();
    check_lsns();
    check_sizes();
    check_spaces();
    find_server_version();
    decide_prepared();
  }

 private:
  void problem(Errc code, std::string what, std::string hint) {
    survey_.problems.push_back(Error{code, std::move(what), std::move(hint)});
  }

  bool is_a_directory() {
    std::error_code error;
    if (fs::is_directory(options_.datadir, error)) return true;
    if (error)
      survey_.problems.push_back(io_error("open the datadir", options_.datadir, error.value()));
    else
      problem(Errc::usage, fmt::format("{} is not a directory", options_.datadir.string()),
              "give the datadir of a MySQL server");
    return false;
  }

  void add_options() {
    if (const Result<> added = add_persisted_options(survey_.options); !added)
      survey_.problems.push_back(added.error());
  }

  bool is_a_datadir(const DatadirScan& scan) {
    std::error_code error;
    const fs::path dictionary = options_.datadir / "mysql.ibd";
    const bool has_system = !scan.system_files.empty() && fs::exists(scan.system_files.front().path, error);
    if (fs::exists(dictionary, error) || has_system) return true;
    if (error) {
      survey_.problems.push_back(io_error("look for", dictionary, error.value()));
      return false;
    }
    problem(Errc::usage,
            fmt::format("{} is not a datadir: it has neither {} nor mysql.ibd", options_.datadir.string(),
                        scan.system_files.empty() ? "ibdata1" : scan.system_files.front().path.filename().string()),
            "give the datadir of a MySQL server 8.0.17 or newer");
    return false;
  }

  void find_unfinished_clone() {
    const fs::path directory = options_.datadir / "#clone";
    const auto found = [&](std::string_view name) -> std::optional<FileStamp> {
      const Result<FileStamp> stamp = stamp_of(directory / name);
      if (stamp) return *stamp;
      if (stamp.error().code != Errc::not_found) survey_.problems.push_back(stamp.error());
      return std::nullopt;
    };
    if (found("#status_in_progress"))
      return problem(Errc::conflict, unfinished_clone(directory / "#status_in_progress").what,
                     "mysqld does not start on such a directory: clone again into an empty one");
    for (const std::string_view status : {"#status_error", "#status_fix"})
      if (found(status)) return survey_.problems.push_back(unfinished_clone(directory / status));
    // A clone into another directory leaves these lists behind, empty.
    for (const std::string_view list : {"#new_files", "#replace_files"})
      if (const std::optional<FileStamp> stamp = found(list); stamp && stamp->size_bytes > 0)
        return survey_.problems.push_back(unfinished_clone(directory / list));
  }

  void find_running_server(const DatadirScan& scan) {
    std::vector<fs::path> locked_by_mysqld{options_.datadir / "mysql.ibd"};
    if (!scan.system_files.empty()) locked_by_mysqld.insert(locked_by_mysqld.begin(), scan.system_files.front().path);
    for (const fs::path& path : locked_by_mysqld) {
      const Result<UniqueFd> fd = open_for_reading(path);
      if (!fd) continue;  // reported when it is read
      const Result<std::optional<LockHolder>> holder = find_writer(*fd, path);
      if (!holder) return survey_.problems.push_back(holder.error());
      if (!*holder) continue;
      survey_.in_use = true;
      return survey_.problems.push_back(in_use_error(path, **holder));
    }
  }

  void add_buffer_pool_dump() {
    const fs::path path = options_.buffer_pool_dump();
    const Result<UniqueFd> fd = open_for_reading(path);
    if (!fd && fd.error().code == Errc::not_found) return;
    const Result<FileStamp> stamp = fd ? stamp_of(*fd, path) : fd.error();
    if (!stamp) return survey_.problems.push_back(stamp.error());
    survey_.files.push_back({.path = path,
                             .name = std::string{kDefaultBufferPoolFilename},
                             .stamp = *stamp,
                             .role = FileRole::buffer_pool_dump});
  }

  void add_system_files(const std::vector<ScannedFile>& scanned) {
    SystemTablespace found = survey_system_tablespace(scanned);
    if (found.problem) survey_.problems.push_back(std::move(*found.problem));
    if (found.files.empty()) return;
    survey_.page_size_bytes = found.files.front().format.logical_bytes;
    survey_.flush_lsn = Lsn{found.files.front().page0->header.flush_lsn};
    std::ranges::move(found.files, std::back_inserter(survey_.files));
  }

  /// What the options say about files must be true of them: otherwise they are those of another instance.
  void check_given_options() {
    if (const std::optional<std::uint32_t> given = options_.innodb_page_size;
        given && survey_.page_size_bytes != 0 && *given != survey_.page_size_bytes)
      problem(
          Errc::conflict,
          fmt::format("the instance has pages of {} bytes, innodb_page_size says {}", survey_.page_size_bytes, *given),
          "give the options of the server that the directory belongs to");
    if (options_.setting("innodb_data_file_path") == nullptr) return;
    const Result<std::vector<SystemFileSpec>> specs = parse_data_file_path(options_.innodb_data_file_path);
    auto file = std::ranges::find(survey_.files, FileRole::system, &TablespaceFile::role);
    for (std::size_t i = 0; specs && i < specs->size() && file != survey_.files.end(); ++i, ++file)
      if (Result<> fits = check_size((*specs)[i], file->path, file->stamp.size_bytes); !fits)
        survey_.problems.push_back(fits.error());
  }

  void add_tablespaces(const std::vector<ScannedFile>& candidates) {
    TablespaceSurvey found = survey_tablespaces(
        candidates, {.page_size_bytes = survey_.page_size_bytes,
                     .crash = survey_.crash.get(),
                     .path_map = &options_.path_map,
                     .known = previous_ != nullptr ? KnownTablespaces{previous_->files} : KnownTablespaces{}});
    std::ranges::move(found.files, std::back_inserter(survey_.files));
    std::ranges::move(found.problems, std::back_inserter(survey_.problems));
    survey_.ignored_files = std::move(found.ignored);
  }

  /// The system tablespace is identified before it is known whether there was a crash.
  void note_damage() {
    for (TablespaceFile& file : survey_.files) {
      if (!file.problem) continue;
      if (survey_.crash && file.page0) {
        Result<std::optional<TablespaceFile>> rescued = survey_.crash->rescue({file.path, file.name}, *file.problem);
        if (!rescued)
          file.problem = rescued.error();
        else if (*rescued)
          file = std::move(**rescued);
      }
      if (file.problem) survey_.problems.push_back(*file.problem);
    }
  }

  /// Whatever a server had written before its log reached the disk is lost with it.
  void check_lsns() {
    if (survey_.shutdown == Shutdown::unknown || !survey_.redo.end) return;
    for (TablespaceFile& file : survey_.files) {
      file.max_lsn = *survey_.redo.end;
      if (!file.page0) continue;
      if (const Result<> checked = innodb::check_page_lsn(file.page0->header.lsn, file.expectation(), PageNo{0});
          !checked)
        survey_.problems.push_back(checked.error().within(file.path.string()));
    }
  }

  void check_sizes() {
    std::uint64_t system_pages = 0;
    for (const TablespaceFile& file : survey_.files)
      if (file.role == FileRole::system) system_pages += file.page_count();
    for (const TablespaceFile& file : survey_.files) {
      if (!file.page0) continue;
      const bool system = file.role == FileRole::system;
      const std::uint64_t pages = system ? system_pages : file.page_count();
      if (file.page0->fsp.size_pages <= pages) continue;
      problem(Errc::truncated,
              fmt::format("{} is too short: its header says {} pages, {} are there", file.path.string(),
                          file.page0->fsp.size_pages, pages),
              system ? "if the system tablespace has more files, give innodb_data_file_path as the server has it"
                     : "restore the file from a backup");
    }
  }

  void check_spaces() {
    std::map<SpaceId, const TablespaceFile*> by_space;
    std::set<std::string> undo_names;
    std::map<std::string, const TablespaceFile*> user_names;
    bool has_dictionary = false;
    for (const TablespaceFile& file : survey_.files) {
      if (!file.page0) continue;
      has_dictionary |= file.role == FileRole::dictionary;
      if (const auto [other, inserted] = by_space.emplace(file.space, &file); !inserted)
        problem(Errc::conflict,
                fmt::format("{} and {} have the same space id {}", other->second->path.string(), file.path.string(),
                            file.space),
                "move the one that is a copy out of the directory");
      if (file.role == FileRole::undo && !undo_names.insert(file.name).second)
        problem(Errc::conflict, fmt::format("there are two undo tablespaces {}", file.name),
                "a clone puts all undo tablespaces into one directory: rename one of them");
      if (const auto [other, inserted] = user_names.emplace(file.name, &file); file.role == FileRole::user && !inserted)
        problem(
            Errc::conflict,
            fmt::format("{} and {} both get the name {}", other->second->path.string(), file.path.string(), file.name),
            "give another TO in --map-path");
      if (innodb::kind_of(file.space) == innodb::SpaceKind::invalid)
        problem(Errc::malformed, fmt::format("{} has the impossible space id {}", file.path.string(), file.space),
                "move the file out of the directory");
    }
    if (survey_.crash)
      std::ranges::move(survey_.crash->missing_tablespaces(survey_.files), std::back_inserter(survey_.problems));
    if (!has_dictionary)
      problem(Errc::not_found, fmt::format("{} has no data dictionary mysql.ibd", options_.datadir.string()),
              "directories of MySQL 5.7 and older cannot be served; upgrade them first");
  }

  void find_server_version() {
    for (const TablespaceFile& file : survey_.files)
      if (file.role == FileRole::dictionary && file.page0->server_version() != 0)
        survey_.server_version = innodb::version_text(file.page0->server_version());
    if (survey_.server_version.empty()) take_version_from_redo();
  }

  void survey_redo_log() {
    const fs::path directory = options_.redo_directory();
    std::error_code ignored;
    const fs::path old_directory = options_.resolve(options_.innodb_log_group_home_dir);
    const bool old = !fs::exists(directory, ignored) && has_old_redo(old_directory);
    const KeyringFile* keyring = keyring_ ? &*keyring_ : nullptr;
    survey_.redo = old ? survey_old_redo(old_directory, keyring) : survey_redo(directory, keyring);
    std::ranges::copy(survey_.redo.problems, std::back_inserter(survey_.problems));
    if (survey_.redo.checkpoint && survey_.redo.end && survey_.flush_lsn) find_shutdown();
  }

  void take_version_from_redo() {
    constexpr std::string_view kPrefix = "MySQL ";
    if (survey_.redo.files.empty()) return;
    const RedoSurvey::File& file = survey_.redo.old_checkpoint ? survey_.redo.files.front() : survey_.redo.files.back();
    if (!file.start) return;
    const std::string& creator = file.start->header.creator;
    if (creator.starts_with(kPrefix) && creator.size() > kPrefix.size() && std::isdigit(creator[kPrefix.size()]) != 0)
      survey_.server_version = creator.substr(kPrefix.size());
  }

  void find_shutdown() {
    const Lsn checkpoint = innodb::skip_block_header(*survey_.redo.checkpoint);
    const Lsn noted = innodb::skip_block_header(*survey_.flush_lsn);
    const bool clean = checkpoint == *survey_.redo.end && checkpoint == noted;
    survey_.shutdown = clean ? Shutdown::clean : Shutdown::unclean;
  }

  void read_keyring() {
    fs::path path = options_.keyring_file;
    if (path.empty()) {
      const Result<std::optional<fs::path>> found = find_keyring_of(options_.datadir);
      if (!found) return survey_.problems.push_back(found.error());
      if (!*found) return;
      path = **found;
    }
    Result<KeyringFile> keyring = KeyringFile::read(path);
    if (!keyring) return survey_.problems.push_back(keyring.error());
    keyring_.emplace(std::move(*keyring));
  }

  /// A log with problems of its own has been refused; to look further would only find their consequences.
  void survey_crash() {
    if (survey_.shutdown != Shutdown::unclean || !survey_.redo.problems.empty()) return;
    if (survey_.redo.old_checkpoint)
      return survey_.problems.push_back(unclean_old_redo(survey_.redo, *survey_.flush_lsn));
    if (survey_.redo.files.back().start->header.creator.starts_with(kCloneCreator))
      return survey_.problems.push_back(unfinished_clone(survey_.redo.directory));
    if (previous_ != nullptr && previous_->crash && same_log(previous_->redo, survey_.redo) &&
        previous_->crash->state().doublewrite->is_current()) {
      survey_.crash = previous_->crash;
      return;
    }
    Result<std::shared_ptr<const CrashSurvey>> crash =
        CrashSurvey::make(options_, survey_.redo, survey_.page_size_bytes);
    if (!crash) return survey_.problems.push_back(crash.error());
    survey_.crash = std::move(*crash);
  }

  void find_keys() {
    if (survey_.crash)
      if (const Result<> done = survey_.crash->bring_keys_up_to_date(survey_.files); !done)
        return survey_.problems.push_back(done.error());
    for (TablespaceFile& file : survey_.files) {
      if (file.page0 && file.page0->initial && (!survey_.crash || (file.encrypted() && !file.encryption_info)))
        problem(Errc::malformed, fmt::format("{} was never finished: its page 0 has no header", file.path.string()),
                "if no table of the server uses it, move it out of the directory");
      if (!file.encryption_info) continue;
      Result<innodb::TablespaceKey> key = unwrap_with(keyring_ ? &*keyring_ : nullptr, *file.encryption_info);
      if (key)
        file.cipher = std::make_shared<const innodb::TablespaceCipher>(std::move(*key));
      else
        survey_.problems.push_back(key.error().within(fmt::format("{} is encrypted", file.path.string())));
    }
  }

  /// In a directory with other problems this would only find their consequences.
  void decide_prepared() {
    if (!survey_.crash || !survey_.problems.empty()) return;
    if (previous_ != nullptr && previous_->crash == survey_.crash && previous_->decisions &&
        previous_->decisions->is_current()) {
      survey_.decisions = previous_->decisions;
      return;
    }
    Result<std::shared_ptr<const CrashDecisions>> decisions =
        decide_prepared_transactions(options_, survey_.redo, survey_.page_size_bytes, *survey_.crash, survey_.files);
    if (!decisions) return survey_.problems.push_back(decisions.error());
    survey_.decisions = std::move(*decisions);
  }

  DatadirSurvey& survey_;
  const DatadirOptions& options_;
  const DatadirSurvey* previous_;
  std::optional<KeyringFile> keyring_;
};

}  // namespace

std::uint64_t DatadirSurvey::data_bytes() const {
  return std::transform_reduce(files.begin(), files.end(), std::uint64_t{0}, std::plus<>{},
                               [](const TablespaceFile& file) { return file.usable_bytes(); });
}

Lsn DatadirSurvey::served_redo_end() const {
  return decisions && decisions->continuation ? decisions->continuation->end() : *redo.end;
}

bool DatadirSurvey::has_keys() const {
  return redo.cipher || std::ranges::any_of(files, [](const TablespaceFile& file) { return file.cipher != nullptr; });
}

DatadirSurvey survey_datadir(const DatadirOptions& options, const DatadirSurvey* previous) {
  DatadirSurvey survey;
  survey.options = options;
  Surveyor{survey, previous}.run();
  return survey;
}

}  // namespace donord
