#include "upstream/upstream_files.hpp"

#include <algorithm>
#include <tuple>

#include "upstream/text_number.hpp"

namespace donord {

namespace {

/// Of a discarded tablespace the server does not tell the id. Sorted here, so that a server with very many tables does
/// not seem to be silent while it sorts.
constexpr std::string_view kQuery =
    "SELECT file_id, file_type, file_name, tablespace_name FROM information_schema.files "
    "WHERE file_type IN ('TABLESPACE', 'UNDO LOG') AND file_id IS NOT NULL";
constexpr std::size_t kColumns = 4;
constexpr QueryLimits kLimits{.rows = 4'000'000, .bytes = std::size_t{1} << 30};

}  // namespace

Result<std::vector<UpstreamFile>> list_files(UpstreamConnection& connection) {
  Result<std::vector<TextRow>> rows = connection.query(kQuery, kColumns, kLimits);
  if (!rows) return rows.error();
  std::vector<UpstreamFile> files;
  files.reserve(rows->size());
  for (TextRow& row : *rows) {
    const auto space = number_of<SpaceId::Representation>(row[0]);
    if (!space || !row[2])
      return Error{Errc::malformed, fmt::format("{}: information_schema.files has a file '{}' of tablespace '{}'",
                                                connection.options().name(), row[2].value_or(""), row[0].value_or(""))};
    files.push_back({SpaceId{*space}, row[1] == "UNDO LOG" ? UpstreamFile::Kind::undo : UpstreamFile::Kind::tablespace,
                     std::move(*row[2]), row[3].value_or("")});
  }
  std::ranges::sort(files, {}, [](const UpstreamFile& file) { return std::tie(file.space, file.path); });
  return files;
}

}  // namespace donord
