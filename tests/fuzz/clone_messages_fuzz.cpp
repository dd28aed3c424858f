// The commands and responses of the clone RPC. The first byte chooses the message. What decodes must be written again
// as the same bytes.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>

#include "clone/messages.hpp"

namespace donord {
namespace {

template <class Message>
void check(ByteView bytes) {
  const Result<Message> message = decode<Message>(bytes);
  if (!message) return;
  const Bytes written = encode(*message);
  if (!std::equal(written.begin(), written.end(), bytes.begin(), bytes.end())) std::abort();
  if (dump<Message>(bytes).empty()) std::abort();
}

void check_init(ByteView bytes) {
  check<InitCommand>(bytes);
  if (const Result<InitCommand> command = decode<InitCommand>(bytes))
    if (innodb_locator(command->locators)) check<Locator>(command->locators.front().locator);
}

void check_ack(ByteView bytes) {
  check<AckCommand>(bytes);
  if (const Result<AckCommand> ack = decode<AckCommand>(bytes)) check<Locator>(ack->locator.locator);
}

using Check = void (*)(ByteView);
constexpr Check kChecks[] = {check_init,
                             check_ack,
                             check<LocsResponse>,
                             check<DataDescResponse>,
                             check<PluginResponse>,
                             check<ConfigResponse>,
                             check<CollationResponse>,
                             check<PluginV2Response>,
                             check<ConfigV3Response>,
                             check<ConfigV4Response>,
                             check<ErrorResponse>};

}  // namespace
}  // namespace donord

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  donord::kChecks[data[0] % std::size(donord::kChecks)]({data + 1, size - 1});
  return 0;
}
