#pragma once

// Page 0 says what a file is. After a crash it may be torn, or not written yet: then the doublewrite files have it, or
// the redo log has everything that was ever done to it.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "source/page_filter.hpp"
#include "source/redo_analysis.hpp"
#include "source/tablespace_file.hpp"

namespace donord {

/// What a crashed instance offers to bring back pages 0.
class FirstPageRescue {
 public:
  struct Log {
    RedoRange range;
    std::function<Result<innodb::RedoRead>()> open;
    const RedoAnalysis* analysis = nullptr;  ///< outlives the rescue
  };

  FirstPageRescue(CrashState crash, Log log, std::uint32_t page_size_bytes);

  /// Identifies a file whose own page 0 is `damage`d. The error is `damage`, or why what was found does not fit.
  /// Nothing for a file that was not written to yet and that the log does not know: recovery ignores it, and so may the
  /// caller.
  [[nodiscard]] Result<std::optional<TablespaceFile>> identify(const ScannedFile& file, const Error& damage) const;

 private:
  [[nodiscard]] Result<std::shared_ptr<const Bytes>> from_doublewrite(SpaceId space) const;
  [[nodiscard]] Result<std::shared_ptr<const Bytes>> from_redo(SpaceId space) const;

  CrashState crash_;
  Log log_;
  std::uint32_t page_size_bytes_;
  std::map<std::string, SpaceId> space_by_name_;  // of files that the log mentions
};

}  // namespace donord
