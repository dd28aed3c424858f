// Any bytes as a binary log: as they are, and as the events of one whose format description and checksums are right, so
// that nothing but the events can be wrong. Nothing is decided about what nobody asked for.

#include <cstdlib>

#include "base/codec.hpp"
#include "binlog/decisions.hpp"

namespace {

using namespace donord;
using namespace donord::binlog;

const Wanted kWanted{.internal = {1, 2, 6, 52, 61}, .external = {{1, "d", ""}, {7, "a", "branch"}}};

ByteSource source_of(ByteView bytes) {
  return {.size_bytes = bytes.size(), .read = [bytes](std::uint64_t offset, MutableBytes into) -> Result<> {
            if (offset > bytes.size() || into.size() > bytes.size() - offset) std::abort();
            std::ranges::copy(bytes.subspan(offset, into.size()), into.begin());
            return {};
          }};
}

void decide(ByteView bytes) {
  const Result<Decisions> decisions = read_decisions(source_of(bytes), kWanted);
  if (!decisions) return;
  if (decisions->end_position > bytes.size()) std::abort();
  for (const auto& [xid, decision] : decisions->internal)
    if (!kWanted.internal.contains(xid)) std::abort();
  for (const auto& [xid, decision] : decisions->external)
    if (!kWanted.external.contains(xid)) std::abort();
  if (persisted(decisions->unrecorded_gtids, decisions->gtids).empty() != decisions->unrecorded_gtids.empty())
    std::abort();
}

void add_event(Bytes& log, EventType type, ByteView body) {
  const std::size_t offset = log.size();
  const auto size = static_cast<std::uint32_t>(kEventHeaderBytes + body.size() + kChecksumBytes);
  append(log, encode(EventHeader{
                  .type = type, .size_bytes = size, .end_position = static_cast<std::uint32_t>(offset + size)}));
  append(log, body);
  const std::uint32_t sum = event_checksum(0, ByteView{log}.subspan(offset));
  log.resize(log.size() + kChecksumBytes);
  store_le<kChecksumBytes>(log.data() + log.size() - kChecksumBytes, sum);
}

/// Each event: a byte of type, two of length, the body.
void decide_events(ByteView bytes) {
  Bytes log{kMagic.begin(), kMagic.end()};
  Bytes description(57 + 41 + 1);
  description[0] = 4;
  description[56] = kEventHeaderBytes;
  description.back() = static_cast<std::uint8_t>(Checksum::crc32);
  add_event(log, EventType::format_description, description);
  while (bytes.size() >= 3) {
    const auto type = static_cast<EventType>(bytes[0]);
    const std::size_t length = std::min<std::size_t>(load_le<2>(bytes.data() + 1), bytes.size() - 3);
    add_event(log, type, bytes.subspan(3, length));
    bytes = bytes.subspan(3 + length);
  }
  decide(log);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  decide({data, size});
  decide_events({data, size});
  return 0;
}
