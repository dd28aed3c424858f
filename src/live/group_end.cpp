#include "live/group_end.hpp"

#include <array>

#include "innodb/redo_block.hpp"
#include "innodb/redo_parser.hpp"

namespace donord {

namespace {

using innodb::kRedoBlockBytes;

class EndFinder final : public innodb::RedoSink {
 public:
  explicit EndFinder(Lsn needed) : needed_(needed) {}

  Result<> group(const innodb::RedoGroup& group) override {
    if (!found_ && group.end >= needed_) found_ = group.end;
    return {};
  }
  [[nodiscard]] const std::optional<Lsn>& found() const { return found_; }

 private:
  Lsn needed_;
  std::optional<Lsn> found_;
};

}  // namespace

Result<Lsn> group_end_at(Lsn from, Lsn needed, std::uint32_t page_size_bytes, const innodb::RedoRead& read) {
  if (from >= needed) return from;
  EndFinder finder{needed};
  innodb::RedoParser parser{from, {.page_bytes = page_size_bytes}};
  innodb::RedoBlockBytes block{};
  for (Lsn at = from.block_start(); !finder.found(); at = at + kRedoBlockBytes) {
    if (Result<> done = read(at, block); !done) return done.error();
    if (Result<> fed = parser.feed(at, block, finder); !fed) return fed.error();
  }
  return *finder.found();
}

innodb::RedoRead redo_until(Lsn end, innodb::RedoRead read) {
  return [end, read = std::move(read)](Lsn from, MutableBytes into) -> Result<> {
    if (Result<> done = read(from, into); !done) return done;
    const Lsn last = end.block_start();
    if (last < from || last >= from + into.size()) return {};
    innodb::cut_redo_block(into.subspan(last - from).first<kRedoBlockBytes>(), static_cast<std::uint16_t>(end - last));
    return {};
  };
}

}  // namespace donord
