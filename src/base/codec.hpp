#pragma once

// One list of fields per message gives its decoder, its encoder and its annotated dump. A message type has
//
//   static constexpr std::string_view kName = "InitCommand";
//   template <class Io, class Self> static void layout(Io& io, Self& m) {
//     io.u32le("version", m.version);
//     io.until_end("locators", m.locators, kMaxLocators);
//   }
//
// and is used through `decode<T>(payload)`, `encode(message)` and `dump<T>(payload)`. `layout` runs with a `Decoder`
// and a mutable message, or an `Encoder` / `Dumper` and a const one; fields that are present only under a condition are
// an `if` in it. A layout that must look at a value just read may use `io.ok()` to stop.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/cursor.hpp"

namespace donord {

namespace codec_detail {

template <class T>
std::uint64_t to_wire(const T& value) {
  if constexpr (std::is_enum_v<T>)
    return static_cast<std::uint64_t>(static_cast<std::underlying_type_t<T>>(value));
  else if constexpr (std::is_integral_v<T>)
    return static_cast<std::uint64_t>(value);
  else
    return value.value();
}

template <class T>
T from_wire(std::uint64_t wire) {
  if constexpr (std::is_enum_v<T> || std::is_integral_v<T>)
    return static_cast<T>(wire);
  else
    return T{static_cast<typename T::Representation>(wire)};
}

}  // namespace codec_detail

/// Reads a message. Lengths are compared with what remains before anything is allocated.
class Decoder {
 public:
  static constexpr bool kDecoding = true;

  explicit Decoder(ByteView bytes) : in_(bytes) {}

  [[nodiscard]] bool ok() const { return !in_.failed(); }
  [[nodiscard]] std::size_t remaining() const { return in_.remaining(); }
  void fail(std::string_view field, std::string_view problem) { in_.fail(Errc::malformed, field, problem); }

  template <class T>
  void u8(std::string_view f, T& v) {
    v = codec_detail::from_wire<T>(in_.le<1>(f));
  }
  template <class T>
  void u16le(std::string_view f, T& v) {
    v = codec_detail::from_wire<T>(in_.le<2>(f));
  }
  template <class T>
  void u24le(std::string_view f, T& v) {
    v = codec_detail::from_wire<T>(in_.le<3>(f));
  }
  template <class T>
  void u32le(std::string_view f, T& v) {
    v = codec_detail::from_wire<T>(in_.le<4>(f));
  }
  template <class T>
  void u64le(std::string_view f, T& v) {
    v = codec_detail::from_wire<T>(in_.le<8>(f));
  }
  template <class T>
  void u16be(std::string_view f, T& v) {
    v = codec_detail::from_wire<T>(in_.be<2>(f));
  }
  template <class T>
  void u32be(std::string_view f, T& v) {
    v = codec_detail::from_wire<T>(in_.be<4>(f));
  }
  template <class T>
  void u64be(std::string_view f, T& v) {
    v = codec_detail::from_wire<T>(in_.be<8>(f));
  }
  template <class T>
  void lenenc(std::string_view f, T& v) {
    v = codec_detail::from_wire<T>(in_.lenenc(f));
  }

  /// A byte that must have this value.
  void constant(std::string_view f, std::uint8_t expected) {
    const auto found = static_cast<std::uint8_t>(in_.le<1>(f));
    if (ok() && found != expected) fail(f, fmt::format("expected 0x{:02x}, found 0x{:02x}", expected, found));
  }
  /// Filler: its value is ignored on the way in and zero on the way out.
  void filler(std::string_view f, std::size_t count) { in_.take(f, count); }

  template <std::size_t N>
  void fixed(std::string_view f, std::array<std::uint8_t, N>& v) {
    const ByteView view = in_.take(f, N);
    if (!view.empty()) std::copy(view.begin(), view.end(), v.begin());
  }
  void bytes(std::string_view f, std::size_t count, Bytes& v) { assign(v, in_.take(f, count)); }
  void text(std::string_view f, std::size_t count, std::string& v) { v = as_text(in_.take(f, count)); }
  void cstring(std::string_view f, std::string& v) { v = in_.cstring(f); }
  void lenenc_text(std::string_view f, std::string& v) { text(f, counted(f, in_.lenenc(f)), v); }
  void lenenc_bytes(std::string_view f, Bytes& v) { bytes(f, counted(f, in_.lenenc(f)), v); }
  /// u32 LE length, then that many bytes, no terminator: the clone RPC's string.
  void text32le(std::string_view f, std::string& v) { text(f, counted(f, in_.le<4>(f)), v); }
  void rest(std::string_view, Bytes& v) { assign(v, in_.rest()); }
  void rest(std::string_view, std::string& v) { v = as_text(in_.rest()); }

  template <class T>
  void nested(std::string_view, T& v) {
    T::layout(*this, v);
  }
  /// Elements to the end, at most `limit` of them: what bounds the memory for elements of few bytes.
  template <class T>
  void until_end(std::string_view f, std::vector<T>& v, std::size_t limit) {
    while (ok() && remaining() > 0) {
      if (v.size() == limit) return fail(f, fmt::format("more than {} elements", limit));
      nested(f, v.emplace_back());
    }
  }

