#include "source/check.hpp"

#include <algorithm>
#include <optional>

#include "source/file_lock.hpp"

namespace donord {

namespace {

/// The lock that a clone takes, on the first file of the system tablespace.
std::optional<SharedFileLock> lock_for_reading(CheckReport& report) {
  const std::vector<TablespaceFile>& files = report.survey.files;
  const auto system = std::ranges::find(files, FileRole::system, &TablespaceFile::role);
  if (report.in_use() || system == files.end()) return std::nullopt;
  Result<SharedFileLock> lock = SharedFileLock::acquire(system->path);
  if (lock) return std::move(*lock);
  report.survey.in_use = lock.error().code == Errc::unavailable;
  report.problems.push_back(lock.error());
  return std::nullopt;
}

/// The lock keeps servers away, but not copies and other tools.
void find_changes(CheckReport& report) {
  const auto compare = [&report](const std::filesystem::path& path, const FileStamp& before) {
    const Result<FileStamp> now = stamp_of(path);
    if (!now)
      report.problems.push_back(now.error());
    else if (!now->same_content(before))
      report.problems.push_back(Error{Errc::conflict, fmt::format("{} changed while it was checked", path.string()),
                                      "leave the directory alone and check it again"});
  };
  for (const TablespaceFile& file : report.survey.files) compare(file.path, file.stamp);
  for (const RedoSurvey::File& file : report.survey.redo.files) compare(file.path, file.stamp);
}

}  // namespace

bool CheckReport::servable() const {
  return problems.empty() && std::ranges::all_of(files, [](const FileCheck& file) { return file.damage.empty(); });
}

PageCounts CheckReport::pages() const {
  PageCounts sum;
  for (const FileCheck& file : files) sum += file.pages;
  return sum;
}

Result<CheckReport> check_datadir(const DatadirOptions& options, const CheckProgress& progress) {
  CheckReport report{.survey = survey_datadir(options)};
  report.problems = report.survey.problems;
  if (report.survey.files.empty() && !report.problems.empty()) return report.problems.front();
  const std::optional<SharedFileLock> lock = lock_for_reading(report);
  if (report.in_use()) {
    // What else there is to say about files that are being written would be an accident.
    std::erase_if(report.problems, [](const Error& problem) { return problem.code != Errc::unavailable; });
    return report;
  }

  const auto start = std::chrono::steady_clock::now();
  report.files = check_pages(report.survey.files, {.crash = crash_state_of(report.survey), .progress = progress});
  report.duration = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
  find_changes(report);
  return report;
}

}  // namespace donord
