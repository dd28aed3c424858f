#pragma once

// What a single page is like, as far as serving it goes.

#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "source/page_filter.hpp"
#include "source/tablespace_file.hpp"

namespace donord {

enum class PageCondition {
  intact,
  encrypted,      ///< and intact, as its key shows
  repaired,       ///< torn by a crash; the doublewrite files have it whole
  unverified,     ///< encrypted, and the key is not at hand
  never_written,  ///< zeros: the file was extended over it and nothing more
  damaged,
};

/// "intact", "never written".
[[nodiscard]] std::string_view name_of(PageCondition condition);

[[nodiscard]] bool is_encrypted(ByteView page);
[[nodiscard]] bool was_never_written(ByteView page, const TablespaceFile& file, PageNo number);

/// Examines pages with the filter through which they are served. For one thread.
class PageExaminer {
 public:
  /// Without a crash state whatever is torn is damaged.
  explicit PageExaminer(const std::optional<CrashState>& crash) : filter_(crash ? PageFilter{*crash} : PageFilter{}) {}

  /// Leaves the page as it would be served. Never PageCondition::damaged: then the error names file and page.
  [[nodiscard]] Result<PageCondition> examine(const TablespaceFile& file, PageNo number, MutableBytes page) const;

  [[nodiscard]] const PageFilter& filter() const { return filter_; }

 private:
  const PageFilter filter_;
};

}  // namespace donord
