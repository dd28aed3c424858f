#pragma once

// When a transaction was committed, as the event before it says: by the clock of the server that wrote the log, while
// the time in the header of an event is that of a statement, of another server, or what a client made it to be.

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "binlog/event.hpp"

namespace donord::binlog {

/// Microseconds since 1970, from the body of one of the GTID events; nothing when there is none in it, as before 8.0.1.
[[nodiscard]] std::optional<std::int64_t> commit_time_of(EventType type, ByteView body);

}  // namespace donord::binlog
