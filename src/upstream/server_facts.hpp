#pragma once

// What a server says about itself, as far as donord wants to know it.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "upstream/upstream_connection.hpp"

namespace donord {

/// The component that keeps the master keys.
struct KeyringComponent {
  std::string name;       ///< "component_keyring_file"
  std::string status;     ///< "Active"
  std::string data_file;  ///< empty for components without one
};

struct ServerFacts {
  std::string version;  ///< "9.7.4"
  std::string server_uuid;
  std::string datadir;
  std::uint32_t page_size_bytes = 0;
  std::uint64_t uptime_seconds = 0;
  /// mysqld's options for places, other than the datadir, as they are in force: "innodb_undo_directory" -> "./". Paths
  /// may be relative to the datadir; empty ones are mysqld's default.
  std::map<std::string, std::string> locations;

  bool redo_log_enabled = true;
  std::optional<std::uint32_t> redo_log_uuid;  ///< that the redo files have in their headers; since 8.0.30
  std::uint64_t redo_log_capacity_bytes = 0;   ///< 0 before 8.0.30
  bool redo_log_encrypt = false;

  bool log_bin = false;
  std::string gtid_mode;  ///< "ON"
  std::string pid_file;
  /// As the server sees it, which may be in another container. Absent when the account may not know.
  std::optional<std::uint64_t> pid;
  std::optional<KeyringComponent> keyring;  ///< absent when there is none, or the account may not know
};

/// Errors: `unsupported_version` for what is not MySQL of 8.0 or newer; those of `UpstreamConnection`.
[[nodiscard]] Result<ServerFacts> read_server_facts(UpstreamConnection& connection);

}  // namespace donord
