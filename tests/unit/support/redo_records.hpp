#pragma once

// Records of the kinds that a donor understands, for `make_redo_group()`.

#include <string_view>

#include "support/redo_builder.hpp"

namespace donord::testing {

inline RedoRecordSpec file_create(SpaceId space, std::string_view path, std::uint32_t flags = 0x4021) {
  return {.type = innodb::RedoType::file_create, .body = RedoFields{}.u4(flags).path(path), .space = space};
}

inline RedoRecordSpec file_rename(SpaceId space, std::string_view from, std::string_view to) {
  return {.type = innodb::RedoType::file_rename, .body = RedoFields{}.path(from).path(to), .space = space};
}

inline RedoRecordSpec file_delete(SpaceId space, std::string_view path) {
  return {.type = innodb::RedoType::file_delete, .body = RedoFields{}.path(path), .space = space};
}

inline RedoRecordSpec file_extend(SpaceId space, std::uint64_t offset_bytes, std::uint64_t size_bytes) {
  return {.type = innodb::RedoType::file_extend, .body = RedoFields{}.u8(offset_bytes).u8(size_bytes), .space = space};
}

inline RedoRecordSpec index_load(SpaceId space, PageNo root = PageNo{4}) {
  return {.type = innodb::RedoType::index_load, .body = RedoFields{}.u8(1), .space = space, .page = root};
}

/// An AUTO_INCREMENT counter.
inline RedoRecordSpec dynamic_metadata() {
  return {.type = innodb::RedoType::table_dynamic_meta,
          .body = RedoFields{}.much_compressed64(1067).much_compressed64(0).u1(2).much_compressed64(42)};
}

inline RedoRecordSpec init_page(SpaceId space, PageNo page = PageNo{0}) {
  return {.type = innodb::RedoType::init_file_page2, .space = space, .page = page};
}

inline RedoRecordSpec write_u2(SpaceId space, std::uint16_t offset, std::uint16_t value, PageNo page = PageNo{0}) {
  return {.type = innodb::RedoType::two_bytes,
          .body = RedoFields{}.u2(offset).compressed32(value),
          .space = space,
          .page = page};
}

inline RedoRecordSpec write_u4(SpaceId space, std::uint16_t offset, std::uint32_t value, PageNo page = PageNo{0}) {
  return {.type = innodb::RedoType::four_bytes,
          .body = RedoFields{}.u2(offset).compressed32(value),
          .space = space,
          .page = page};
}

inline RedoRecordSpec write_u8(SpaceId space, std::uint16_t offset, std::uint64_t value, PageNo page = PageNo{0}) {
  return {.type = innodb::RedoType::eight_bytes,
          .body = RedoFields{}.u2(offset).compressed64(value),
          .space = space,
          .page = page};
}

inline RedoRecordSpec write_string(SpaceId space, std::size_t offset, ByteView bytes, PageNo page = PageNo{0}) {
  return {.type = innodb::RedoType::write_string,
          .body = RedoFields{}.u2(offset).u2(bytes.size()).bytes(bytes),
          .space = space,
          .page = page};
}

/// What a server logs when it turns the file of a new tablespace into one: page 0 of this many pages.
inline Bytes first_page_group(SpaceId space, std::uint32_t flags, std::uint32_t pages) {
  return make_redo_group({init_page(space), write_u2(space, 24, 8), write_u4(space, 8, 90704), write_u4(space, 12, 1),
                          write_u4(space, 38, space.value()), write_u4(space, 46, pages), write_u4(space, 50, pages),
                          write_u4(space, 54, flags)});
}

}  // namespace donord::testing
