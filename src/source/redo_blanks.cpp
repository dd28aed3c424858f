#include "source/redo_blanks.hpp"

#include <algorithm>

#include "innodb/redo_lsn.hpp"
#include "innodb/redo_record.hpp"

namespace donord {

bool RedoBlanks::apply(Lsn block, MutableBytes bytes) const {
  using namespace innodb;
  const Lsn first = block + kRedoBlockHeaderBytes;
  const Lsn stop = block + (kRedoBlockBytes - kRedoBlockTrailerBytes);
  bool any = false;
  auto blank = std::ranges::upper_bound(blanks_, first, {}, &RedoBlank::end);
  for (; blank != blanks_.end() && blank->start < stop; ++blank) {
    const std::uint64_t from = std::max(blank->start, first) - block;
    const std::uint64_t to = std::min(blank->end, stop) - block;
    std::ranges::fill(bytes.subspan(from, to - from), static_cast<std::uint8_t>(RedoType::dummy_record));
    any = true;
  }
  return any;
}

}  // namespace donord
