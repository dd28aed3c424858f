#pragma once

// Keys that the log writes into pages 0: wrapped for the source's own keyring, so that a recipient cannot use them.

#include <cstdint>
#include <map>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/redo_log.hpp"
#include "source/redo_packer.hpp"
#include "source/tablespace_file.hpp"

namespace donord {

/// Gives each of these files, the first ones of their tablespaces, the page 0 that recovery to the end of the range
/// would make, if the range changes it: it is identified again by that page, without its cipher.
[[nodiscard]] Result<> replay_keys(const RedoRange& range, std::uint32_t page_size_bytes, const innodb::RedoRead& read,
                                   const std::map<SpaceId, TablespaceFile*>& files);

}  // namespace donord
