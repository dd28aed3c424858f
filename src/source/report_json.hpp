#pragma once

// Parts that the reports for programs have in common.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "source/check_pages.hpp"
#include "source/tablespace_file.hpp"

namespace donord {

using ReportJson = nlohmann::ordered_json;

[[nodiscard]] ReportJson to_json(const std::optional<Lsn>& lsn);
[[nodiscard]] ReportJson to_json(const Error& error);
/// "verified", "encrypted" and so on, as `PageCounts` has them.
[[nodiscard]] ReportJson to_json(const PageCounts& pages);
/// "name", "path", "role", "size_bytes"; of a tablespace "space_id", too.
[[nodiscard]] ReportJson to_json(const TablespaceFile& file);
/// "pages", "page_types", "newest_lsn", "damage", "damaged_pages_not_listed".
void add_to_json(ReportJson& json, const FileCheck& check);

/// File names are bytes, JSON is UTF-8: what is not is replaced.
[[nodiscard]] std::string dump(const ReportJson& json);

}  // namespace donord
