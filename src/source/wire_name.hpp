#pragma once

// The name that a file gets on the wire.

#include "base/result.hpp"
#include "source/path_map.hpp"
#include "source/tablespace_file.hpp"

namespace donord {

/// `file.name`, which is the one that mysqld knows, or what the map makes of it. A name that a recipient would take and
/// whose tablespace its server would not open afterwards is refused with `Errc::usage`
/// (docs/innodb-files.md, "Moved files").
[[nodiscard]] Result<std::string> wire_name(const TablespaceFile& file, const PathMap& map);

}  // namespace donord
