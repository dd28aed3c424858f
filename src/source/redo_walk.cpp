#include "source/redo_walk.hpp"

#include <algorithm>

namespace donord {

namespace {

using innodb::kRedoBlockBytes;

constexpr std::size_t kReadBytes = 1 << 20;

}  // namespace

Result<> parse_redo(const RedoRange& range, const innodb::RedoRead& read, innodb::RedoParser& parser,
                    innodb::RedoSink& sink) {
  const Lsn last = range.end.block_start();
  // The log may end with a full block, behind which no other was begun.
  const bool last_is_empty = range.end - last == innodb::kRedoBlockHeaderBytes;
  const Lsn stop = last_is_empty ? last : last + kRedoBlockBytes;
  Bytes buffer;
  for (Lsn at = range.checkpoint.block_start(); at < stop; at = at + buffer.size()) {
    buffer.resize(std::min<std::uint64_t>(stop - at, kReadBytes));
    if (Result<> done = read(at, buffer); !done) return done;
    for (std::size_t offset = 0; offset < buffer.size(); offset += kRedoBlockBytes)
      if (Result<> fed = parser.feed(at + offset, ByteView{buffer}.subspan(offset, kRedoBlockBytes), sink); !fed)
        return fed;
  }
  return {};
}

}  // namespace donord
