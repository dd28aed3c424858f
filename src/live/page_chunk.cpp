#include "live/page_chunk.hpp"

#include <algorithm>

#include "base/endian.hpp"

namespace donord {

void PageChunk::insert_into_list(std::uint16_t page) {
  const auto at = std::ranges::lower_bound(list_, page);
  if (*at == page) return;
  list_.insert(at, page);
  if (list_.size() > kMaxListed) become_bitmap();
}

void PageChunk::become_bitmap() {
  bitmap_.resize(kWords);
  for (const std::uint16_t page : list_) set_bit(page);
  list_ = std::vector<std::uint16_t>();  // unlike {}, gives the memory back
}

void PageChunk::count_bits() {
  bits_ = 0;
  for (const std::uint64_t word : bitmap_) bits_ += static_cast<std::uint32_t>(std::popcount(word));
}

void PageChunk::merge(const PageChunk& other) {
  if (bitmap_.empty() && other.bitmap_.empty()) {
    std::vector<std::uint16_t> both;
    both.reserve(list_.size() + other.list_.size());
    std::ranges::set_union(list_, other.list_, std::back_inserter(both));
    list_ = std::move(both);
    if (list_.size() > kMaxListed) become_bitmap();
    return;
  }
  if (bitmap_.empty()) become_bitmap();
  for (const std::uint16_t page : other.list_) set_bit(page);
  if (other.bitmap_.empty()) return;
  for (std::size_t word = 0; word < kWords; ++word) bitmap_[word] |= other.bitmap_[word];
  count_bits();
}

bool PageChunk::contains(std::uint16_t page) const {
  if (bitmap_.empty()) return std::ranges::binary_search(list_, page);
  return (bitmap_[page / kWordBits] >> page % kWordBits & 1) != 0;
}

std::size_t PageChunk::memory_bytes() const {
  return list_.capacity() * sizeof(list_.front()) + bitmap_.capacity() * sizeof(bitmap_.front());
}

void PageChunk::encode(Bytes& to) const {
  const std::size_t pages = count();
  std::size_t at = to.size();
  to.resize(at + 2 + (bitmap_.empty() ? 2 * pages : kBitmapBytes));
  store_u16be(to, at, static_cast<std::uint16_t>(pages - 1));
  at += 2;
  for (const std::uint16_t page : list_) {
    store_u16be(to, at, page);
    at += 2;
  }
  for (const std::uint64_t word : bitmap_) {
    store_le<sizeof(word)>(to.data() + at, word);
    at += sizeof(word);
  }
}

PageChunk PageChunk::decode(Cursor& in) {
  PageChunk chunk;
  const std::size_t pages = in.be<2>("number of pages") + 1;
  if (pages <= kMaxListed) {
    const ByteView bytes = in.take("list of pages", 2 * pages);
    chunk.list_.reserve(bytes.size() / 2);
    for (std::size_t at = 0; at < bytes.size(); at += 2) chunk.list_.push_back(load_u16be(bytes, at));
    if (std::ranges::adjacent_find(chunk.list_, std::greater_equal{}) != chunk.list_.end())
      in.fail(Errc::malformed, "list of pages", "not ascending");
    return chunk;
  }
  const ByteView bytes = in.take("bitmap of pages", kBitmapBytes);
  if (bytes.empty()) return chunk;
  chunk.bitmap_.reserve(kWords);
  for (std::size_t word = 0; word < kWords; ++word)
    chunk.bitmap_.push_back(load_le<sizeof(std::uint64_t)>(bytes.data() + word * sizeof(std::uint64_t)));
  chunk.count_bits();
  if (chunk.bits_ != pages)
    in.fail(Errc::malformed, "bitmap of pages", fmt::format("{} pages announced, {} found", pages, chunk.bits_));
  return chunk;
}

}  // namespace donord
