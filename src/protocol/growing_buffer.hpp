#pragma once

// Receives a body whose announced length is not trusted: room is made a step at a time, for bytes that do arrive.

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/bytes.hpp"

namespace donord {

class GrowingBuffer {
 public:
  /// Room for the next bytes, at most `left`. Valid until the next call.
  [[nodiscard]] MutableBytes room(std::size_t left) {
    const std::size_t count = std::min(left, kStepBytes);
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
  static constexpr std::size_t kStepBytes = std::size_t{1} << 20;

  Bytes bytes_;
  std::size_t filled_ = 0;
};

}  // namespace donord
