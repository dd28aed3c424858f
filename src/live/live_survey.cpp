#include "live/live_survey.hpp"

#include <algorithm>
#include <numeric>
#include <thread>

#include "source/persisted_options.hpp"
#include "source/system_tablespace.hpp"
#include "source/tablespace_survey.hpp"
#include "source/wire_name.hpp"

namespace donord {

namespace fs = std::filesystem;

namespace {

constexpr int kLooks = 40;
constexpr std::chrono::milliseconds kPause{5};
constexpr std::chrono::milliseconds kScanPause{100};
constexpr std::chrono::seconds kTruncation{60};
constexpr std::chrono::milliseconds kTruncationPause{20};

Error undo_truncated() {
  return {Errc::ddl_in_progress, "an undo tablespace is being truncated", "clone again later"};
}

/// A page 0 that is being written, or a file that is being made, is fine a moment later.
template <class Look>
Result<TablespaceFile> patiently(Look look) {
  Result<TablespaceFile> file = look();
  for (int i = 1; i < kLooks && (!file || file->problem); ++i) {
    if (!file && file.error().code == Errc::not_found) break;
    std::this_thread::sleep_for(kPause);
    file = look();
  }
  if (file && file->problem) return *file->problem;
  return file;
}

Result<> add_system_files(const std::vector<ScannedFile>& scanned, LiveSurvey& survey) {
  SystemTablespace found = survey_system_tablespace(scanned);
  const auto wrong = [&found] {
    return found.problem || std::ranges::any_of(found.files, [](const auto& file) { return file.problem.has_value(); });
  };
  for (int i = 1; i < kLooks && wrong(); ++i) {
    std::this_thread::sleep_for(kPause);
    found = survey_system_tablespace(scanned);
  }
  if (found.problem) return *found.problem;
  for (const TablespaceFile& file : found.files)
    if (file.problem) return *file.problem;
  if (found.files.empty()) return Error{Errc::usage, "the options name no file of the system tablespace"};
  survey.page_size_bytes = found.files.front().format.logical_bytes;
  std::ranges::move(found.files, std::back_inserter(survey.files));
  return {};
}

/// All candidates at once, which is fast, then one by one those for which that was not enough.
void add_tablespaces(const std::vector<ScannedFile>& candidates, const LiveSurvey* previous, LiveSurvey& survey) {
  TablespaceSurvey found = survey_tablespaces(
      candidates, {.page_size_bytes = survey.page_size_bytes,
                   .path_map = &survey.options.path_map,
                   .known = previous != nullptr ? KnownTablespaces{previous->files} : KnownTablespaces{}});
  std::map<fs::path, TablespaceFile> known;
  for (TablespaceFile& file : found.files)
    if (!file.problem) known.emplace(file.path, std::move(file));
  std::vector<TablespaceFile> files;
  for (const ScannedFile& candidate : candidates) {
    if (const auto found_at = known.find(candidate.path); found_at != known.end()) {
      files.push_back(std::move(found_at->second));
      continue;
    }
    Result<TablespaceFile> file = identify_live(survey, candidate);
    if (file && is_served(*file))
      files.push_back(std::move(*file));
    else if (!file && file.error().code != Errc::not_found)
      survey.unidentified.emplace(candidate.path, file.error());
  }
  std::ranges::stable_sort(files, {}, &TablespaceFile::role);
  std::ranges::move(files, std::back_inserter(survey.files));
}

bool still_has_its_space(const TablespaceFile& file) {
  const Result<TablespaceFile> now = patiently([&] { return identify_tablespace({file.path, file.name}); });
  return now && now->space == file.space;
}

/// Two files with one space id: one of them was renamed while the directory was listed, and the one that is there now
/// stays. Or somebody has put a copy there, and nobody knows which of them the server writes to.
Result<> leave_out_twins(std::vector<TablespaceFile>& files) {
  std::map<SpaceId, std::size_t> first;
  std::vector<bool> out(files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!files[i].page0) continue;
    const auto [other, inserted] = first.emplace(files[i].space, i);
    if (inserted) continue;
    const bool first_is_there = still_has_its_space(files[other->second]);
    if (first_is_there && still_has_its_space(files[i]))
      return Error{Errc::conflict,
                   fmt::format("{} and {} have the same space id {}", files[other->second].path.string(),
                               files[i].path.string(), files[i].space),
                   "move the one that is not the server's out of its directories"};
    out[first_is_there ? i : other->second] = true;
    if (!first_is_there) other->second = i;
  }
  std::size_t index = 0;
  std::erase_if(files, [&](const TablespaceFile&) { return out[index++]; });
  return {};
}

}  // namespace

bool is_served(const TablespaceFile& file) {
  return !file.flags.temporary() && innodb::kind_of(file.space) != innodb::SpaceKind::temporary;
}

std::uint64_t LiveSurvey::data_bytes() const {
  return std::transform_reduce(files.begin(), files.end(), std::uint64_t{0}, std::plus<>{},
                               [](const TablespaceFile& file) { return file.usable_bytes(); });
}

bool LiveSurvey::has_keys() const {
  return std::ranges::any_of(files, [](const TablespaceFile& file) { return file.cipher != nullptr; });
}

