#include "protocol/generic_response.hpp"

#include "protocol/error_numbers.hpp"

namespace donord {

Result<OkPacket> decode_ok(ByteView payload, Capabilities capabilities) {
  OkPacket ok;
  ok.capabilities = capabilities;
  if (const Result<> done = decode_into(payload, ok); !done) return done.error();
  return ok;
}

Error server_error(const ErrPacket& err) {
  return Error{err.code == kErAccessDenied ? Errc::denied : Errc::unavailable,
               fmt::format("error {} ({}): {}", err.code, err.sql_state, err.message)};
}

}  // namespace donord
