#pragma once

// Is a page what it should be? Its checksum, its two copies of the LSN (a torn page has different ones), its page
// number and its space id are compared with what the reader expects.

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/tablespace_flags.hpp"

namespace donord::innodb {

enum class PageState {
  intact,
  never_written,  ///< all bytes zero: the file was extended over it and nothing more
  encrypted,      ///< its checksum is inside of the encrypted part; page number and space id are right
};

/// The two areas of the system tablespace that held the doublewrite buffer before 8.0.20. A datadir that has been
/// upgraded since may hold copies of any page there; the server does not read them any more.
struct LegacyDoublewrite {
  PageNo first_area;
  PageNo second_area;
  std::uint32_t pages_per_area = 0;

  [[nodiscard]] bool contains(PageNo page) const {
    return page.value() - first_area.value() < pages_per_area || page.value() - second_area.value() < pages_per_area;
  }
};

inline constexpr PageNo kTransactionSystemPage{5};

/// Reads where the areas are from page 5 of space 0; nothing when it does not say.
[[nodiscard]] std::optional<LegacyDoublewrite> find_legacy_doublewrite(ByteView transaction_system_page,
                                                                       const PageFormat& format);

inline constexpr Lsn kNoMaxLsn{std::numeric_limits<std::uint64_t>::max()};

/// What the pages of a file have in common.
struct PageExpectation {
  PageFormat format;
  SpaceId space;
  std::optional<LegacyDoublewrite> legacy_doublewrite = {};
  /// Where the redo log ends, if that is known: a page is never written before the log of its last change.
  Lsn max_lsn = kNoMaxLsn;
};

/// `Errc::checksum` when a page is newer than the log: the log was lost, or page and log are of different copies.
[[nodiscard]] Result<> check_page_lsn(Lsn page_lsn, const PageExpectation& expected, PageNo number);

/// Checks one page of `expected.format.physical_bytes`. Whatever is wrong with it is an `Errc::checksum` that names the
/// page, the space, what was expected and what was found.
[[nodiscard]] Result<PageState> check_page(ByteView page, const PageExpectation& expected, PageNo number);

/// Looks at the page with this index; an error ends the visit.
using PageVisitor = std::function<Result<>(std::size_t index, const Result<PageState>& state)>;

/// Checks adjacent pages, the first of which is `first`; the length of `pages` is a multiple of the physical page size.
/// `visit` is called for each page that may need a closer look, in order: never for most of the intact ones. Faster
/// than page by page: the sums of several pages are computed at once. The error is that of `visit`.
[[nodiscard]] Result<> visit_odd_pages(ByteView pages, const PageExpectation& expected, PageNo first,
                                       const PageVisitor& visit);

/// The same for a reader who wants nothing but intact pages and pages never written. The error is that of the first bad
/// page. Encrypted pages are refused with `Errc::unsupported_version`, since nothing can be said about them.
[[nodiscard]] Result<> check_pages(ByteView pages, const PageExpectation& expected, PageNo first);

}  // namespace donord::innodb
