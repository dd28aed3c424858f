#pragma once

// A set of pages of an instance, kept small: at most a bit for each page of a tablespace up to the highest one in the
// set, two bytes for each where they are few. A tablespace can also be in it as a whole, with all pages that it has or
// is going to have. A value: copies are independent. What gathers pages at the speed of redo is `PageCollector`.

#include <map>
#include <set>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "live/page_chunk.hpp"

namespace donord {

class PageSet {
 public:
  void insert(SpaceId space, PageNo page);
  /// All pages of the tablespace.
  void insert_all(SpaceId space);
  void merge(const PageSet& other);

  [[nodiscard]] bool empty() const { return chunks_.empty() && whole_.empty(); }
  [[nodiscard]] bool contains(SpaceId space, PageNo page) const;
  /// Tablespaces all pages of which are in the set.
  [[nodiscard]] const std::set<SpaceId>& whole_spaces() const { return whole_; }
  /// How many pages there are besides those of whole tablespaces.
  [[nodiscard]] std::uint64_t count() const;
  /// Calls `visit(PageId)` for each of these pages, in ascending order.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [key, chunk] : chunks_) {
      const SpaceId space = space_of(key);
      const auto first = static_cast<std::uint32_t>(key << kChunkBits);
      chunk.for_each([&](std::uint16_t page) { visit(PageId{space, PageNo{first | page}}); });
    }
  }
  /// What it takes, allocations included.
  [[nodiscard]] std::size_t memory_bytes() const;

  /// Each set has one form; big-endian:
  ///
  ///   size
  ///      4  number of tablespaces
  ///         for each, ids ascending:
  ///      4    id
  ///      4    number of chunks; 0: the whole tablespace
  ///           for each, numbers ascending:
  ///      2      number of the chunk: that of its first page / 65,536
  ///             `PageChunk`
  [[nodiscard]] Bytes encode() const;
  /// `Errc::truncated` and `Errc::malformed` for what `encode()` does not write.
  [[nodiscard]] static Result<PageSet> decode(ByteView bytes);

  bool operator==(const PageSet&) const = default;

 private:
  friend class PageCollector;

  static constexpr unsigned kChunkBits = 16;
  /// Tablespace and number of a chunk, in the order of both.
  using Key = std::uint64_t;
  using Chunks = std::map<Key, PageChunk>;

  [[nodiscard]] static constexpr Key key_of(SpaceId space, PageNo page) {
    return Key{space.value()} << kChunkBits | page.value() >> kChunkBits;
  }
  [[nodiscard]] static constexpr SpaceId space_of(Key key) {
    return SpaceId{static_cast<std::uint32_t>(key >> kChunkBits)};
  }
  [[nodiscard]] bool is_whole(SpaceId space) const { return !whole_.empty() && whole_.contains(space); }
  /// Where this page belongs; null when all pages of the space are in the set already. Valid until the next call that
  /// is not of this function.
  [[nodiscard]] PageChunk* chunk_for(SpaceId space, PageNo page);
  /// The chunks of a tablespace.
  [[nodiscard]] std::pair<Chunks::const_iterator, Chunks::const_iterator> chunks_of(SpaceId space) const;

  Chunks chunks_;            // none of them empty, none of a whole tablespace
  std::set<SpaceId> whole_;  // tablespaces
};

}  // namespace donord
