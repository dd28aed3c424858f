#include "innodb/redo_continuation.hpp"

#include <algorithm>
#include <memory>

#include "innodb/redo_lsn.hpp"

namespace donord::innodb {

Result<RedoContinuation> RedoContinuation::make(Lsn until, const RedoRead& log) {
  if (!is_redo_position(until))
    return Error{Errc::malformed, fmt::format("no group of redo records can end at LSN {}", until)};
  RedoContinuation continued;
  continued.first_block_ = until.block_start();
  continued.starts_.push_back(until);
  const std::uint64_t kept = until - continued.first_block_ - kRedoBlockHeaderBytes;
  if (kept == 0) return continued;

  RedoBlockBytes bytes{};
  if (Result<> read = log(continued.first_block_, bytes); !read) return read.error();
  const RedoBlock block = look_at_redo_block(bytes, continued.first_block_);
  if (block.state != RedoBlockState::current || block.header.data_bytes < kRedoBlockHeaderBytes + kept)
    return Error{Errc::conflict,
                 fmt::format("the redo block at LSN {} is not the one that was found before", continued.first_block_)};
  append(continued.payload_, ByteView{bytes}.subspan(kRedoBlockHeaderBytes, kept));
  if (block.header.first_rec_group < until - continued.first_block_)
    continued.first_rec_group_ = block.header.first_rec_group;
  return continued;
}

void RedoContinuation::add(ByteView group) {
  append(payload_, group);
  starts_.push_back(end());
}

Lsn RedoContinuation::end() const {
  return advance_redo(first_block_ + kRedoBlockHeaderBytes, payload_.size());
}

std::vector<RedoBlockBytes> RedoContinuation::blocks() const {
  std::vector<RedoBlockBytes> blocks;
  auto start = starts_.begin();
  for (Lsn lsn = first_block_; lsn <= end().block_start(); lsn = lsn + kRedoBlockBytes) {
    // Where a group ends, the next one begins: servers note the place whether or not there is one.
    start = std::find_if(start, starts_.end(), [lsn](Lsn at) { return at >= lsn; });
    std::uint16_t first_group = blocks.empty() ? first_rec_group_ : std::uint16_t{0};
    if (first_group == 0 && start != starts_.end() && start->block_start() == lsn)
      first_group = static_cast<std::uint16_t>(*start - lsn);
    const ByteView rest = ByteView{payload_}.subspan(blocks.size() * kRedoPayloadBytes);
    blocks.push_back(
        make_redo_block(lsn, rest.first(std::min<std::size_t>(rest.size(), kRedoPayloadBytes)), first_group));
  }
  return blocks;
}

RedoRead RedoContinuation::over(RedoRead log) const {
  // Copies of the function share the blocks.
  auto own = std::make_shared<const std::vector<RedoBlockBytes>>(blocks());
  return [log = std::move(log), own = std::move(own), first = first_block_](Lsn from, MutableBytes into) -> Result<> {
    if (from < first) {
      const std::size_t before = std::min<std::uint64_t>(into.size(), first - from);
      if (Result<> read = log(from, into.first(before)); !read) return read;
      from = from + before;
      into = into.subspan(before);
    }
    for (; !into.empty(); from = from + kRedoBlockBytes, into = into.subspan(kRedoBlockBytes)) {
      const std::uint64_t index = (from - first) / kRedoBlockBytes;
      if (index >= own->size() || into.size() < kRedoBlockBytes)
        return Error{Errc::truncated, fmt::format("the redo log has no block at LSN {}", from)};
      std::ranges::copy((*own)[index], into.begin());
    }
    return {};
  };
}

}  // namespace donord::innodb
