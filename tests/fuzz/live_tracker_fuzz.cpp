// Any bytes as what a page tracker writes into its file: sets of pages, frames, the header of the file. What decodes
// encodes to the same bytes, and a set does not take much more memory than its bytes.

#include <algorithm>
#include <cstdlib>

#include "base/codec.hpp"
#include "live/tracked_frame.hpp"
#include "live/tracker_file.hpp"

namespace {

using namespace donord;

/// A chunk that is written as 8 bytes takes a node of a map and an allocation.
constexpr std::size_t kMemoryPerByte = 32;

void must_be(const Bytes& again, ByteView bytes) {
  if (!std::ranges::equal(again, bytes)) std::abort();
}

void try_set(ByteView bytes) {
  const Result<PageSet> set = PageSet::decode(bytes);
  if (!set) return;
  must_be(set->encode(), bytes);
  if (set->memory_bytes() > sizeof(PageSet) + kMemoryPerByte * bytes.size()) std::abort();
  std::uint64_t pages = 0;
  set->for_each([&](PageId page) {
    ++pages;
    if (!set->contains(page.space, page.page)) std::abort();
  });
  if (pages != set->count()) std::abort();
  PageSet twice = *set;
  twice.merge(*set);
  if (twice != *set) std::abort();
}

void try_frame(ByteView bytes) {
  Result<TrackedFrame> frame = decode<TrackedFrame>(bytes);
  if (!frame) return;
  must_be(encode(*frame), bytes);
  if (frame->from >= frame->to) std::abort();
  frame->end_at_mark();
  if (frame->from >= frame->to || !decode<TrackedFrame>(encode(*frame))) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes{data, size};
  try_set(bytes);
  try_frame(bytes);
  if (const Result<TrackerFileHeader> header = TrackerFileHeader::decode(bytes); header)
    must_be(header->encode(), bytes.first(TrackerFileHeader::kBytes));
  return 0;
}
