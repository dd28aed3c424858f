#pragma once

// Puts pages into a set at the speed at which redo is parsed. Redo names the same few pages again and again, so most of
// the time one comparison says that a page is in the set already; and what is new is mostly where the last one was.

#include <array>
#include <cstdint>
#include <utility>

#include "base/ids.hpp"
#include "live/page_set.hpp"

namespace donord {

class PageCollector {
 public:
  PageCollector() { recent_.fill(kNoPage); }
  PageCollector(const PageCollector&) = delete;
  PageCollector& operator=(const PageCollector&) = delete;

  void insert(SpaceId space, PageNo page) {
    const std::uint64_t id = std::uint64_t{space.value()} << 32 | page.value();
    std::uint64_t& recent = recent_[id * kSpread >> (64 - kRecentBits)];
    if (recent == id && id != kNoPage) return;
    recent = id;
    const PageSet::Key key = PageSet::key_of(space, page);
    if (key != last_key_) {
      last_ = set_.chunk_for(space, page);
      last_key_ = key;
    }
    if (last_ != nullptr) last_->insert(static_cast<std::uint16_t>(page.value()));
  }

  void insert_all(SpaceId space) {
    set_.insert_all(space);
    last_key_ = kNoKey;
  }

  /// The set, and begins with an empty one.
  [[nodiscard]] PageSet take() {
    recent_.fill(kNoPage);
    last_key_ = kNoKey;
    return std::exchange(set_, {});
  }

 private:
  static constexpr unsigned kRecentBits = 8;
  static constexpr std::uint64_t kSpread = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio
  static constexpr std::uint64_t kNoPage = ~std::uint64_t{0};
  static constexpr PageSet::Key kNoKey = ~PageSet::Key{0};

  PageSet set_;
  PageSet::Key last_key_ = kNoKey;
  PageChunk* last_ = nullptr;  // in `set_`, the chunk of `last_key_`; null when that tablespace is in it as a whole
  std::array<std::uint64_t, std::size_t{1} << kRecentBits> recent_{};  // pages of the set, by a hash
};

}  // namespace donord
