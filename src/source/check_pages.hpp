#pragma once

// Verifies every page of the files of a survey exactly as it would be served, and counts what it finds.

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "source/datadir_survey.hpp"

namespace donord {

/// Every page is one of verified, unverified, never written and damaged.
struct PageCounts {
  std::uint64_t verified = 0;       ///< can be served: intact, or repaired
  std::uint64_t encrypted = 0;      ///< of the verified ones
  std::uint64_t repaired = 0;       ///< of the verified ones: torn by the crash, replaced by the doublewrite copy
  std::uint64_t unverified = 0;     ///< encrypted, and the key is not at hand
  std::uint64_t never_written = 0;  ///< zeros: the file was extended over them and nothing more
  std::uint64_t damaged = 0;

  PageCounts& operator+=(const PageCounts& other);
  bool operator==(const PageCounts&) const = default;
};

struct Damage {
  std::optional<PageNo> page;  ///< nothing when the file as a whole is meant
  Error error;                 ///< names file and page
};

/// What the pages of a file are like.
struct FileCheck {
  static constexpr std::size_t kMaxListed = 20;

  PageCounts pages;
  std::vector<Damage> damage;  ///< the first of it, by page

  [[nodiscard]] std::uint64_t damaged_pages_not_listed() const;
};

/// Bytes done and bytes in all. Called now and then, never by two threads at once.
using CheckProgress = std::function<void(std::uint64_t done_bytes, std::uint64_t total_bytes)>;

/// Reads all files of the survey on all processors, some MiB per processor at a time; one result per file, in the order
/// of the survey. A page that the disk does not give is damaged, like one that is wrong.
[[nodiscard]] std::vector<FileCheck> check_pages(const DatadirSurvey& survey, const CheckProgress& progress);

}  // namespace donord
