#pragma once

// Receives a body whose announced length is not trusted: there is never room for more than as many bytes again as have
// arrived, apart from the first 16 KiB.

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/bytes.hpp"

namespace donord {

class GrowingBuffer {
 public:
  /// Room for the next bytes, at most `left`. Valid until the next call.
  [[nodiscard]] MutableBytes room(std::size_t left) {
    const std::size_t count = std::min(left, std::clamp(filled_, kFirstStepBytes, kLargestStepBytes));
    if (bytes_.size() < filled_ + count) bytes_.resize(filled_ + count);
    return MutableBytes{bytes_}.subspan(filled_, count);
  }
  /// `count` bytes of `room()` have been filled.
  void advance(std::size_t count) { filled_ += count; }

  [[nodiscard]] std::size_t size() const { return filled_; }

  /// Hands out what was filled and starts anew.
  [[nodiscard]] Bytes take() {
    bytes_.resize(std::exchange(filled_, 0));
    return std::exchange(bytes_, {});
  }

 private:
  static constexpr std::size_t kFirstStepBytes = std::size_t{16} << 10;
  static constexpr std::size_t kLargestStepBytes = std::size_t{1} << 20;

  Bytes bytes_;
  std::size_t filled_ = 0;
};

}  // namespace donord
