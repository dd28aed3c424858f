#pragma once

// Goes through the redo that recovery would.

#include "base/result.hpp"
#include "innodb/redo_log.hpp"
#include "innodb/redo_parser.hpp"
#include "source/redo_packer.hpp"

namespace donord {

/// Feeds the blocks of a range, the last one included, to a parser. `read` gives verified and decrypted blocks. The
/// errors are those of `read`, of `sink` and of the parser: the log is damaged in the range that a recipient needs.
[[nodiscard]] Result<> parse_redo(const RedoRange& range, const innodb::RedoRead& read, innodb::RedoParser& parser,
                                  innodb::RedoSink& sink);

}  // namespace donord
