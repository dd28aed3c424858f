#pragma once

// A tablespace file as the clone protocol describes it.

#include "base/bytes.hpp"
#include "clone/donor_source.hpp"
#include "source/tablespace_file.hpp"

namespace donord {

/// What the recipient is told about the file.
[[nodiscard]] DataFile to_data_file(const TablespaceFile& file);

/// Puts the key of an encrypted tablespace (`file.cipher`) in the clear into its page 0, for the recipient to wrap it
/// again (docs/clone-stream.md, "Encryption info block").
void show_key(const TablespaceFile& file, MutableBytes page0);

}  // namespace donord
