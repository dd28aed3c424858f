// Packets and compressed frames from a hostile peer. The first byte chooses the layer and the size of the reads.

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "protocol/compressed_frame.hpp"
#include "protocol/packet.hpp"

namespace donord {
namespace {

constexpr std::size_t kLimitBytes = std::size_t{1} << 20;

template <class Assembler>
void run(Assembler& assembler, ByteView wire, std::size_t read_bytes) {
  while (!wire.empty()) {
    const MutableBytes to = assembler.wanted();
    if (to.empty()) std::abort();
    const ByteView from = wire.first(std::min({to.size(), wire.size(), read_bytes}));
    std::copy(from.begin(), from.end(), to.begin());
    wire = wire.subspan(from.size());
    const Result<bool> whole = assembler.advance(from.size());
    if (!whole) return;
    if (*whole && assembler.take().size() > kLimitBytes) std::abort();
  }
}

}  // namespace
}  // namespace donord

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace donord;
  if (size == 0) return 0;
  const ByteView wire{data + 1, size - 1};
  const std::size_t read_bytes = (data[0] >> 1) + 1U;
  if ((data[0] & 1) == 0) {
    PacketAssembler packets{kLimitBytes};
    run(packets, wire, read_bytes);
  } else {
    FrameAssembler frames{kLimitBytes};
    run(frames, wire, read_bytes);
  }
  return 0;
}
