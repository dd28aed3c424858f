// A hostile donor against the recipient machine: messages of the form u8 connection, u16 LE length, that many bytes.
// Connections are 0 (the master), 1 and 2; 254 cuts all of them, 255 attaches a worker. Whatever the recipient says
// must be readable.

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "clone/recipient_machine.hpp"
#include "support/no_sink.hpp"

namespace donord {
namespace {

constexpr std::uint8_t kCut = 254;
constexpr std::uint8_t kAttach = 255;

class CheckingSink final : public testing::NoSink {
 public:
  Result<> write(const DataDescriptor& where, ByteView data) override {
    if (data.size() != where.length_bytes) std::abort();
    return {};
  }
};

void check_command(const Bytes& bytes) {
  const Result<InitCommand> command = decode<InitCommand>(bytes);
  if (!command || command->locators.size() != 1) std::abort();
}

}  // namespace
}  // namespace donord

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace donord;
  CheckingSink sink;
  RecipientMachine machine{{}, sink};
  Cursor in{{data, size}};
  while (in.remaining() > 0) {
    const auto connection = static_cast<std::uint8_t>(in.le<1>("connection"));
    if (connection == kCut) {
      check_command(machine.reinit_command());
      continue;
    }
    if (connection == kAttach) {
      check_command(machine.attach_command().second);
      continue;
    }
    const std::size_t length = in.le<2>("length");
    const Result<RecipientMachine::Reaction> reaction =
        machine.on_response(CloneTaskId{connection % 3U}, in.take("message", std::min(length, in.remaining())));
    if (reaction && reaction->ack && !decode<AckCommand>(*reaction->ack)) std::abort();
  }
  return 0;
}
