#pragma once

// Memory for keys. It is apart from the heap: locked, so that it is not written to swap, left out of core dumps, and
// wiped when it is released. Locking is bounded by RLIMIT_MEMLOCK; beyond that the memory is used unlocked, and
// `key_memory_is_locked()` says so. Why, and what this does not protect from: docs/decisions/0011-keys-in-memory.md.

#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/bytes.hpp"

namespace donord {

/// Bytes of a fixed number in such memory. There is neither an implicit copy nor a formatter, so that a key reaches
/// neither the heap nor a log by accident. Small ones share pages: a thousand keys take 64 KiB.
class LockedBytes {
 public:
  LockedBytes() = default;
  /// That many zeros. Throws std::bad_alloc as a vector does.
  explicit LockedBytes(std::size_t size);
  LockedBytes(LockedBytes&& other) noexcept
      : at_(std::exchange(other.at_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  LockedBytes& operator=(LockedBytes&& other) noexcept {
    std::swap(at_, other.at_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~LockedBytes();

  [[nodiscard]] static LockedBytes copy_of(ByteView bytes);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  /// Both are valid as long as this object lives and is not moved from.
  [[nodiscard]] ByteView reveal() const { return {at_, size_}; }
  [[nodiscard]] MutableBytes fill() { return {at_, size_}; }

 private:
  std::uint8_t* at_ = nullptr;
  std::size_t size_ = 0;
};

/// False once some of this memory could not be locked: raise LimitMEMLOCK= or `ulimit -l`.
[[nodiscard]] bool key_memory_is_locked();

}  // namespace donord
