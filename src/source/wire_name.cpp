#include "source/wire_name.hpp"

#include <algorithm>
#include <filesystem>

namespace donord {

namespace {

namespace fs = std::filesystem;

/// "db/t.ibd" of "/data/db/t.ibd".
fs::path schema_and_file(const fs::path& name) {
  return name.parent_path().filename() / name.filename();
}

/// How many directories below the datadir a relative name ("./db/t.ibd") is.
auto depth_of(std::string_view name) {
  return std::ranges::count(name, '/') - 1;
}

std::string_view why_not(const TablespaceFile& file, const std::string& mapped) {
  const bool relative = !mapped.starts_with('/');
  if (!is_tablespace_name(fs::path{mapped}.filename().string())) return "that is no name of a tablespace";
  if (file.flags.shared())
    return relative && depth_of(mapped) > 0 ? "a general tablespace must not be in a directory below the datadir" : "";
  if (schema_and_file(mapped) != schema_and_file(file.name))
    return "a table must keep its file name, in a directory with the name of its schema";
  return relative && depth_of(mapped) != 1 ? "a table below the datadir must be in the directory of its schema" : "";
}

}  // namespace

Result<std::string> wire_name(const TablespaceFile& file, const PathMap& map) {
  const std::optional<std::string> mapped = map.map(file.name);
  if (!mapped || file.role != FileRole::user) return file.name;
  if (const std::string_view why = why_not(file, *mapped); !why.empty())
    return Error{Errc::usage, fmt::format("{} cannot be named {} by the path map: {}", file.name, *mapped, why),
                 "give another TO in --map-path"};
  return *mapped;
}

}  // namespace donord
