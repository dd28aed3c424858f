#include "innodb/redo_apply.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/endian.hpp"
#include "innodb/page_header.hpp"
#include "innodb/redo_decode.hpp"
#include "innodb/undo_apply.hpp"

namespace donord::innodb {

namespace {

/// The place of a write, or why it has none.
Result<MutableBytes> part_of(const RedoRecord& record, MutableBytes page, std::size_t offset, std::size_t count) {
  if (offset > page.size() || count > page.size() - offset)
    return Error{Errc::malformed, fmt::format("{} (page {} of space {}): it writes {} bytes at {} of a page of {}",
                                              describe(record), record.page, record.space, count, offset, page.size())};
  return page.subspan(offset, count);
}

Result<> apply_integer(const RedoRecord& record, MutableBytes page) {
  const Result<IntegerWrite> write = decode_integer_write(record);
  if (!write) return write.error();
  const Result<MutableBytes> place = part_of(record, page, write->offset, write->size_bytes);
  if (!place) return place.error();
  for (std::size_t i = 0; i < place->size(); ++i)
    (*place)[i] = static_cast<std::uint8_t>(write->value >> (8 * (place->size() - 1 - i)));
  return {};
}

Result<> apply_string(const RedoRecord& record, MutableBytes page) {
  const Result<StringWrite> write = decode_string_write(record);
  if (!write) return write.error();
  const Result<MutableBytes> place = part_of(record, page, write->offset, write->bytes.size());
  if (!place) return place.error();
  std::ranges::copy(write->bytes, place->begin());
  return {};
}

/// A page is taken into use: nothing of what it was stays. Versions, size and flags of a tablespace come in records of
/// their own.
Result<> apply_init(const RedoRecord& record, MutableBytes page) {
  const Result<MutableBytes> header = part_of(record, page, 0, kPageHeaderBytes);
  if (!header) return header.error();
  std::ranges::fill(page, std::uint8_t{0});
  store_u32be(page, kPageNumberOffset, record.page.value());
  store_u32be(page, kPageSpaceOffset, record.space.value());
  return {};
}

}  // namespace

bool can_apply_to_page(RedoType type) {
  return is_integer_write(type) || type == RedoType::write_string || type == RedoType::init_file_page ||
         type == RedoType::init_file_page2 || is_undo_record(type);
}

Result<> apply_to_page(const RedoRecord& record, MutableBytes page) {
  if (is_integer_write(record.type)) return apply_integer(record, page);
  if (record.type == RedoType::write_string) return apply_string(record, page);
  if (record.type == RedoType::init_file_page || record.type == RedoType::init_file_page2)
    return apply_init(record, page);
  if (is_undo_record(record.type)) return apply_undo_record(record, page);
  return Error{Errc::unsupported_version, fmt::format("{} (page {} of space {}) cannot be repeated on a page",
                                                      describe(record), record.page, record.space)};
}

}  // namespace donord::innodb
