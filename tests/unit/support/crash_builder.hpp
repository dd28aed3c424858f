#pragma once

// Makes a datadir that `build_datadir` built look like one whose server was killed.

#include <vector>

#include "support/datadir_builder.hpp"
#include "support/redo_builder.hpp"

namespace donord::testing {

/// Where the log of a crashed datadir begins: at the first block behind the last clean shutdown.
inline constexpr Lsn kCrashFirstBlock{kShutdownLsn.value() / 512 * 512 + 512};
inline constexpr Lsn kCrashCheckpoint = kCrashFirstBlock + 12;

/// Writes a log with these groups behind its checkpoint, in place of the one there was. Returns where it ends.
inline Lsn write_crashed_redo(const std::filesystem::path& datadir, const std::vector<Bytes>& groups) {
  RedoLogBuilder log{kCrashFirstBlock};
  for (const Bytes& group : groups) log.add(group);
  RedoFileSpec spec{.checkpoint = kCrashCheckpoint};
  while (spec.start_lsn + spec.size_bytes < log.end() + 16384) spec.size_bytes *= 2;
  Bytes file = make_redo_file(spec);
  std::size_t at = innodb::kRedoHeaderBytes + (kCrashFirstBlock - spec.start_lsn);
  for (const innodb::RedoBlockBytes& block : log.blocks()) {
    std::ranges::copy(block, file.begin() + static_cast<std::ptrdiff_t>(at));
    at += block.size();
  }
  write_file(datadir / "#innodb_redo" / "#ib_redo5", file);
  return log.end();
}

}  // namespace donord::testing
