#include "innodb/redo_record.hpp"

#include <fmt/format.h>
#include <string_view>

namespace donord::innodb {

namespace {

/// Empty for a number without a name.
std::string_view known_name(RedoType type) {
  switch (type) {
    case RedoType::one_byte:
      return "1BYTE";
    case RedoType::two_bytes:
      return "2BYTES";
    case RedoType::four_bytes:
      return "4BYTES";
    case RedoType::eight_bytes:
      return "8BYTES";
    case RedoType::rec_sec_delete_mark:
      return "REC_SEC_DELETE_MARK";
    case RedoType::page_create:
      return "PAGE_CREATE";
    case RedoType::undo_insert:
      return "UNDO_INSERT";
    case RedoType::undo_erase_end:
      return "UNDO_ERASE_END";
    case RedoType::undo_init:
      return "UNDO_INIT";
    case RedoType::undo_hdr_reuse:
      return "UNDO_HDR_REUSE";
    case RedoType::undo_hdr_create:
      return "UNDO_HDR_CREATE";
    case RedoType::rec_min_mark:
      return "REC_MIN_MARK";
    case RedoType::ibuf_bitmap_init:
      return "IBUF_BITMAP_INIT";
    case RedoType::lsn:
      return "LSN";
    case RedoType::init_file_page:
      return "INIT_FILE_PAGE";
    case RedoType::write_string:
      return "WRITE_STRING";
    case RedoType::multi_rec_end:
      return "MULTI_REC_END";
    case RedoType::dummy_record:
      return "DUMMY_RECORD";
    case RedoType::file_create:
      return "FILE_CREATE";
    case RedoType::file_rename:
      return "FILE_RENAME";
    case RedoType::file_delete:
      return "FILE_DELETE";
    case RedoType::comp_rec_min_mark:
      return "COMP_REC_MIN_MARK";
    case RedoType::comp_page_create:
      return "COMP_PAGE_CREATE";
    case RedoType::zip_write_node_ptr:
      return "ZIP_WRITE_NODE_PTR";
    case RedoType::zip_write_blob_ptr:
      return "ZIP_WRITE_BLOB_PTR";
    case RedoType::zip_write_header:
      return "ZIP_WRITE_HEADER";
    case RedoType::zip_page_compress:
      return "ZIP_PAGE_COMPRESS";
    case RedoType::page_create_rtree:
      return "PAGE_CREATE_RTREE";
    case RedoType::comp_page_create_rtree:
      return "COMP_PAGE_CREATE_RTREE";
    case RedoType::init_file_page2:
      return "INIT_FILE_PAGE2";
    case RedoType::index_load:
      return "INDEX_LOAD";
    case RedoType::table_dynamic_meta:
      return "TABLE_DYNAMIC_META";
    case RedoType::page_create_sdi:
      return "PAGE_CREATE_SDI";
    case RedoType::comp_page_create_sdi:
      return "COMP_PAGE_CREATE_SDI";
    case RedoType::file_extend:
      return "FILE_EXTEND";
    case RedoType::test:
      return "TEST";
    case RedoType::rec_insert:
      return "REC_INSERT";
    case RedoType::rec_clust_delete_mark:
      return "REC_CLUST_DELETE_MARK";
    case RedoType::rec_delete:
      return "REC_DELETE";
    case RedoType::rec_update_in_place:
      return "REC_UPDATE_IN_PLACE";
    case RedoType::list_end_copy_created:
      return "LIST_END_COPY_CREATED";
    case RedoType::page_reorganize:
      return "PAGE_REORGANIZE";
    case RedoType::zip_page_reorganize:
      return "ZIP_PAGE_REORGANIZE";
    case RedoType::zip_page_compress_no_data:
      return "ZIP_PAGE_COMPRESS_NO_DATA";
    case RedoType::list_end_delete:
      return "LIST_END_DELETE";
    case RedoType::list_start_delete:
      return "LIST_START_DELETE";
  }
  return {};
}

/// What servers before 8.0.28 wrote, newer ones have other types for it.
std::string_view old_name(RedoType type) {
  switch (static_cast<std::uint8_t>(type)) {
    case 9:
      return "REC_INSERT_8027";
    case 10:
      return "REC_CLUST_DELETE_MARK_8027";
    case 13:
      return "REC_UPDATE_IN_PLACE_8027";
    case 14:
      return "REC_DELETE_8027";
    case 15:
      return "LIST_END_DELETE_8027";
    case 16:
      return "LIST_START_DELETE_8027";
    case 17:
      return "LIST_END_COPY_CREATED_8027";
    case 18:
      return "PAGE_REORGANIZE_8027";
    case 38:
      return "COMP_REC_INSERT_8027";
    case 39:
      return "COMP_REC_CLUST_DELETE_MARK_8027";
    case 40:
      return "COMP_REC_SEC_DELETE_MARK";
    case 41:
      return "COMP_REC_UPDATE_IN_PLACE_8027";
    case 42:
      return "COMP_REC_DELETE_8027";
    case 43:
      return "COMP_LIST_END_DELETE_8027";
    case 44:
      return "COMP_LIST_START_DELETE_8027";
    case 45:
      return "COMP_LIST_END_COPY_CREATED_8027";
    case 46:
      return "COMP_PAGE_REORGANIZE_8027";
    case 52:
      return "ZIP_PAGE_COMPRESS_NO_DATA_8027";
    case 53:
      return "ZIP_PAGE_REORGANIZE_8027";
    default:
      return {};
  }
}

}  // namespace

std::string name_of(RedoType type) {
  std::string_view name = known_name(type);
  if (name.empty()) name = old_name(type);
  if (name.empty()) return fmt::format("type {}", static_cast<std::uint8_t>(type));
  return std::string{name};
}

bool is_of_old_server(RedoType type) {
  return !old_name(type).empty();
}

std::string describe(const RedoRecord& record) {
  return fmt::format("redo record {} at LSN {}", name_of(record.type), record.start);
}

}  // namespace donord::innodb
