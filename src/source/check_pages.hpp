#pragma once

// Verifies every page of files exactly as it would be served, and counts what it finds.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/page_header.hpp"
#include "source/datadir_survey.hpp"
#include "source/page_condition.hpp"

namespace donord {

/// Every page is one of verified, unverified, never written and damaged.
struct PageCounts {
  std::uint64_t verified = 0;   ///< can be served: intact, or repaired
  std::uint64_t encrypted = 0;  ///< of the verified ones
  std::uint64_t repaired = 0;   ///< of the verified ones
  std::uint64_t unverified = 0;
  std::uint64_t never_written = 0;
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
  PageCounts pages;
  std::map<innodb::PageType, std::uint64_t> types;  ///< as stored, of the verified and the unverified pages
  Lsn newest_lsn;                                   ///< of these
  std::vector<Damage> damage;                       ///< the first of it, by page

  [[nodiscard]] std::uint64_t damaged_pages_not_listed() const;
};

/// Bytes done and bytes in all. Called now and then, never by two threads at once.
using CheckProgress = std::function<void(std::uint64_t done_bytes, std::uint64_t total_bytes)>;

inline constexpr std::size_t kMaxListedDamage = 20;

struct PageCheckOptions {
  std::optional<CrashState> crash = {};  ///< that of the instance, if it was not shut down cleanly
  CheckProgress progress = {};
  std::size_t max_listed_damage = kMaxListedDamage;  ///< per file
};

/// What `PageCheckOptions` and `PageExaminer` want of the instance that the files belong to.
[[nodiscard]] std::optional<CrashState> crash_state_of(const DatadirSurvey& survey);

/// Reads the files to their ends on all processors, some MiB per processor at a time; one result per file. A page that
/// the disk does not give is damaged, like one that is wrong.
[[nodiscard]] std::vector<FileCheck> check_pages(const std::vector<TablespaceFile>& files,
                                                 const PageCheckOptions& options);

}  // namespace donord
