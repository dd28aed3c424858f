#pragma once

// Bounds-checked reading of untrusted bytes. The error is sticky: the first read that does not fit records field,
// offset, need and have; every later read returns zero and moves nothing. A decoder reads straight down and asks once,
// with `finish()`.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/endian.hpp"
#include "base/result.hpp"

namespace donord {

class Cursor {
 public:
  explicit Cursor(ByteView bytes) : bytes_(bytes) {}

  [[nodiscard]] std::size_t position() const { return position_; }
  [[nodiscard]] std::size_t remaining() const { return error_ ? 0 : bytes_.size() - position_; }
  [[nodiscard]] bool failed() const { return error_.has_value(); }

  /// The next `count` bytes, or an empty view after an error. Valid as long as the input is.
  ByteView take(std::string_view field, std::size_t count) {
    if (error_) return {};
    if (count > bytes_.size() - position_) {
      fail(Errc::truncated, field, fmt::format("need {} bytes, have {}", count, bytes_.size() - position_));
      return {};
    }
    const ByteView view = bytes_.subspan(position_, count);
    position_ += count;
    return view;
  }

  template <std::size_t N>
  std::uint64_t le(std::string_view field) {
    const ByteView view = take(field, N);
    return view.empty() ? 0 : load_le<N>(view.data());
  }

  template <std::size_t N>
  std::uint64_t be(std::string_view field) {
    const ByteView view = take(field, N);
    return view.empty() ? 0 : load_be<N>(view.data());
  }

  /// Everything that is left.
  ByteView rest() { return take({}, remaining()); }

  /// The bytes up to, not including, the next NUL, which is consumed.
  std::string_view cstring(std::string_view field) {
    if (error_) return {};
    const ByteView left = bytes_.subspan(position_);
    const auto end = std::find(left.begin(), left.end(), std::uint8_t{0});
    if (end == left.end()) {
      fail(Errc::malformed, field, "no terminating NUL");
      return {};
    }
    const auto length = static_cast<std::size_t>(end - left.begin());
    const std::string_view text = as_text(take(field, length));
    position_ += 1;
    return text;
  }

  /// MySQL's length-encoded integer: one byte below 251, else FC, FD or FE and 2, 3 or 8 bytes.
  std::uint64_t lenenc(std::string_view field) {
    const std::uint64_t first = le<1>(field);
    switch (first) {
      case 0xFC:
        return le<2>(field);
      case 0xFD:
        return le<3>(field);
      case 0xFE:
        return le<8>(field);
      case 0xFB:
      case 0xFF:
        fail(Errc::malformed, field, fmt::format("0x{:02x} is not a length", first));
        return 0;
      default:
        return first;
    }
  }

  void fail(Errc code, std::string_view field, std::string_view problem) {
    if (error_) return;
    error_ = Error{code, fmt::format("{} at {}: {}", field, position_, problem)};
  }

  /// The first error, or an error when bytes are left over, or success.
  [[nodiscard]] Result<> finish() {
    if (!error_ && position_ != bytes_.size())
      fail(Errc::malformed, "end", fmt::format("{} bytes left over", bytes_.size() - position_));
    if (error_) return *error_;
    return {};
  }

 private:
  ByteView bytes_;
  std::size_t position_ = 0;
  std::optional<Error> error_;
};

}  // namespace donord
