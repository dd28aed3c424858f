#pragma once

// What a server says no with, as donord's errors: code for those that branch, number, SQL state and text for people,
// and what to do about it.

#include "base/result.hpp"
#include "protocol/generic_response.hpp"

namespace donord {

/// `denied`: login or rights; `unsupported_version`: a function, variable or table that this server does not have;
/// `insecure`: it wants TLS; `timeout`: a lock that was not got in time; `unavailable`: too many connections;
/// `cancelled`: it ends this connection. Anything else is `io`.
[[nodiscard]] Error upstream_error(const ErrPacket& err);

/// For a payload that starts with the marker of an ERR.
[[nodiscard]] Error upstream_error(ByteView payload);

}  // namespace donord
