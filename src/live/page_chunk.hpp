#pragma once

// Which of 65,536 pages: a sorted list of 16-bit numbers, or, above 4096 of them, where the list would be longer, a
// bitmap of 8 KiB. The form follows from the content.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/cursor.hpp"

namespace donord {

class PageChunk {
 public:
  static constexpr std::size_t kMaxListed = 4096;
  static constexpr std::size_t kBitmapBytes = 8192;

  void insert(std::uint16_t page) {
    if (!bitmap_.empty()) {
      set_bit(page);
    } else if (list_.empty() || list_.back() < page) {
      list_.push_back(page);
      if (list_.size() > kMaxListed) become_bitmap();
    } else {
      insert_into_list(page);
    }
  }

  void merge(const PageChunk& other);

  [[nodiscard]] bool contains(std::uint16_t page) const;
  [[nodiscard]] std::uint32_t count() const {
    return bitmap_.empty() ? static_cast<std::uint32_t>(list_.size()) : bits_;
  }
  /// What it has allocated.
  [[nodiscard]] std::size_t memory_bytes() const;

  /// In ascending order.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const std::uint16_t page : list_) visit(page);
    for (std::size_t word = 0; word < bitmap_.size(); ++word)
      for (std::uint64_t left = bitmap_[word]; left != 0; left &= left - 1)
        visit(static_cast<std::uint16_t>(word * kWordBits + static_cast<unsigned>(std::countr_zero(left))));
  }

  /// A chunk is not empty when it is written. Big-endian:
  ///
  ///   size
  ///      2  number of pages, minus 1
  ///         up to 4096 pages: 2 bytes for each, ascending; else 8192 bytes, in which page n is bit n % 8 of byte n / 8
  void encode(Bytes& to) const;
  /// The cursor fails for what `encode()` does not write.
  [[nodiscard]] static PageChunk decode(Cursor& in);

  bool operator==(const PageChunk&) const = default;

 private:
  static constexpr std::size_t kWordBits = 64;
  static constexpr std::size_t kWords = kBitmapBytes / sizeof(std::uint64_t);

  void set_bit(std::uint16_t page) {
    std::uint64_t& word = bitmap_[page / kWordBits];
    const std::uint64_t bit = std::uint64_t{1} << page % kWordBits;
    bits_ += (word & bit) == 0 ? 1 : 0;
    word |= bit;
  }
  void insert_into_list(std::uint16_t page);
  void become_bitmap();
  void count_bits();

  std::vector<std::uint16_t> list_;    // empty when there is a bitmap
  std::vector<std::uint64_t> bitmap_;  // kWords of them, or none
  std::uint32_t bits_ = 0;             // set in the bitmap
};

}  // namespace donord
