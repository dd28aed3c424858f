#include "source/datadir_scan.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
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

Error unfinished_truncation(const fs::path& log) {
  return Error{Errc::conflict, fmt::format("{} says that an undo tablespace is being truncated", log.string()),
               "start the server once and shut it down cleanly"};
}

/// What a recipient names its files while it replaces the old ones: new, old and renamed ones
/// (docs/clone-stream.md, "Status files").
bool is_twin_of_a_clone(std::string_view name) {
  return name.ends_with(".#clone") || name.ends_with(".#clone_save") || name.ends_with(".#clone_ddl");
}

bool is_skipped_directory(std::string_view name) {
  return name.starts_with('#') || name == "lost+found";
}

/// Walks directories, each once even when links or options lead to it twice.
class Walk {
 public:
  Walk(const DatadirOptions& options, DatadirScan& into) : options_(options), into_(into) {}

  void directory(const fs::path& directory, int depth = 0) {
    if (!first_visit(directory)) return;
    if (depth > kMaxDepth) {
      into_.problems.push_back(Error{Errc::conflict,
                                     fmt::format("{} is deeper than {} directories", directory.string(), kMaxDepth),
                                     "move it out of the datadir"});
      return;
    }
    std::error_code error;
    fs::directory_iterator entries{directory, error};
    for (; !error && entries != fs::directory_iterator{}; entries.increment(error)) entry(entries->path(), depth);
    if (error) into_.problems.push_back(io_error("list", directory, error.value()));
  }

  /// The directory of the redo log, which holds signs of unfinished work but no tablespaces.
  void log_directory(const fs::path& directory) {
    if (!first_visit(directory)) return;
    std::error_code error;
    for (fs::directory_iterator entries{directory, error}; !error && entries != fs::directory_iterator{};
         entries.increment(error))
      note_unfinished_work(entries->path());
    if (error) into_.problems.push_back(io_error("list", directory, error.value()));
  }

 private:
  void entry(const fs::path& path, int depth) {
    const std::string name = path.filename().string();
    if (note_unfinished_work(path) || (name.starts_with('#') && !name.starts_with("#sql"))) return;
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0) return note_unreachable(path, errno);
    if (S_ISDIR(status.st_mode)) {
      if (!is_skipped_directory(name)) directory(path, depth + 1);
    } else if (S_ISREG(status.st_mode) && is_tablespace_name(name)) {
      into_.candidates.push_back({path, name_on_the_server(path)});
    }
  }

  /// A link that leads nowhere may be the only trace of a schema on a disk that is not mounted.
  void note_unreachable(const fs::path& path, int error_number) {
    struct stat link = {};
    if (::lstat(path.c_str(), &link) != 0 && errno == ENOENT) return;  // removed since it was listed
    into_.problems.push_back(io_error("reach", path, error_number));
    into_.problems.back().hint = "make the file or directory accessible, or remove the link";
  }

  bool note_unfinished_work(const fs::path& path) {
    const std::string name = path.filename().string();
    if (is_undo_truncation_log(name)) {
      into_.problems.push_back(unfinished_truncation(path));
      return true;
    }
    if (!is_twin_of_a_clone(name)) return false;
    if (!std::exchange(clone_noted_, true))  // there is one for every file
      into_.problems.push_back(unfinished_clone(path));
    return true;
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
  bool clone_noted_ = false;
};

}  // namespace

bool is_undo_truncation_log(std::string_view name) {
  return name.starts_with("undo_") && name.ends_with("_trunc.log");
}

Error unfinished_clone(const fs::path& sign) {
  return Error{Errc::conflict, fmt::format("{} says that a clone into this directory is unfinished", sign.string()),
               "start mysqld on the directory once, so that it finishes the clone or rolls it back"};
}

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
