#pragma once

// The files of a running server, as they are at one moment or another: they come, go and change while they are listed.
// What is uncertain is told by the log afterwards (`SpaceFates`).

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "live/server_process.hpp"
#include "source/datadir_options.hpp"
#include "source/keyring_file.hpp"
#include "source/tablespace_file.hpp"

namespace donord {

struct LiveSurvey {
  DatadirOptions options;  ///< as given, with those that the server has persisted
  /// In wire order: the system files as configured, then undo, dictionary and user tablespaces.
  std::vector<TablespaceFile> files;
  std::uint32_t page_size_bytes = 0;
  std::string server_version;
  std::shared_ptr<const KeyringFile> keyring;  ///< null when the server has none
  /// Files whose page 0 cannot be used, and why: just being made, or damaged.
  std::map<std::filesystem::path, Error> unidentified;

  [[nodiscard]] std::uint64_t data_bytes() const;
  [[nodiscard]] bool has_keys() const;
  [[nodiscard]] const TablespaceFile& system_file() const;
};

/// The server that runs on the directory; `Errc::unavailable` when none does.
[[nodiscard]] Result<ServerProcess> find_server(const DatadirOptions& options);

/// An undo tablespace is being truncated or created: its new file is not fit to be read before that has ended.
[[nodiscard]] Result<bool> truncates_undo(const DatadirOptions& options);
/// Until it has ended, before the log is read for a clone. `Errc::ddl_in_progress` when that takes very long.
[[nodiscard]] Result<> wait_for_undo_truncation(const DatadirOptions& options);

/// Lists and identifies the files. What has not changed since `previous` is not read again. The error is the first
/// reason for which nothing of it can be served, now or later.
[[nodiscard]] Result<LiveSurvey> survey_live(const DatadirOptions& options, const LiveSurvey* previous = nullptr);

/// Not so temporary tablespaces.
[[nodiscard]] bool is_served(const TablespaceFile& file);

/// The file at this path, known to the server by `name`. Looks again for a while when its page 0 is torn.
/// `Errc::not_found` when it is not there.
[[nodiscard]] Result<TablespaceFile> identify_live(const LiveSurvey& survey, const ScannedFile& file);

/// Unwraps the key of an encrypted tablespace; reads the keyring again when it has not got the master key.
[[nodiscard]] Result<> find_key(const DatadirOptions& options, std::shared_ptr<const KeyringFile>& keyring,
                                TablespaceFile& file);

/// The keyring that the server uses now; null when it has none.
[[nodiscard]] Result<std::shared_ptr<const KeyringFile>> read_live_keyring(const DatadirOptions& options);

}  // namespace donord
