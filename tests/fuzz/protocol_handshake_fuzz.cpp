// The messages of the handshake, from either side. The first four bytes are the capabilities that the other side
// offered. What decodes must decode to itself again after it was encoded.

#include <cstdint>
#include <cstdlib>

#include "base/endian.hpp"
#include "protocol/handshake.hpp"

namespace donord {
namespace {

template <class Message>
void check(ByteView bytes) {
  const Result<Message> message = decode<Message>(bytes);
  if (!message) return;
  const Result<Message> again = decode<Message>(encode(*message));
  if (!again || !(*again == *message)) std::abort();
}

}  // namespace
}  // namespace donord

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace donord;
  if (size < 4) return 0;
  const Capabilities offered{static_cast<std::uint32_t>(load_le<4>(data))};
  const ByteView payload{data + 4, size - 4};
  check<HandshakeV10>(payload);
  check<SslRequest>(payload);
  check<AuthSwitchRequest>(payload);
  check<AuthMoreData>(payload);
  if (const Result<HandshakeResponse41> response = decode_handshake_response(payload, offered)) {
    const Result<HandshakeResponse41> again = decode_handshake_response(encode(*response), offered);
    if (!again || !(*again == *response)) std::abort();
  }
  return 0;
}