  /// `count` elements of at least `smallest_bytes` each.
  template <class T>
  void repeat(std::string_view f, std::size_t count, std::size_t smallest_bytes, std::vector<T>& v) {
    if (ok() && count > remaining() / smallest_bytes) fail(f, fmt::format("{} elements cannot fit", count));
    while (ok() && v.size() < count) nested(f, v.emplace_back());
  }

  [[nodiscard]] Result<> finish() { return in_.finish(); }

 private:
  static void assign(Bytes& v, ByteView view) { v.assign(view.begin(), view.end()); }

  std::size_t counted(std::string_view f, std::uint64_t count) {
    if (ok() && count > remaining())
      in_.fail(Errc::truncated, f, fmt::format("announces {} bytes, have {}", count, remaining()));
    return ok() ? static_cast<std::size_t>(count) : 0;
  }

  Cursor in_;
};

/// Writes a message.
class Encoder {
 public:
  static constexpr bool kDecoding = false;

  [[nodiscard]] static constexpr bool ok() { return true; }
  static void fail(std::string_view, std::string_view) {}

  template <class T>
  void u8(std::string_view, const T& v) {
    le<1>(codec_detail::to_wire(v));
  }
  template <class T>
  void u16le(std::string_view, const T& v) {
    le<2>(codec_detail::to_wire(v));
  }
  template <class T>
  void u24le(std::string_view, const T& v) {
    le<3>(codec_detail::to_wire(v));
  }
  template <class T>
  void u32le(std::string_view, const T& v) {
    le<4>(codec_detail::to_wire(v));
  }
  template <class T>
  void u64le(std::string_view, const T& v) {
    le<8>(codec_detail::to_wire(v));
  }
  template <class T>
  void u16be(std::string_view, const T& v) {
    be<2>(codec_detail::to_wire(v));
  }
  template <class T>
  void u32be(std::string_view, const T& v) {
    be<4>(codec_detail::to_wire(v));
  }
  template <class T>
  void u64be(std::string_view, const T& v) {
    be<8>(codec_detail::to_wire(v));
  }
  template <class T>
  void lenenc(std::string_view, const T& v) {
    put_lenenc(codec_detail::to_wire(v));
  }

  void constant(std::string_view, std::uint8_t value) { out_.push_back(value); }
  void filler(std::string_view, std::size_t count) { out_.resize(out_.size() + count); }

  template <std::size_t N>
  void fixed(std::string_view, const std::array<std::uint8_t, N>& v) {
    append(out_, v);
  }
  void bytes(std::string_view, std::size_t, const Bytes& v) { append(out_, v); }
  void text(std::string_view, std::size_t, const std::string& v) { append(out_, as_bytes(v)); }
  void cstring(std::string_view, const std::string& v) {
    append(out_, as_bytes(v));
    out_.push_back(0);
  }
  void lenenc_text(std::string_view, const std::string& v) {
    put_lenenc(v.size());
    append(out_, as_bytes(v));
  }
  void lenenc_bytes(std::string_view, const Bytes& v) {
    put_lenenc(v.size());
    append(out_, v);
  }
  void text32le(std::string_view, const std::string& v) {
    le<4>(v.size());
    append(out_, as_bytes(v));
  }
  void rest(std::string_view, const Bytes& v) { append(out_, v); }
  void rest(std::string_view, const std::string& v) { append(out_, as_bytes(v)); }

  template <class T>
  void nested(std::string_view, const T& v) {
    T::layout(*this, v);
  }
  template <class T>
  void until_end(std::string_view f, const std::vector<T>& v, std::size_t) {
    for (const T& element : v) nested(f, element);
  }
  template <class T>
  void repeat(std::string_view f, std::size_t, std::size_t, const std::vector<T>& v) {
    until_end(f, v, v.size());
  }

  [[nodiscard]] std::size_t size() const { return out_.size(); }
  [[nodiscard]] const Bytes& written() const { return out_; }
  [[nodiscard]] Bytes take() { return std::move(out_); }

 private:
  template <std::size_t N>
  void le(std::uint64_t value) {
    out_.resize(out_.size() + N);
    store_le<N>(out_.data() + out_.size() - N, value);
  }
  template <std::size_t N>
  void be(std::uint64_t value) {
    out_.resize(out_.size() + N);
    store_be<N>(out_.data() + out_.size() - N, value);
  }
  void put_lenenc(std::uint64_t value);

  Bytes out_;
};

/// Writes a message like `Encoder` and notes for every field its offset, bytes, name and value.
class Dumper {
 public:
  static constexpr bool kDecoding = false;

  [[nodiscard]] static constexpr bool ok() { return true; }
  static void fail(std::string_view, std::string_view) {}

