// Commands, with and without query attributes. What decodes must decode to itself again after it was encoded.

#include <cstdint>
#include <cstdlib>

#include "protocol/command.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace donord;
  const ByteView payload{data, size};
  for (const Capabilities effective : {Capabilities{}, Capabilities{Capability::query_attributes}}) {
    const Result<Command> command = decode_command(payload, effective);
    if (!command) continue;
    const Result<Command> again = decode_command(encode_command(*command, effective), effective);
    if (!again || !(*again == *command)) std::abort();
  }
  return 0;
}
