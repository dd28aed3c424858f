#pragma once

// Bounds-checked reading of the fields of redo records, at the speed that a redo log needs: `Cursor` names every field
// and makes an error text, this one only tells bytes that are not there yet from bytes that cannot be. Its state is
// sticky: after the first problem every read yields zero and moves nothing, so that a reader reads straight down and
// asks once.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/endian.hpp"

namespace donord::innodb {

class RedoCursor {
 public:
  explicit RedoCursor(ByteView bytes, std::size_t position = 0) : bytes_(bytes), position_(position) {}

  [[nodiscard]] bool good() const { return problem_ == nullptr && needed_bytes_ == 0; }
  /// Why the bytes are no record; null when they are good or may become so.
  [[nodiscard]] const char* problem() const { return problem_; }
  /// When the bytes end too early: at least so many, from the first on, are necessary; else 0.
  [[nodiscard]] std::size_t needed_bytes() const { return needed_bytes_; }
  [[nodiscard]] std::size_t position() const { return position_; }
  [[nodiscard]] std::size_t remaining() const { return good() ? bytes_.size() - position_ : 0; }

  std::uint8_t u1() { return static_cast<std::uint8_t>(be<1>()); }
  std::uint16_t u2() { return static_cast<std::uint16_t>(be<2>()); }
  std::uint32_t u4() { return static_cast<std::uint32_t>(be<4>()); }
  std::uint64_t u8() { return be<8>(); }

  /// A compressed integer of up to 32 bits (docs/innodb-files.md, "Integers"), of 1 to 5 bytes. Small values are short,
  /// and so are those slightly below 2^32, as the ids of undo tablespaces are.
  std::uint32_t compressed32();
  /// High half compressed, low half in 4 bytes.
  std::uint64_t compressed64();
  /// FF and both halves compressed, or, without the FF, the low half alone.
  std::uint64_t much_compressed64();

  ByteView take(std::size_t count) {
    if (!has(count)) return {};
    const ByteView view = bytes_.subspan(position_, count);
    position_ += count;
    return view;
  }

  void skip(std::size_t count) {
    if (has(count)) position_ += count;
  }

  /// `problem` outlives the cursor.
  void fail(const char* problem) {
    if (good()) problem_ = problem;
  }

  /// Fails unless `holds`.
  void require(bool holds, const char* problem) {
    if (!holds) fail(problem);
  }

 private:
  template <std::size_t N>
  std::uint64_t be() {
    if (!has(N)) return 0;
    const std::uint64_t value = load_be<N>(bytes_.data() + position_);
    position_ += N;
    return value;
  }

  bool has(std::size_t count) {
    if (!good()) return false;
    if (count <= bytes_.size() - position_) return true;
    needed_bytes_ = position_ + count;
    return false;
  }

  ByteView bytes_;
  std::size_t position_ = 0;
  std::size_t needed_bytes_ = 0;
  const char* problem_ = nullptr;
};

inline std::uint32_t RedoCursor::compressed32() {
  if (!has(1)) return 0;
  const std::uint32_t first = bytes_[position_];
  if (first < 0x80) {
    position_ += 1;
    return first;
  }
  if (first < 0xC0) return static_cast<std::uint32_t>(be<2>()) & 0x3FFF;
  if (first < 0xE0) return static_cast<std::uint32_t>(be<3>()) & 0x1FFFFF;
  if (first < 0xF0) return static_cast<std::uint32_t>(be<4>()) & 0x0FFFFFFF;
  if (first == 0xF0) return static_cast<std::uint32_t>(be<5>());
  if (first >= 0xF8 && first < 0xFC) return (static_cast<std::uint32_t>(be<2>()) & 0x3FF) | 0xFFFFFC00;
  if (first == 0xFC || first == 0xFD) return (static_cast<std::uint32_t>(be<3>()) & 0x1FFFF) | 0xFFFE0000;
  if (first == 0xFE) return static_cast<std::uint32_t>(be<4>()) | 0xFF000000;
  fail("an integer begins with a byte that none begins with");
  return 0;
}

inline std::uint64_t RedoCursor::compressed64() {
  const std::uint64_t high = compressed32();
  return high << 32 | u4();
}

inline std::uint64_t RedoCursor::much_compressed64() {
  if (!has(1) || bytes_[position_] != 0xFF) return compressed32();
  skip(1);
  const std::uint64_t high = compressed32();
  return high << 32 | compressed32();
}

}  // namespace donord::innodb
