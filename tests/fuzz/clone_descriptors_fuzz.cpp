// The InnoDB locator and the descriptors. The first byte chooses the type. What decodes must be written again as the
// same bytes.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>

#include "clone/descriptors.hpp"

namespace donord {
namespace {

template <class Descriptor>
void check(ByteView bytes) {
  const Result<Descriptor> descriptor = decode<Descriptor>(bytes);
  if (!descriptor) return;
  const Bytes written = encode(*descriptor);
  if (!std::equal(written.begin(), written.end(), bytes.begin(), bytes.end())) std::abort();
  if (dump<Descriptor>(bytes).empty()) std::abort();
}

using Check = void (*)(ByteView);
constexpr Check kChecks[] = {check<Locator>, check<TaskDescriptor>, check<StateDescriptor>, check<FileDescriptor>,
                             check<DataDescriptor>};

}  // namespace
}  // namespace donord

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  donord::kChecks[data[0] % std::size(donord::kChecks)]({data + 1, size - 1});
  return 0;
}
