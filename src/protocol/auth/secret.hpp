#pragma once

// Memory that is wiped before it is given back: passwords and what is derived from them one step away.

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace donord {

/// Overwrites in a way that the compiler does not remove.
void wipe(MutableBytes bytes);

template <class T>
struct WipingAllocator {
  using value_type = T;

  WipingAllocator() = default;
  template <class U>
  explicit WipingAllocator(const WipingAllocator<U>&) {}

  T* allocate(std::size_t count) { return std::allocator<T>{}.allocate(count); }
  void deallocate(T* at, std::size_t count) {
    wipe({reinterpret_cast<std::uint8_t*>(at), count * sizeof(T)});
    std::allocator<T>{}.deallocate(at, count);
  }
  bool operator==(const WipingAllocator&) const = default;
};

using SecretBytes = std::vector<std::uint8_t, WipingAllocator<std::uint8_t>>;

/// A password. It has no formatter and no implicit conversion, so it cannot reach a log by accident.
class Secret {
 public:
  Secret() = default;
  explicit Secret(ByteView bytes) : bytes_(bytes.begin(), bytes.end()) {}
  explicit Secret(std::string_view text) : Secret(as_bytes(text)) {}

  /// Valid as long as this object lives unchanged.
  [[nodiscard]] ByteView reveal() const { return bytes_; }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }

  /// In a time that depends on the lengths only.
  friend bool operator==(const Secret& a, const Secret& b);

 private:
  SecretBytes bytes_;
};

/// In a time that depends on the lengths only.
[[nodiscard]] bool equal_in_constant_time(ByteView a, ByteView b);

}  // namespace donord
