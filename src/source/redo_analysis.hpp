#pragma once

// What recovery will do to the files of an instance that was not shut down cleanly: which tablespaces the redo log
// changes, creates and drops, and where it would hand a tablespace key to the recipient.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/redo_decode.hpp"
#include "innodb/redo_log.hpp"
#include "innodb/redo_parser.hpp"
#include "source/redo_packer.hpp"
#include "source/redo_patches.hpp"

namespace donord {

/// What the log says about one tablespace.
struct RedoSpace {
  Lsn first;             ///< of the first record that names it
  std::string path;      ///< as the last file operation has it; empty when there was none
  bool changed = false;  ///< there are records about its pages, not only about its file
  bool created = false;  ///< its file is made in the log, after the checkpoint
  bool deleted = false;  ///< the file is gone, or was about to be removed
};

struct RedoAnalysis {
  innodb::RedoCounts counts;
  Lsn complete_until;  ///< end of the last complete group
  std::map<SpaceId, RedoSpace> spaces;
  std::vector<innodb::EncryptionWrite> encryption_writes;  ///< in the order of the log
  std::uint64_t dynamic_metadata_records = 0;              ///< AUTO_INCREMENT counters and corruption marks
  /// Those that stand behind `complete_until`, as groups of their own: recovery takes them even there.
  std::vector<Bytes> unfinished_metadata;
  std::uint64_t index_load_records = 0;
};

/// Parses the whole range. `read` gives verified and decrypted blocks. The errors are those of `RedoParser`: the log is
/// damaged in the range that a recipient needs.
[[nodiscard]] Result<RedoAnalysis> analyze_redo(const RedoRange& range, std::uint32_t page_size_bytes,
                                                const innodb::RedoRead& read);

/// Takes the keys out of the log, and moves nothing. A recipient takes encryption information in its log for its own
/// and fails to unwrap the key. It recognises it by the offset in page 0, so the record is made to write zeros behind
/// all that a page 0 holds. The recipient does not even do that: the page 0 it has got is newer
/// (`CrashSurvey::bring_keys_up_to_date`).
[[nodiscard]] RedoPatches without_keys(const RedoAnalysis& analysis);

/// One error for each tablespace that recovery would look for in vain; a server does not start then. `present` are
/// those that have a file.
[[nodiscard]] std::vector<Error> missing_tablespaces(const RedoAnalysis& analysis, const std::set<SpaceId>& present);

}  // namespace donord
