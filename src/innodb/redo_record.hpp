#pragma once

// Redo records: what one change of a page, or of a file, looks like in the log. Here are the types, the record as a
// sink of `RedoParser` (`redo_parser.hpp`) sees it. `redo_decode.hpp` reads the bodies that matter to a donor,
// `redo_apply.hpp` repeats the simple ones on a page. Format 6 (8.0.30 and newer) only.

#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"

namespace donord::innodb {

/// The low seven bits of a record's first byte. MySQL's names are these in capitals after MLOG_. Types that only
/// servers before 8.0.28 wrote are missing: they are refused.
enum class RedoType : std::uint8_t {
  one_byte = 1,
  two_bytes = 2,
  four_bytes = 4,
  eight_bytes = 8,
  rec_sec_delete_mark = 11,
  page_create = 19,
  undo_insert = 20,
  undo_erase_end = 21,
  undo_init = 22,
  undo_hdr_reuse = 24,
  undo_hdr_create = 25,
  rec_min_mark = 26,
  ibuf_bitmap_init = 27,
  lsn = 28,  ///< of servers built for debugging; no page
  init_file_page = 29,
  write_string = 30,
  multi_rec_end = 31,  ///< closes a group; never handed to a sink
  dummy_record = 32,   ///< padding; never handed to a sink
  file_create = 33,
  file_rename = 34,
  file_delete = 35,
  comp_rec_min_mark = 36,
  comp_page_create = 37,
  zip_write_node_ptr = 48,
  zip_write_blob_ptr = 49,
  zip_write_header = 50,
  zip_page_compress = 51,
  page_create_rtree = 57,
  comp_page_create_rtree = 58,
  init_file_page2 = 59,
  index_load = 61,          ///< pages of this space were written without redo
  table_dynamic_meta = 62,  ///< no page
  page_create_sdi = 63,
  comp_page_create_sdi = 64,
  file_extend = 65,
  test = 66,  ///< of MySQL's unit tests
  rec_insert = 67,
  rec_clust_delete_mark = 68,
  rec_delete = 69,
  rec_update_in_place = 70,
  list_end_copy_created = 71,
  page_reorganize = 72,
  zip_page_reorganize = 73,
  zip_page_compress_no_data = 74,
  list_end_delete = 75,
  list_start_delete = 76,
};

/// "REC_INSERT", "FILE_CREATE"; those of old servers, too; "type 77" for a number without a name.
[[nodiscard]] std::string name_of(RedoType type);

/// Whether only servers before 8.0.28 write records of this type.
[[nodiscard]] bool is_of_old_server(RedoType type);

/// CREATE, RENAME, DELETE and EXTEND: they concern a file, their page is 0.
[[nodiscard]] constexpr bool is_file_operation(RedoType type) {
  return type == RedoType::file_create || type == RedoType::file_rename || type == RedoType::file_delete ||
         type == RedoType::file_extend;
}

/// 1BYTE, 2BYTES, 4BYTES and 8BYTES: the value of the type is the number of bytes.
[[nodiscard]] constexpr bool is_integer_write(RedoType type) {
  return type == RedoType::one_byte || type == RedoType::two_bytes || type == RedoType::four_bytes ||
         type == RedoType::eight_bytes;
}

/// Whether `RedoRecord::space` and `RedoRecord::page` mean something. True of file operations.
[[nodiscard]] constexpr bool names_a_page(RedoType type) {
  return type != RedoType::table_dynamic_meta && type != RedoType::lsn && type != RedoType::multi_rec_end &&
         type != RedoType::dummy_record;
}

/// One record. `body` is what follows type, space and page; it is contiguous even if the record crosses blocks.
struct RedoRecord {
  RedoType type = RedoType::dummy_record;
  bool single = false;  ///< it is a group of its own, as bit 7 of its first byte says
  SpaceId space;        ///< 0 where `names_a_page()` is false
  PageNo page;          ///< 0 where `names_a_page()` is false
  Lsn start;            ///< of its first byte
  Lsn end;              ///< of the byte behind its last one: what ends a block ends at byte 12 of the next
  ByteView body;        ///< valid as long as the bytes it was found in
};

/// "redo record REC_INSERT at LSN 4711": how errors name a record.
[[nodiscard]] std::string describe(const RedoRecord& record);

}  // namespace donord::innodb
