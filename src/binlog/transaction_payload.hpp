#pragma once

// TRANSACTION_PAYLOAD events: under binlog_transaction_compression all events of a transaction but its GTID, compressed
// by zstd. There may be gigabytes of them, so that they are looked at one by one.

#include <cstdint>
#include <functional>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "binlog/log_walk.hpp"

namespace donord::binlog {

/// Gets the events of a payload in order, their bodies cut to the number of bytes that it asked for. Inside of a
/// payload no event has a checksum.
using PayloadVisitor = std::function<Result<>(const EventHeader& header, ByteView body)>;

/// The body begins with fields: type, length of the value, value, all as length-encoded integers: 1 size of the
/// payload, 2 compression (0 zstd, 255 none), 3 size before compression; type 0, without a length, ends them. The
/// payload follows.
///
/// The error is that of `visitor`, or says what is wrong with the payload: `Errc::malformed`, or
/// `Errc::unsupported_version` for an unknown compression.
[[nodiscard]] Result<> visit_payload(const LogWalk& log, const Event& event, std::size_t body_limit_bytes,
                                     const PayloadVisitor& visitor);

}  // namespace donord::binlog
