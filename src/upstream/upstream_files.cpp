#include "upstream/upstream_files.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

#include "innodb/space_id.hpp"
#include "upstream/text_number.hpp"

namespace donord {

namespace {

/// information_schema.files would do, but waits for DDL: a row needs the metadata lock of its tablespace. Not sorted
/// there, so that a server with very many tables does not seem to be silent while it sorts.
constexpr std::string_view kFiles = "SELECT space, path, name FROM information_schema.innodb_tablespaces_brief";
/// Discarded, or lost.
constexpr std::string_view kWithoutFile = "SELECT space FROM information_schema.innodb_tablespaces WHERE file_size = 0";
constexpr QueryLimits kLimits{.rows = 4'000'000, .bytes = std::size_t{1} << 30};

Result<SpaceId> space_of(const std::optional<std::string>& column, const UpstreamConnection& connection) {
  const auto space = number_of<SpaceId::Representation>(column);
  if (space) return SpaceId{*space};
  return Error{Errc::malformed, fmt::format("{}: information_schema has a tablespace '{}'", connection.options().name(),
                                            column.value_or(""))};
}

Result<std::set<SpaceId>> spaces_without_file(UpstreamConnection& connection) {
  const Result<std::vector<TextRow>> rows = connection.query(kWithoutFile, 1, kLimits);
  if (!rows) return rows.error();
  std::set<SpaceId> spaces;
  for (const TextRow& row : *rows) {
    const Result<SpaceId> space = space_of(row[0], connection);
    if (!space) return space.error();
    spaces.insert(*space);
  }
  return spaces;
}

}  // namespace

Result<std::vector<UpstreamFile>> list_files(UpstreamConnection& connection) {
  Result<std::vector<TextRow>> rows = connection.query(kFiles, 3, kLimits);
  if (!rows) return rows.error();
  const Result<std::set<SpaceId>> without_file = spaces_without_file(connection);
  if (!without_file) return without_file.error();
  // Nobody can have this one elsewhere, and the server's list does without it.
  std::vector<UpstreamFile> files{{innodb::kDictionarySpace, "./mysql.ibd", "mysql"}};
  files.reserve(rows->size() + files.size());
  for (TextRow& row : *rows) {
    const Result<SpaceId> space = space_of(row[0], connection);
    if (!space) return space.error();
    if (!row[1])
      return Error{Errc::malformed, fmt::format("{}: information_schema has no path of the tablespace {}, '{}'",
                                                connection.options().name(), *space, row[2].value_or(""))};
    if (without_file->contains(*space)) continue;
    const bool plain = !row[1]->starts_with('/') && !row[1]->starts_with("./");
    files.push_back({*space, (plain ? "./" : "") + *row[1], row[2].value_or("")});
  }
  std::ranges::sort(files, {}, [](const UpstreamFile& file) { return std::tie(file.space, file.path); });
  return files;
}

}  // namespace donord