  template <class T>
  void u8(std::string_view f, const T& v) {
    number(f, v, [&] { out_.u8(f, v); });
  }
  template <class T>
  void u16le(std::string_view f, const T& v) {
    number(f, v, [&] { out_.u16le(f, v); });
  }
  template <class T>
  void u24le(std::string_view f, const T& v) {
    number(f, v, [&] { out_.u24le(f, v); });
  }
  template <class T>
  void u32le(std::string_view f, const T& v) {
    number(f, v, [&] { out_.u32le(f, v); });
  }
  template <class T>
  void u64le(std::string_view f, const T& v) {
    number(f, v, [&] { out_.u64le(f, v); });
  }
  template <class T>
  void u16be(std::string_view f, const T& v) {
    number(f, v, [&] { out_.u16be(f, v); });
  }
  template <class T>
  void u32be(std::string_view f, const T& v) {
    number(f, v, [&] { out_.u32be(f, v); });
  }
  template <class T>
  void u64be(std::string_view f, const T& v) {
    number(f, v, [&] { out_.u64be(f, v); });
  }
  template <class T>
  void lenenc(std::string_view f, const T& v) {
    number(f, v, [&] { out_.lenenc(f, v); });
  }
  void constant(std::string_view f, std::uint8_t v) {
    number(f, v, [&] { out_.constant(f, v); });
  }
  void filler(std::string_view f, std::size_t n) {
    opaque(f, [&] { out_.filler(f, n); });
  }
  template <std::size_t N>
  void fixed(std::string_view f, const std::array<std::uint8_t, N>& v) {
    opaque(f, [&] { out_.fixed(f, v); });
  }
  void bytes(std::string_view f, std::size_t n, const Bytes& v) {
    opaque(f, [&] { out_.bytes(f, n, v); });
  }
  void text(std::string_view f, std::size_t n, const std::string& v) {
    quoted(f, v, [&] { out_.text(f, n, v); });
  }
  void cstring(std::string_view f, const std::string& v) {
    quoted(f, v, [&] { out_.cstring(f, v); });
  }
  void lenenc_text(std::string_view f, const std::string& v) {
    quoted(f, v, [&] { out_.lenenc_text(f, v); });
  }
  void lenenc_bytes(std::string_view f, const Bytes& v) {
    opaque(f, [&] { out_.lenenc_bytes(f, v); });
  }
  void text32le(std::string_view f, const std::string& v) {
    quoted(f, v, [&] { out_.text32le(f, v); });
  }
  void rest(std::string_view f, const Bytes& v) {
    opaque(f, [&] { out_.rest(f, v); });
  }
  void rest(std::string_view f, const std::string& v) {
    quoted(f, v, [&] { out_.rest(f, v); });
  }
  template <class T>
  void nested(std::string_view, const T& v) {
    T::layout(*this, v);
  }
  template <class T>
  void until_end(std::string_view f, const std::vector<T>& v, std::size_t) {
    for (const T& element : v) nested(f, element);
  }
  template <class T>
  void repeat(std::string_view f, std::size_t, std::size_t, const std::vector<T>& v) {
    until_end(f, v, v.size());
  }

  [[nodiscard]] const std::string& lines() const { return lines_; }

 private:
  template <class T, class Write>
  void number(std::string_view field, const T& value, Write write) {
    const std::size_t from = out_.size();
    write();
    line(from, field, fmt::format("{0} (0x{0:x})", codec_detail::to_wire(value)));
  }
  template <class Write>
  void quoted(std::string_view field, const std::string& value, Write write) {
    const std::size_t from = out_.size();
    write();
    line(from, field, printable(value));
  }
  template <class Write>
  void opaque(std::string_view field, Write write) {
    const std::size_t from = out_.size();
    write();
    line(from, field, fmt::format("{} bytes", out_.size() - from));
  }
  static std::string printable(std::string_view text);
  void line(std::size_t from, std::string_view field, std::string_view value);

  Encoder out_;
  std::string lines_;
};

/// Decodes a whole payload into `message`, whose context fields (not on the wire) the caller has set.
template <class T>
[[nodiscard]] Result<> decode_into(ByteView payload, T& message) {
  Decoder in{payload};
  T::layout(in, message);
  if (Result<> done = in.finish(); !done)
    return Error{done.error().code, fmt::format("{}.{}", T::kName, done.error().what)};
  return {};
}

template <class T>
[[nodiscard]] Result<T> decode(ByteView payload) {
  T message;
  if (Result<> done = decode_into(payload, message); !done) return done.error();
  return message;
}

template <class T>
[[nodiscard]] Bytes encode(const T& message) {
  Encoder out;
  T::layout(out, message);
  return out.take();
}

/// Offset, bytes, field and value of every field, a line each; the error instead when the payload does not decode.
template <class T>
[[nodiscard]] std::string dump(ByteView payload) {
  const Result<T> message = decode<T>(payload);
  if (!message) return message.error().what + "\n";
  Dumper out;
  T::layout(out, *message);
  return fmt::format("{}\n{}", T::kName, out.lines());
}

}  // namespace donord
