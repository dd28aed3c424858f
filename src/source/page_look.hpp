#pragma once

// A page as the file that it belongs to lets one see it.

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/page_check.hpp"
#include "source/tablespace_file.hpp"

namespace donord {

/// What the page is; an encrypted one is looked into when the key of its tablespace is at hand, and never comes out as
/// `PageState::encrypted` unverified. Errors as from `innodb::check_page`.
[[nodiscard]] Result<innodb::PageState> look_at_page(ByteView page, const TablespaceFile& file,
                                                     const innodb::PageExpectation& expected, PageNo number);

/// The error of a page that nothing can be done about, with the name of its file.
[[nodiscard]] Error damaged_page(const TablespaceFile& file, const Error& error);

}  // namespace donord
