#pragma once

// Makes the pages of a datadir fit to be served: each is verified; after a crash, torn pages are repaired from the
// doublewrite files and pages never written are replaced by valid empty ones. Only what is served changes, never the
// datadir.

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/page_check.hpp"
#include "source/doublewrite_files.hpp"
#include "source/tablespace_file.hpp"

namespace donord {

/// Where a crash left an instance: what may be torn, and what to repair it from.
struct CrashState {
  Lsn checkpoint;
  std::shared_ptr<const DoublewriteFiles> doublewrite;
};

/// Thread-safe.
class PageFilter {
 public:
  /// Of an instance that was shut down cleanly: nothing is torn, whatever is wrong is damage.
  PageFilter() = default;
  explicit PageFilter(CrashState crash) : crash_(std::make_unique<const CrashState>(std::move(crash))) {}

  /// `pages` are whole pages of `file`, the first of which has the space-wide number `first`.
  ///
  /// A page is repaired from the newest good copy, which must not be older than the checkpoint: a page that was being
  /// written at the crash had changes behind it, so an older copy proves that the page was damaged at another time, and
  /// that changes would be lost. A page of zeros takes such a copy, too, as its server would see to: perhaps its write
  /// was lost. `Errc::checksum` names file and page of what cannot be repaired: what has no such copy, and what is
  /// newer than the log, page or copy.
  [[nodiscard]] Result<> apply(const TablespaceFile& file, PageNo first, MutableBytes pages) const;

  /// Whether `apply` would neither refuse nor change them; looks at nothing but them. False for damage, too.
  [[nodiscard]] bool are_fit(const TablespaceFile& file, PageNo first, ByteView pages) const;

  /// The pages repaired so far; one that is served twice counts twice.
  [[nodiscard]] std::uint64_t repaired_pages() const { return repaired_pages_; }

 private:
  enum class Copy { taken, none, too_old };

  /// Whether a page that looks like this is served as it is.
  [[nodiscard]] bool is_fit(const Result<innodb::PageState>& state) const;
  [[nodiscard]] Result<> repair(const TablespaceFile& file, PageNo number, const Error& damage,
                                MutableBytes page) const;
  [[nodiscard]] Result<> fill(const TablespaceFile& file, PageNo number, MutableBytes page) const;
  /// The newest good copy decides: it takes the place of the page, or is too old for that.
  [[nodiscard]] Result<Copy> take_copy(const TablespaceFile& file, PageNo number, std::string_view problem,
                                       MutableBytes page) const;
  [[nodiscard]] static Error beyond_repair(const Error& damage, Copy copy);

  std::unique_ptr<const CrashState> crash_;  // null after a clean shutdown
  mutable std::atomic<std::uint64_t> repaired_pages_ = 0;
};

}  // namespace donord
