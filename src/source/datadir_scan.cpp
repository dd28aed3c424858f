#include "source/datadir_scan.hpp"

#include <algorithm>
#include <cctype>
#include <set>
#include <sys/stat.h>
#include <system_error>
#include <utility>

#include "base/file.hpp"

namespace donord {

namespace fs = std::filesystem;

namespace {

constexpr int kMaxDepth = 16;

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool is_undo_name(std::string_view name) {
  if (!name.starts_with("undo")) return false;
  name.remove_prefix(4);
  if (name.starts_with('_')) name.remove_prefix(1);
  return name.size() == 3 && all_digits(name);
}

bool is_undo_truncation_log(std::string_view name) {
  return name.starts_with("undo_") && name.ends_with("_trunc.log");
}

Error unfinished_truncation(const fs::path& log) {
  return Error{Errc::conflict, fmt::format("{} says that an undo tablespace is being truncated", log.string()),
               "start the server once and shut it down cleanly"};
}

bool is_skipped_directory(std::string_view name) {
  return name.starts_with('#') || name == "lost+found";
}

/// Walks directories, each once even when links or options lead to it twice.
class Walk {
 public:
  Walk(const DatadirOptions& options, DatadirScan& into) : options_(options), into_(into) {}

  void directory(const fs::path& directory, int depth = 0) {
    if (depth > kMaxDepth || !first_visit(directory)) return;
    std::error_code error;
    fs::directory_iterator entries{directory, error};
    for (; !error && entries != fs::directory_iterator{}; entries.increment(error)) entry(*entries, depth);
    if (error) into_.problems.push_back(io_error("list", directory, error.value()));
  }

  /// The directory of the redo log, which holds signs of unfinished work but no tablespaces.
  void log_directory(const fs::path& directory) {
    if (!first_visit(directory)) return;
    std::error_code error;
    for (fs::directory_iterator entries{directory, error}; !error && entries != fs::directory_iterator{};
         entries.increment(error))
      if (is_undo_truncation_log(entries->path().filename().string()))
        into_.problems.push_back(unfinished_truncation(entries->path()));
    if (error) into_.problems.push_back(io_error("list", directory, error.value()));
  }

 private:
  void entry(const fs::directory_entry& entry, int depth) {
    const std::string name = entry.path().filename().string();
    std::error_code ignored;  // what has vanished or leads nowhere is neither a directory nor a file
    if (entry.is_directory(ignored)) {
      if (!is_skipped_directory(name)) directory(entry.path(), depth + 1);
    } else if (is_undo_truncation_log(name)) {
      into_.problems.push_back(unfinished_truncation(entry.path()));
    } else if (is_tablespace_name(name) && (!name.starts_with('#') || name.starts_with("#sql")) &&
               entry.is_regular_file(ignored)) {
      into_.candidates.push_back({entry.path(), name_on_the_server(entry.path())});
    }
  }

  std::string name_on_the_server(const fs::path& path) const {
    const fs::path relative = path.lexically_relative(options_.datadir);
    if (!relative.empty() && *relative.begin() != "..") return "./" + relative.generic_string();
    return fs::absolute(path).lexically_normal().generic_string();
  }

  bool first_visit(const fs::path& directory) {
    struct stat status = {};
    if (::stat(directory.c_str(), &status) != 0) {
      into_.problems.push_back(io_error("list", directory, errno));
      return false;
    }
    return visited_.emplace(status.st_dev, status.st_ino).second;
  }

  const DatadirOptions& options_;
  DatadirScan& into_;
  std::set<std::pair<dev_t, ino_t>> visited_;
};

}  // namespace

bool is_tablespace_name(std::string_view name) {
  constexpr std::string_view kTableSuffix = ".ibd";
  return (name.ends_with(kTableSuffix) && name.size() > kTableSuffix.size()) || name.ends_with(".ibu") ||
         is_undo_name(name);
}

DatadirScan scan_datadir(const DatadirOptions& options) {
  DatadirScan scan;
  const Result<std::vector<SystemFileSpec>> system = parse_data_file_path(options.innodb_data_file_path);
  if (!system) {
    scan.problems.push_back(system.error());
  } else {
    const fs::path home = options.resolve(options.innodb_data_home_dir);
    for (const SystemFileSpec& file : *system)
      scan.system_files.push_back({home / file.path, file.path.filename().string()});
  }

  Walk walk{options, scan};
  walk.directory(options.datadir);
  walk.directory(options.resolve(options.innodb_data_home_dir));
  walk.directory(options.resolve(options.innodb_undo_directory));
  for (const fs::path& directory : options.innodb_directories) walk.directory(options.resolve(directory));
  if (!options.innodb_log_group_home_dir.empty())
    walk.log_directory(options.resolve(options.innodb_log_group_home_dir));
  std::ranges::sort(scan.candidates, {}, &ScannedFile::name);
  return scan;
}

}  // namespace donord
