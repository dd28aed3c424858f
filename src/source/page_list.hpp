#pragma once

// The pages of a tablespace file, one after the other.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/page_header.hpp"
#include "source/page_condition.hpp"
#include "source/tablespace_file.hpp"

namespace donord {

/// One page, or adjacent ones that were never written.
struct PageRun {
  PageNo first;
  std::uint32_t count = 1;
  PageCondition condition = PageCondition::intact;
  innodb::PageType type = innodb::PageType::allocated;  ///< as stored
  std::optional<innodb::PageType> original_type;        ///< of one that is encrypted or compressed: before that
  Lsn lsn;
  std::string problem;  ///< of a damaged one
};

/// Calls `visit` for all pages of the file in order; they are too many to keep them all. The error says why the file
/// cannot be opened. What the disk does not give is damaged.
[[nodiscard]] Result<> list_pages(const TablespaceFile& file, const std::function<void(const PageRun&)>& visit);

/// "12        INDEX    LSN 4711  intact", without line end.
[[nodiscard]] std::string page_text(const PageRun& run);
/// A JSON object on one line.
[[nodiscard]] std::string page_json(const PageRun& run);

}  // namespace donord
