#include "innodb/redo_writer.hpp"

#include <cassert>
#include <limits>

#include "base/endian.hpp"

namespace donord::innodb {

namespace {

constexpr std::uint8_t kSingleRecordFlag = 0x80;

template <std::size_t N>
void append_be(Bytes& to, std::uint64_t value) {
  to.resize(to.size() + N);
  store_be<N>(to.data() + to.size() - N, value);
}

/// The shortest form that `RedoCursor::compressed32()` reads.
void append_compressed32(Bytes& to, std::uint32_t value) {
  if (value < 0x80) return append_be<1>(to, value);
  if (value < 0x4000) return append_be<2>(to, 0x8000 | value);
  if (value < 0x200000) return append_be<3>(to, 0xC00000 | value);
  if (value < 0x10000000) return append_be<4>(to, 0xE0000000 | value);
  if (value >= 0xFFFFFC00) return append_be<2>(to, 0xF800 | (value & 0x3FF));
  if (value >= 0xFFFE0000) return append_be<3>(to, 0xFC0000 | (value & 0x1FFFF));
  if (value >= 0xFF000000) return append_be<4>(to, 0xFE000000 | (value & 0xFFFFFF));
  append_be<1>(to, 0xF0);
  append_be<4>(to, value);
}

void append_compressed64(Bytes& to, std::uint64_t value) {
  append_compressed32(to, static_cast<std::uint32_t>(value >> 32));
  append_be<4>(to, value & 0xFFFFFFFF);
}

}  // namespace

Bytes integer_write_body(RedoType type, std::uint16_t offset, std::uint64_t value) {
  assert(is_integer_write(type));
  Bytes body;
  append_be<2>(body, offset);
  if (type == RedoType::eight_bytes)
    append_compressed64(body, value);
  else
    append_compressed32(body, static_cast<std::uint32_t>(value));
  return body;
}

Bytes string_write_body(std::uint16_t offset, ByteView bytes) {
  assert(bytes.size() <= std::numeric_limits<std::uint16_t>::max());
  Bytes body;
  append_be<2>(body, offset);
  append_be<2>(body, bytes.size());
  append(body, bytes);
  return body;
}

Bytes undo_header_body(std::uint64_t transaction) {
  Bytes body;
  append_compressed64(body, transaction);
  return body;
}

void RedoGroupWriter::add(RedoType type, PageId page, ByteView body) {
  assert(names_a_page(type));
  bytes_.push_back(static_cast<std::uint8_t>(type));
  append_compressed32(bytes_, page.space.value());
  append_compressed32(bytes_, page.page.value());
  append(bytes_, body);
  ++records_;
}

void RedoGroupWriter::add(RedoType type, ByteView body) {
  assert(!names_a_page(type));
  bytes_.push_back(static_cast<std::uint8_t>(type));
  append(bytes_, body);
  ++records_;
}

Bytes RedoGroupWriter::finish() && {
  assert(records_ > 0);
  if (records_ == 1)
    bytes_.front() |= kSingleRecordFlag;
  else
    bytes_.push_back(static_cast<std::uint8_t>(RedoType::multi_rec_end));
  return std::move(bytes_);
}

}  // namespace donord::innodb
