#pragma once

// A small datadir of a server of 8.0.17 to 8.0.29.

#include <filesystem>

#include "support/datadir_builder.hpp"
#include "support/old_redo_builder.hpp"

namespace donord::testing {

/// That of `build_datadir()` as MySQL 8.0.26 would have left it, with `spec`'s log.
inline void build_old_datadir(const std::filesystem::path& at, const OldRedoSpec& spec) {
  build_datadir(at);
  std::filesystem::remove_all(at / "#innodb_redo");
  write_file(at / "mysql.ibd",
             make_tablespace({.space = SpaceId{0xFFFFFFFE}, .flags = 0x4800, .pages = 12, .server_version = 80026}));
  write_old_redo(at, spec);
}

}  // namespace donord::testing
