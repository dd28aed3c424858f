#pragma once

// QUERY events: statements. Those that begin and end transactions are, and DDL, which is a transaction of its own.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace donord::binlog {

/// The body of a QUERY event.
///
///   size
///      4  thread
///      4  seconds that it took
///      1  length of the schema's name
///      2  error number
///      2  size of the status variables
///         status variables: each a code and a value, whose size depends on the code
///         name of the schema and a NUL
///         the statement, to the end
struct QueryEvent {
  /// XID of a DDL statement that InnoDB can undo: status variable 17.
  std::optional<std::uint64_t> ddl_xid;
  std::string_view statement;  ///< refers to the body
};

/// How much of a body is enough to decode it, but for the end of a statement that is longer than any about
/// transactions.
inline constexpr std::size_t kQueryEventBytes = 13 + 65535 + 256 + 1024;

/// `body` may be cut behind `kQueryEventBytes`.
[[nodiscard]] Result<QueryEvent> decode_query_event(ByteView body);

}  // namespace donord::binlog
