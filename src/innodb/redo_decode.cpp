#include "innodb/redo_decode.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "innodb/redo_lsn.hpp"
#include "innodb/tablespace_flags.hpp"

namespace donord::innodb {

namespace {

constexpr std::size_t kCorruptedIndexBytes = 12;

std::string_view read_path(RedoCursor& cursor) {
  const ByteView bytes = cursor.take(cursor.u2());
  const std::string_view path = as_text(bytes.first(bytes.empty() ? 0 : bytes.size() - 1));
  cursor.require(!path.empty() && bytes.back() == 0 && path.find('\0') == std::string_view::npos,
                 "its path does not end with its only NUL");
  return path;
}

Result<> check_type(const RedoRecord& record, bool right, std::string_view wanted) {
  if (right) return {};
  return Error{Errc::usage, fmt::format("{} is no {}", describe(record), wanted)};
}

/// What `read` returns, provided that it takes the whole body.
template <class View, class Read>
Result<View> decode_body(const RedoRecord& record, Read read) {
  RedoCursor cursor{record.body};
  const View view = read(cursor);
  const char* problem = cursor.problem();
  if (problem == nullptr && !cursor.good()) problem = "its body is too short";
  if (problem == nullptr && cursor.remaining() != 0) problem = "its body is too long";
  if (problem != nullptr) return Error{Errc::malformed, fmt::format("{}: {}", describe(record), problem)};
  return view;
}

template <class View>
Result<View> decode_file_operation(const RedoRecord& record, RedoType type) {
  if (const Result<> right = check_type(record, record.type == type, name_of(type)); !right) return right.error();
  return decode_body<View>(record, [&](RedoCursor& cursor) { return View::read(cursor, record.space); });
}

}  // namespace

FileCreate FileCreate::read(RedoCursor& cursor, SpaceId space) {
  FileCreate view{.space = space};
  view.flags = cursor.u4();
  view.path = read_path(cursor);
  return view;
}

FileRename FileRename::read(RedoCursor& cursor, SpaceId space) {
  FileRename view{.space = space};
  view.old_path = read_path(cursor);
  view.new_path = read_path(cursor);
  return view;
}

FileDelete FileDelete::read(RedoCursor& cursor, SpaceId space) {
  return {.space = space, .path = read_path(cursor)};
}

FileExtend FileExtend::read(RedoCursor& cursor, SpaceId space) {
  FileExtend view{.space = space};
  view.offset_bytes = cursor.u8();
  view.size_bytes = cursor.u8();
  cursor.require(view.size_bytes <= ~std::uint64_t{0} - view.offset_bytes, "the file would be longer than any can be");
  return view;
}

IndexLoad IndexLoad::read(RedoCursor& cursor, SpaceId space, PageNo root) {
  return {.space = space, .root = root, .index_id = cursor.u8()};
}

TableDynamicMeta TableDynamicMeta::read(RedoCursor& cursor) {
  TableDynamicMeta view;
  view.table_id = cursor.much_compressed64();
  view.version = cursor.much_compressed64();
  view.kind = static_cast<DynamicMetaKind>(cursor.u1());
  switch (view.kind) {
    case DynamicMetaKind::corrupted_indexes:
      cursor.skip(kCorruptedIndexBytes * cursor.u1());
      break;
    case DynamicMetaKind::auto_increment:
      view.auto_increment = cursor.much_compressed64();
      break;
    default:
      cursor.fail("an unknown kind of metadata");
  }
  return view;
}

StringWrite StringWrite::read(RedoCursor& cursor) {
  StringWrite view;
  view.offset = cursor.u2();
  view.bytes = cursor.take(cursor.u2());
  return view;
}

IntegerWrite IntegerWrite::read(RedoCursor& cursor, RedoType type) {
  IntegerWrite view{.size_bytes = static_cast<std::uint8_t>(type)};  // the types are named after their sizes
  view.offset = cursor.u2();
  if (type == RedoType::eight_bytes) {
    view.value = cursor.compressed64();
  } else {
    view.value = cursor.compressed32();
    cursor.require(view.value >> (8 * view.size_bytes) == 0, "a value that does not fit its size");
  }
  return view;
}

Result<FileCreate> decode_file_create(const RedoRecord& record) {
  return decode_file_operation<FileCreate>(record, RedoType::file_create);
}

Result<FileRename> decode_file_rename(const RedoRecord& record) {
  return decode_file_operation<FileRename>(record, RedoType::file_rename);
}

Result<FileDelete> decode_file_delete(const RedoRecord& record) {
  return decode_file_operation<FileDelete>(record, RedoType::file_delete);
}

Result<FileExtend> decode_file_extend(const RedoRecord& record) {
  return decode_file_operation<FileExtend>(record, RedoType::file_extend);
}

Result<IndexLoad> decode_index_load(const RedoRecord& record) {
  const Result<> right = check_type(record, record.type == RedoType::index_load, "INDEX_LOAD");
  if (!right) return right.error();
  return decode_body<IndexLoad>(record,
                                [&](RedoCursor& cursor) { return IndexLoad::read(cursor, record.space, record.page); });
}

Result<TableDynamicMeta> decode_table_dynamic_meta(const RedoRecord& record) {
  const Result<> right = check_type(record, record.type == RedoType::table_dynamic_meta, "TABLE_DYNAMIC_META");
  if (!right) return right.error();
  return decode_body<TableDynamicMeta>(record, TableDynamicMeta::read);
}

Result<StringWrite> decode_string_write(const RedoRecord& record) {
  const Result<> right = check_type(record, record.type == RedoType::write_string, "WRITE_STRING");
  if (!right) return right.error();
  return decode_body<StringWrite>(record, StringWrite::read);
}

Result<IntegerWrite> decode_integer_write(const RedoRecord& record) {
  const Result<> right = check_type(record, is_integer_write(record.type), "write of an integer");
  if (!right) return right.error();
  return decode_body<IntegerWrite>(record, [&](RedoCursor& cursor) { return IntegerWrite::read(cursor, record.type); });
}

Result<std::optional<EncryptionWrite>> find_encryption_write(const RedoRecord& record) {
  if (record.type != RedoType::write_string || record.page != PageNo{0}) return std::nullopt;
  const Result<StringWrite> write = decode_string_write(record);
  if (!write) return write.error();
  if (write->bytes.size() != kEncryptionInfoBytes) return std::nullopt;
  const Lsn body = redo_position(redo_payload_before(record.end) - record.body.size());
  return EncryptionWrite{record.space, body, write->offset};
}

}  // namespace donord::innodb
