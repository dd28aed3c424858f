// Any bytes as a redo log: header, blocks, a chain of two files that are walked from the newest checkpoint to the end.

#include <algorithm>
#include <cstdlib>

#include "innodb/redo_block.hpp"
#include "innodb/redo_file_header.hpp"
#include "innodb/redo_log.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace donord;
  const ByteView bytes{data, size};
  (void)innodb::look_at_redo_block(bytes, Lsn{8192});
  (void)innodb::redo_file_id(as_text(bytes));
  const Result<innodb::RedoFileStart> start = innodb::decode_redo_file_start(bytes);
  if (!start) return 0;

  innodb::RedoFile first{.id = 1, .size_bytes = innodb::kMinRedoFileBytes, .start = *start};
  innodb::RedoFile second = first;
  second.id = 2;
  second.start.header.start_lsn = first.end_lsn();
  const Result<innodb::RedoChain> chain = innodb::RedoChain::make({first, second});
  if (!chain) return 0;
  const Result<Lsn> checkpoint = chain->newest_checkpoint();
  const Lsn from = checkpoint ? *checkpoint : chain->start_lsn();
  const auto read = [&](Lsn lsn, MutableBytes into) -> Result<> {
    const auto place = chain->find(lsn);
    if (!place || into.size() > place->left_bytes) std::abort();
    std::ranges::fill(into, std::uint8_t{0});
    if (place->offset_bytes >= bytes.size()) return {};
    const ByteView rest = bytes.subspan(place->offset_bytes);
    std::copy_n(rest.begin(), std::min(rest.size(), into.size()), into.begin());
    return {};
  };
  const Result<innodb::RedoEnd> end = innodb::find_redo_end(*chain, from, read);
  if (end && end->end > chain->end_lsn()) std::abort();
  return 0;
}
