#pragma once

// What a client asks for in the command phase: one packet with sequence id 0, whose first byte says which command it
// is. Source: MySQL manual, "Command Phase"; docs/wire-and-clone-rpc.md, "COM_CLONE itself".

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "protocol/capabilities.hpp"
#include "protocol/query_attributes.hpp"

namespace donord {

enum class CommandCode : std::uint8_t {
  quit = 0x01,
  init_db = 0x02,
  query = 0x03,
  ping = 0x0E,
  reset_connection = 0x1F,
  clone = 0x20,
};

/// COM_QUIT: the client leaves; there is no answer.
struct ComQuit {
  static constexpr CommandCode kCode = CommandCode::quit;
  bool operator==(const ComQuit&) const = default;
};
/// COM_INIT_DB: the default schema; its name fills the packet.
struct ComInitDb {
  static constexpr CommandCode kCode = CommandCode::init_db;

  std::string schema;
  bool operator==(const ComInitDb&) const = default;
};
/// COM_QUERY: a statement in text; it fills the packet, behind attributes where query_attributes is in force.
struct ComQuery {
  static constexpr CommandCode kCode = CommandCode::query;

  std::string statement;
  std::vector<QueryAttribute> attributes;
  bool operator==(const ComQuery&) const = default;
};
/// COM_PING.
struct ComPing {
  static constexpr CommandCode kCode = CommandCode::ping;
  bool operator==(const ComPing&) const = default;
};
/// COM_RESET_CONNECTION: a recipient sends it after COM_EXIT, on every connection.
struct ComResetConnection {
  static constexpr CommandCode kCode = CommandCode::reset_connection;
  bool operator==(const ComResetConnection&) const = default;
};
/// COM_CLONE: after the OK this connection speaks the clone RPC.
struct ComClone {
  static constexpr CommandCode kCode = CommandCode::clone;
  bool operator==(const ComClone&) const = default;
};
/// Any other command, to be refused with error 1047.
struct ComUnknown {
  std::uint8_t code = 0;
  bool operator==(const ComUnknown&) const = default;
};

using Command = std::variant<ComQuit, ComInitDb, ComQuery, ComPing, ComResetConnection, ComClone, ComUnknown>;

/// Errors: `malformed` or `truncated` for an empty payload, a body where none belongs, and broken attributes.
[[nodiscard]] Result<Command> decode_command(ByteView payload, Capabilities effective);

[[nodiscard]] Bytes encode_command(const Command& command, Capabilities effective);

}  // namespace donord
