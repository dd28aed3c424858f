#include "upstream/upstream_files.hpp"

#include <algorithm>
#include <tuple>

#include "upstream/text_number.hpp"

namespace donord {

namespace {

/// information_schema.files would do, but waits for DDL: each row needs the metadata lock of its tablespace. That of
/// the dictionary, which the others leave out, nobody locks. Sorted here, so that a server with very many tables does
/// not seem to be silent while it sorts.
constexpr std::string_view kQuery =
    "SELECT b.space, t.space_type, b.path, b.name FROM information_schema.innodb_tablespaces_brief b "
    "LEFT JOIN information_schema.innodb_tablespaces t ON t.space = b.space "
    "WHERE t.state IS NULL OR t.state <> 'discarded' "
    "UNION ALL SELECT file_id, file_type, file_name, tablespace_name FROM information_schema.files "
    "WHERE tablespace_name = 'mysql'";
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
      return Error{Errc::malformed, fmt::format("{}: information_schema has a file '{}' of tablespace '{}'",
                                                connection.options().name(), row[2].value_or(""), row[0].value_or(""))};
    files.push_back({SpaceId{*space}, row[1] == "Undo" ? UpstreamFile::Kind::undo : UpstreamFile::Kind::tablespace,
                     std::move(*row[2]), row[3].value_or("")});
  }
  std::ranges::sort(files, {}, [](const UpstreamFile& file) { return std::tie(file.space, file.path); });
  return files;
}

}  // namespace donord