const TablespaceFile& LiveSurvey::system_file() const {
  return *std::ranges::find(files, FileRole::system, &TablespaceFile::role);
}

Result<ServerProcess> find_server(const DatadirOptions& options) {
  DatadirOptions all = options;
  if (Result<> added = add_persisted_options(all); !added) return added.error();
  const Result<std::vector<SystemFileSpec>> system = parse_data_file_path(all.innodb_data_file_path);
  if (!system) return system.error();
  return ServerProcess::find(all.resolve(all.innodb_data_home_dir) / system->front().path);
}

Result<bool> truncates_undo(const DatadirOptions& options) {
  for (const fs::path& directory : {options.datadir, options.resolve(options.innodb_undo_directory),
                                    options.resolve(options.innodb_log_group_home_dir)}) {
    std::error_code error;
    for (fs::directory_iterator entries{directory, error}; !error && entries != fs::directory_iterator{};
         entries.increment(error)) {
      if (is_undo_truncation_log(entries->path().filename().native())) return true;
    }
    if (error) return io_error("list", directory, error.value());
  }
  return false;
}

Result<> wait_for_undo_truncation(const DatadirOptions& options) {
  const auto deadline = std::chrono::steady_clock::now() + kTruncation;
  for (;;) {
    const Result<bool> truncating = truncates_undo(options);
    if (!truncating) return truncating.error();
    if (!*truncating) return {};
    if (std::chrono::steady_clock::now() > deadline) return undo_truncated();
    std::this_thread::sleep_for(kTruncationPause);
  }
}

Result<std::shared_ptr<const KeyringFile>> read_live_keyring(const DatadirOptions& options) {
  fs::path path = options.keyring_file;
  if (path.empty()) {
    const Result<std::optional<fs::path>> found = find_keyring_of(options.datadir);
    if (!found) return found.error();
    if (!*found) return std::shared_ptr<const KeyringFile>{};
    path = **found;
  }
  Result<KeyringFile> keyring = KeyringFile::read(path);
  if (!keyring) return keyring.error();
  return std::make_shared<const KeyringFile>(std::move(*keyring));
}

Result<> find_key(const DatadirOptions& options, std::shared_ptr<const KeyringFile>& keyring, TablespaceFile& file) {
  if (!file.encryption_info) return {};
  Result<innodb::TablespaceKey> key = unwrap_with(keyring.get(), *file.encryption_info);
  if (!key) {
    const Result<std::shared_ptr<const KeyringFile>> again = read_live_keyring(options);
    if (!again) return again.error();
    keyring = *again;
    key = unwrap_with(keyring.get(), *file.encryption_info);
  }
  if (!key) return key.error().within(fmt::format("{} is encrypted", file.path.string()));
  file.cipher = std::make_shared<const innodb::TablespaceCipher>(std::move(*key));
  return {};
}

Result<TablespaceFile> identify_live(const LiveSurvey& survey, const ScannedFile& scanned) {
  Result<TablespaceFile> file = patiently([&] { return identify_tablespace(scanned); });
  if (!file) return file;
  if (file->format.logical_bytes != survey.page_size_bytes)
    return Error{Errc::malformed, fmt::format("{} has pages of {} bytes, the instance of {}", file->path.string(),
                                              file->format.logical_bytes, survey.page_size_bytes)};
  Result<std::string> name = wire_name(*file, survey.options.path_map);
  if (!name) return name.error();
  file->name = std::move(*name);
  return file;
}

Result<LiveSurvey> survey_live(const DatadirOptions& options, const LiveSurvey* previous) {
  LiveSurvey survey;
  survey.options = options;
  if (Result<> added = add_persisted_options(survey.options); !added) return added.error();
  DatadirScan scan = scan_datadir(survey.options);
  // Directories come and go as well; what lasts is a reason to refuse.
  for (int i = 1; i < kLooks && !scan.problems.empty(); ++i) {
    std::this_thread::sleep_for(kScanPause);
    scan = scan_datadir(survey.options);
  }
  if (!scan.problems.empty()) {
    const Result<bool> truncating = truncates_undo(survey.options);
    return truncating && *truncating ? undo_truncated() : scan.problems.front();
  }
  if (Result<> added = add_system_files(scan.system_files, survey); !added) return added.error();
  Result<std::shared_ptr<const KeyringFile>> keyring = read_live_keyring(survey.options);
  if (!keyring) return keyring.error();
  survey.keyring = std::move(*keyring);
  add_tablespaces(scan.candidates, previous, survey);
  if (Result<> one_of_each = leave_out_twins(survey.files); !one_of_each) return one_of_each.error();
  for (TablespaceFile& file : survey.files) {
    if (Result<> found = find_key(survey.options, survey.keyring, file); !found) return found.error();
    if (file.role == FileRole::dictionary && file.page0->server_version() != 0)
      survey.server_version = innodb::version_text(file.page0->server_version());
  }
  if (survey.server_version.empty())
    return Error{Errc::not_found, fmt::format("{} has no data dictionary mysql.ibd", survey.options.datadir.string()),
                 "give the datadir of a MySQL server 8.0.30 or newer"};
  return survey;
}

}  // namespace donord
