#pragma once

// Answers the COM_QUERY of ordinary clients: a donor is asked for its version, its variables, its plugins and the
// state of its clones by people, monitors and orchestrators, and to kill a connection by recipients. No sockets, no
// clock, no state: a statement and its context go in, an answer comes out. What a donor does not do gets the error that
// a stock server has for it, and the connection stays open.
//
// Source: docs/wire-and-clone-rpc.md, "Group Replication, MySQL Shell, orchestrators".

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/ids.hpp"
#include "protocol/result_set.hpp"
#include "server/error_map.hpp"
#include "server/sql_context.hpp"

namespace donord {

struct SqlOk {
  std::optional<std::string> use_database = {};  ///< the connection's current database from now on
};

/// A connection is to be ended (KILL CONNECTION), or the statement it runs (KILL QUERY). Whether there is one of this
/// number, or a clone that had it, and whose it is, the caller knows; the client gets an OK, or error 1094 or 1095.
struct KillConnection {
  ConnectionId id;
  bool query_only = false;
};

using SqlReply = std::variant<SqlOk, TextResultSet, MysqlError, KillConnection>;

[[nodiscard]] SqlReply answer_sql(std::string_view statement, const SqlContext& context);

/// For COM_INIT_DB and the database of the handshake, as for USE: `SqlOk` or an unknown database.
[[nodiscard]] SqlReply use_database(std::string_view name);

}  // namespace donord
