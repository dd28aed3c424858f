// What a server answers: OK, ERR, EOF and whole result sets. The first byte chooses the capabilities; the input is cut
// into payloads by a length byte in front of each.

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "protocol/generic_response.hpp"
#include "protocol/result_set.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace donord;
  if (size == 0) return 0;
  Capabilities effective;
  if ((data[0] & 1) != 0) effective.add(Capability::deprecate_eof);
  if ((data[0] & 2) != 0) effective.add(Capability::session_track);
  ByteView left{data + 1, size - 1};

  if (const Result<OkPacket> ok = decode_ok(left, effective)) {
    const Result<OkPacket> again = decode_ok(encode(*ok), effective);
    if (!again || !(*again == *ok)) std::abort();
  }
  if (const Result<ErrPacket> err = decode<ErrPacket>(left)) {
    const Result<ErrPacket> again = decode<ErrPacket>(encode(*err));
    if (!again || !(*again == *err)) std::abort();
  }
  static_cast<void>(decode<EofPacket>(left));

  ResultSetReader reader{effective, std::size_t{1} << 20};
  while (!left.empty()) {
    const std::size_t count = std::min<std::size_t>(left.front(), left.size() - 1);
    const Result<bool> done = reader.on_packet(left.subspan(1, count));
    left = left.subspan(1 + count);
    if (!done || *done) break;
  }
  return 0;
}
