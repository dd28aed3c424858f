#pragma once

// Finds out what the files of an instance are: a hundred thousand of them in seconds, on all processors, and those that
// an earlier survey knows without reading them again.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "source/crash_survey.hpp"
#include "source/datadir_scan.hpp"
#include "source/path_map.hpp"
#include "source/tablespace_file.hpp"

namespace donord {

/// The tablespaces of an earlier survey, which must outlive this, by what the file system calls their files.
class KnownTablespaces {
 public:
  KnownTablespaces() = default;
  explicit KnownTablespaces(const std::vector<TablespaceFile>& files);

  /// Null when the file is new, has changed, or had something about it that depends on more than the file.
  [[nodiscard]] const TablespaceFile* find(const std::filesystem::path& path, const FileStamp& stamp) const;

 private:
  std::map<std::pair<std::uint64_t, std::uint64_t>, const TablespaceFile*> by_inode_;
};

/// What bears on the files of one instance.
struct TablespaceSurveyContext {
  std::uint32_t page_size_bytes = 0;   ///< innodb_page_size, 0 if it is not known
  const CrashSurvey* crash = nullptr;  ///< null after a clean shutdown
  const PathMap* path_map = nullptr;
  KnownTablespaces known;
};

struct TablespaceSurvey {
  std::vector<TablespaceFile> files;  ///< undo, dictionary and user tablespaces, each kind in the order of candidates
  std::vector<Error> problems;
  std::vector<std::string> ignored;  ///< why a file is left out, as a server would leave it out
};

[[nodiscard]] TablespaceSurvey survey_tablespaces(const std::vector<ScannedFile>& candidates,
                                                  const TablespaceSurveyContext& context);

}  // namespace donord
