#include "live/page_set.hpp"

#include "base/endian.hpp"

namespace donord {

namespace {

constexpr std::size_t kNodeBytes = 4 * sizeof(void*);  // of a map or set, besides its value
constexpr std::size_t kSmallestSpaceBytes = 8;
constexpr std::size_t kSmallestChunkBytes = 6;

void append_u32be(Bytes& to, std::size_t value) {
  to.resize(to.size() + 4);
  store_be<4>(to.data() + to.size() - 4, value);
}

void append_u16be(Bytes& to, std::uint64_t value) {
  to.resize(to.size() + 2);
  store_be<2>(to.data() + to.size() - 2, value);
}

}  // namespace

void PageSet::insert(SpaceId space, PageNo page) {
  if (PageChunk* const chunk = chunk_for(space, page); chunk != nullptr)
    chunk->insert(static_cast<std::uint16_t>(page.value()));
}

PageChunk* PageSet::chunk_for(SpaceId space, PageNo page) {
  return is_whole(space) ? nullptr : &chunks_[key_of(space, page)];
}

std::pair<PageSet::Chunks::const_iterator, PageSet::Chunks::const_iterator> PageSet::chunks_of(SpaceId space) const {
  const Key first = key_of(space, PageNo{0});
  return {chunks_.lower_bound(first), chunks_.lower_bound(first + (Key{1} << kChunkBits))};
}

void PageSet::insert_all(SpaceId space) {
  whole_.insert(space);
  const auto [begin, end] = chunks_of(space);
  chunks_.erase(begin, end);
}

void PageSet::merge(const PageSet& other) {
  for (const SpaceId space : other.whole_) insert_all(space);
  auto at = chunks_.begin();
  for (const auto& [key, chunk] : other.chunks_) {
    if (is_whole(space_of(key))) continue;
    if (at != chunks_.end() && at->first < key) at = chunks_.lower_bound(key);
    if (at != chunks_.end() && at->first == key)
      at->second.merge(chunk);
    else
      at = chunks_.emplace_hint(at, key, chunk);
    ++at;
  }
}

bool PageSet::contains(SpaceId space, PageNo page) const {
  if (is_whole(space)) return true;
  const auto found = chunks_.find(key_of(space, page));
  return found != chunks_.end() && found->second.contains(static_cast<std::uint16_t>(page.value()));
}

std::uint64_t PageSet::count() const {
  std::uint64_t pages = 0;
  for (const auto& [key, chunk] : chunks_) pages += chunk.count();
  return pages;
}

std::size_t PageSet::memory_bytes() const {
  std::size_t bytes = sizeof(*this) + whole_.size() * (kNodeBytes + sizeof(SpaceId));
  for (const auto& [key, chunk] : chunks_) bytes += kNodeBytes + sizeof(Chunks::value_type) + chunk.memory_bytes();
  return bytes;
}

Bytes PageSet::encode() const {
  Bytes out;
  append_u32be(out, 0);  // for the number of tablespaces
  std::uint32_t spaces = 0;
  auto whole = whole_.begin();
  auto chunk = chunks_.begin();
  for (; whole != whole_.end() || chunk != chunks_.end(); ++spaces) {
    if (chunk == chunks_.end() || (whole != whole_.end() && *whole < space_of(chunk->first))) {
      append_u32be(out, whole->value());
      append_u32be(out, 0);
      ++whole;
      continue;
    }
    const SpaceId space = space_of(chunk->first);
    const auto end = chunks_of(space).second;
    append_u32be(out, space.value());
    append_u32be(out, static_cast<std::size_t>(std::distance(chunk, end)));
    for (; chunk != end; ++chunk) {
      append_u16be(out, chunk->first & 0xFFFF);
      chunk->second.encode(out);
    }
  }
  store_u32be(out, 0, spaces);
  return out;
}

Result<PageSet> PageSet::decode(ByteView bytes) {
  Cursor in{bytes};
  PageSet set;
  const std::uint64_t spaces = in.be<4>("number of tablespaces");
  if (spaces > in.remaining() / kSmallestSpaceBytes) in.fail(Errc::malformed, "number of tablespaces", "too many");
  std::uint64_t lowest_space = 0;
  for (std::uint64_t i = 0; i < spaces && !in.failed(); ++i) {
    const std::uint64_t id = in.be<4>("tablespace");
    const std::uint64_t chunks = in.be<4>("number of chunks");
    if (id < lowest_space) in.fail(Errc::malformed, "tablespace", "not ascending");
    if (chunks > in.remaining() / kSmallestChunkBytes) in.fail(Errc::malformed, "number of chunks", "too many");
    if (in.failed()) break;
    lowest_space = id + 1;
    if (chunks == 0) set.whole_.insert(set.whole_.end(), SpaceId{static_cast<std::uint32_t>(id)});
    std::uint64_t lowest_chunk = 0;
    for (std::uint64_t j = 0; j < chunks && !in.failed(); ++j) {
      const std::uint64_t number = in.be<2>("chunk");
      if (number < lowest_chunk) in.fail(Errc::malformed, "chunk", "not ascending");
      lowest_chunk = number + 1;
      set.chunks_.emplace_hint(set.chunks_.end(), id << kChunkBits | number, PageChunk::decode(in));
    }
  }
  if (Result<> done = in.finish(); !done) return done.error().within("set of pages");
  return set;
}

}  // namespace donord
