#pragma once

// Everything there is to know about a data directory without a server: its files, its redo log, and every reason why
// it cannot be served. A survey never fails: what is wrong becomes a problem in its list. `DatadirSource` refuses a
// directory with problems; `inspect` shows them.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "source/crash_decisions.hpp"
#include "source/crash_survey.hpp"
#include "source/datadir_options.hpp"
#include "source/redo_directory.hpp"
#include "source/tablespace_file.hpp"

namespace donord {

enum class Shutdown {
  unknown,
  clean,    ///< the log ends at its newest checkpoint, and the system tablespace says the same
  unclean,  ///< crashed, killed, still running, or a snapshot taken while it ran: there is something to recover
};

struct DatadirSurvey {
  DatadirOptions options;  ///< as given, with those that the server has persisted
  /// In wire order: the buffer pool dump, the system files as configured, then undo, dictionary and user tablespaces,
  /// each kind sorted by name.
  std::vector<TablespaceFile> files;
  RedoSurvey redo;

  std::uint32_t page_size_bytes = 0;  ///< innodb_page_size; 0 when page 0 of the system tablespace cannot be read
  std::optional<Lsn> flush_lsn;       ///< of the last clean shutdown, from page 0 of the system tablespace
  Shutdown shutdown = Shutdown::unknown;
  bool in_use = false;                       ///< a server is running on it
  std::shared_ptr<const CrashSurvey> crash;  ///< null unless the shutdown was unclean
  /// What becomes of the transactions that were prepared; null unless the shutdown was unclean, and everything else is
  /// right.
  std::shared_ptr<const CrashDecisions> decisions;

  /// The server that the directory belongs to, "9.7.4". Page 0 of the dictionary space decides: a server writes its
  /// version there when it has upgraded the directory, and it is what mysqld itself compares when it starts. The
  /// creator in the redo header is second, since it names a server only between a first start and the next clone.
  std::string server_version;

  std::vector<Error> problems;
  /// Files that are left out, as a server would ignore them, and why.
  std::vector<std::string> ignored_files;

  [[nodiscard]] std::uint64_t data_bytes() const;
  /// Where the log ends that goes to recipients; the source's own may end before or behind it.
  [[nodiscard]] Lsn served_redo_end() const;
  /// Keys are part of a clone, so that it must not go over a connection without TLS.
  [[nodiscard]] bool has_keys() const;
};

/// What has not changed since `previous`, an earlier survey of the same directory, is not read again.
[[nodiscard]] DatadirSurvey survey_datadir(const DatadirOptions& options, const DatadirSurvey* previous = nullptr);

/// A digest (SHA-256, hex) of what would be served: names, sizes, space ids and modification times of the files, and
/// the LSNs. The same for the same directory, whenever and by whomever it is taken.
[[nodiscard]] std::string fingerprint_of(const DatadirSurvey& survey);

}  // namespace donord
