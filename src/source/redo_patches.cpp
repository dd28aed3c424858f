#include "source/redo_patches.hpp"

#include <algorithm>

#include "innodb/redo_lsn.hpp"

namespace donord {

void RedoPatches::apply(Lsn block, MutableBytes bytes) const {
  const std::uint64_t first = innodb::redo_payload_before(block + innodb::kRedoBlockHeaderBytes);
  const std::uint64_t stop = first + innodb::kRedoPayloadBytes;
  const auto end_of = [](const RedoPatch& patch) { return innodb::redo_payload_before(patch.at) + patch.bytes.size(); };
  for (auto patch = std::ranges::upper_bound(patches_, first, {}, end_of); patch != patches_.end(); ++patch) {
    const std::uint64_t begin = innodb::redo_payload_before(patch->at);
    if (begin >= stop) break;
    const std::uint64_t from = std::max(begin, first);
    const std::uint64_t to = std::min(end_of(*patch), stop);
    std::ranges::copy(ByteView{patch->bytes}.subspan(from - begin, to - from),
                      bytes.subspan(innodb::kRedoBlockHeaderBytes + (from - first)).begin());
  }
}

}  // namespace donord
