#pragma once

// What there is to know about an instance that was not shut down cleanly: what may be torn and where its copies are,
// and what recovery will do.

#include <memory>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "source/datadir_options.hpp"
#include "source/first_page_rescue.hpp"
#include "source/page_filter.hpp"
#include "source/redo_analysis.hpp"
#include "source/redo_directory.hpp"
#include "source/tablespace_file.hpp"

namespace donord {

/// Keeps no file open.
class CrashSurvey {
 public:
  /// Reads the doublewrite files and the redo from the checkpoint to its end, which `redo` must have.
  [[nodiscard]] static Result<std::shared_ptr<const CrashSurvey>> make(const DatadirOptions& options,
                                                                       const RedoSurvey& redo,
                                                                       std::uint32_t page_size_bytes);

  [[nodiscard]] const RedoAnalysis& analysis() const { return analysis_; }
  [[nodiscard]] const CrashState& state() const { return state_; }

  /// `FirstPageRescue::identify()`.
  [[nodiscard]] Result<std::optional<TablespaceFile>> rescue(const ScannedFile& file, const Error& damage) const {
    return rescue_->identify(file, damage);
  }

  /// A recipient cannot use the keys that the log holds: they are wrapped for its donor's own keyring. So each file
  /// whose page 0 gets a key from the log is given the page 0 that recovery would make, and the log is served without
  /// the key.
  [[nodiscard]] Result<> bring_keys_up_to_date(std::vector<TablespaceFile>& files) const;

  /// One error for each tablespace that recovery would look for in vain; a server does not start then.
  [[nodiscard]] std::vector<Error> missing_tablespaces(const std::vector<TablespaceFile>& files) const;

 private:
  CrashSurvey() = default;

  RedoRange range_;
  std::uint32_t page_size_bytes_ = 0;
  RedoSurvey redo_;
  RedoAnalysis analysis_;
  CrashState state_;
  std::optional<FirstPageRescue> rescue_;  // refers to redo_ and analysis_
};

}  // namespace donord
