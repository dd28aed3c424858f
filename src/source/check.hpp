#pragma once

// Can a data directory be served? For `donord check`: everything that a clone would find out, without a recipient.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "source/check_pages.hpp"
#include "source/datadir_survey.hpp"

namespace donord {

struct CheckReport {
  DatadirSurvey survey;
  std::vector<FileCheck> files;           ///< like `survey.files`; empty when a server is running on the directory
  std::vector<Error> problems;            ///< of the directory as a whole: those of the survey, and what came up later
  std::chrono::milliseconds duration{0};  ///< of reading the pages

  /// While a server is running its pages may be torn for good reason, so none is looked at.
  [[nodiscard]] bool in_use() const { return survey.in_use; }
  [[nodiscard]] bool servable() const;
  [[nodiscard]] PageCounts pages() const;
};

/// Surveys the directory, then reads and verifies all that would be served, to the end, whatever it meets. Meanwhile it
/// keeps servers from starting on it, as a clone does. The error says why this is no data directory.
[[nodiscard]] Result<CheckReport> check_datadir(const DatadirOptions& options, const CheckProgress& progress = {});

/// For people: several lines.
[[nodiscard]] std::string check_text(const CheckReport& report);
/// For programs: one JSON object.
[[nodiscard]] std::string check_json(const CheckReport& report);

}  // namespace donord
