#pragma once

// What a statement can ask about: the connection it came on, the server it came to, and the last clone. A snapshot,
// made for one statement.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "catalog/session_record.hpp"
#include "server/accounts.hpp"

namespace donord {

struct SqlVariable {
  enum class Kind { text, number, boolean };

  /// ON or OFF for a boolean, which SHOW shows so and `SELECT @@name` as 1 or 0. None is NULL.
  std::optional<std::string> value;
  Kind kind = Kind::text;
};

/// By lower-case name.
using SqlVariables = std::map<std::string, SqlVariable, std::less<>>;

struct SqlPlugin {
  std::string name;
  std::string type;                    ///< "STORAGE ENGINE"
  std::optional<std::string> library;  ///< none: built in
};

/// InnoDB, clone and the authentication plugins, all ACTIVE.
[[nodiscard]] std::vector<SqlPlugin> donor_plugins();

struct SqlProcess {
  ConnectionId id;
  std::string user;
  std::string host;
  std::string database;
  std::string command;  ///< "Query", "Sleep", "Clone"
  std::chrono::seconds time{};
};

struct SqlContext {
  ConnectionId connection;
  std::string user;       ///< as the client gave it
  std::string peer_host;  ///< "192.0.2.7"; USER() is user@peer_host
  AccountMatch account;   ///< CURRENT_USER() is account.user@account.host
  std::string database;   ///< empty: none
  std::string tls_version;
  std::string tls_cipher;
  SqlVariables variables;
  std::vector<SqlPlugin> plugins = donor_plugins();
  std::vector<SqlProcess> processes;
  std::optional<SessionRecord> last_session;
  std::chrono::seconds uptime{};
  std::int64_t now_ms = 0;
};

}  // namespace donord
