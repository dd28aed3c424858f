#include "innodb/redo_scan.hpp"

#include "innodb/redo_cursor.hpp"
#include "innodb/redo_decode.hpp"
#include "innodb/redo_index_info.hpp"

namespace donord::innodb {

namespace {

constexpr std::uint8_t kSingleRecordFlag = 0x80;
constexpr std::uint32_t kNullLength = 0xFFFFFFFF;
constexpr std::size_t kRollPointerBytes = 7;
constexpr std::size_t kNodePointerBytes = 4;
constexpr std::size_t kBlobPointerBytes = 20;
constexpr std::uint32_t kZipHeaderBytes = 94;  ///< of a ZIP page, before its compressed data
constexpr std::size_t kSiblingPointersBytes = 8;
constexpr std::size_t kTestPatternBytes = 16;
constexpr std::uint32_t kMaxRowsCopyBytes = kMaxRedoRecordBytes / 2;

constexpr const char* kOffsetProblem = "an offset outside of the page";
constexpr const char* kLengthProblem = "a length above the page size";

/// Reads the body of one record; what is wrong with it ends up in the cursor.
class BodyScanner {
 public:
  BodyScanner(RedoCursor& cursor, std::uint32_t page_bytes) : cursor_(cursor), page_bytes_(page_bytes) {}

  void integer_write(RedoType type) {
    const IntegerWrite write = IntegerWrite::read(cursor_, type);
    cursor_.require(std::uint32_t{write.offset} + write.size_bytes <= page_bytes_, kOffsetProblem);
  }

  void string_write() {
    const StringWrite write = StringWrite::read(cursor_);
    cursor_.require(write.offset + write.bytes.size() <= page_bytes_, kOffsetProblem);
  }

  void page_offset() { cursor_.require(cursor_.u2() < page_bytes_, kOffsetProblem); }

  void counted_bytes() {
    const std::uint32_t length = cursor_.u2();
    cursor_.require(length < page_bytes_, kLengthProblem);
    cursor_.skip(length);
  }

  void rec_sec_delete_mark() {
    cursor_.skip(1);
    page_offset();
  }

  void zip_pointer_write(std::size_t pointer_bytes) {
    page_offset();
    page_offset();
    cursor_.skip(pointer_bytes);
  }

  void zip_header_write() {
    const std::uint32_t offset = cursor_.u1();
    const std::uint32_t length = cursor_.u1();
    cursor_.require(length > 0 && offset + length < kZipHeaderBytes, "it writes outside of the header of a ZIP page");
    cursor_.skip(length);
  }

  void zip_page_compress() {
    const std::uint32_t data = cursor_.u2();
    const std::uint32_t trailer = cursor_.u2();
    cursor_.require(data + trailer < page_bytes_, kLengthProblem);
    cursor_.skip(kSiblingPointersBytes + data + trailer);
  }

  void rec_insert() {
    skip_index_info(cursor_);
    page_offset();
    const std::uint32_t end_segment = cursor_.compressed32();
    cursor_.require(end_segment < 2 * page_bytes_, kLengthProblem);
    if ((end_segment & 1) != 0) {
      cursor_.skip(1);
      cursor_.require(cursor_.compressed32() < page_bytes_, kOffsetProblem);
      cursor_.require(cursor_.compressed32() < page_bytes_, kLengthProblem);
    }
    cursor_.skip(end_segment / 2);
  }

  void rec_clust_delete_mark() {
    skip_index_info(cursor_);
    cursor_.skip(2);
    system_columns();
    page_offset();
  }

  void rec_update_in_place() {
    skip_index_info(cursor_);
    cursor_.skip(1);
    system_columns();
    page_offset();
    cursor_.skip(1);
    const std::uint32_t fields = cursor_.compressed32();
    cursor_.require(fields <= kMaxIndexFields, "it updates too many fields");
    for (std::uint32_t i = 0; i < fields && cursor_.good(); ++i) {
      cursor_.require(cursor_.compressed32() < kMaxIndexFields, "it updates a field that no index has");
      const std::uint32_t length = cursor_.compressed32();
      if (length == kNullLength) continue;
      cursor_.require(length < page_bytes_, kLengthProblem);
      cursor_.skip(length);
    }
  }

  void list_end_copy_created() {
    skip_index_info(cursor_);
    const std::uint32_t length = cursor_.u4();
    cursor_.require(length <= kMaxRowsCopyBytes, kLengthProblem);
    cursor_.skip(length);
  }

  void index_and_page_offset() {
    skip_index_info(cursor_);
    page_offset();
  }

  void zip_page_reorganize() {
    skip_index_info(cursor_);
    cursor_.skip(1);
  }

  void file_operation(const RedoScan& record) {
    cursor_.require(record.page == PageNo{0}, "a file operation on another page than 0");
    if (record.type == RedoType::file_extend) {
      (void)FileExtend::read(cursor_, record.space);
      return;
    }
    cursor_.require(record.space != SpaceId{0}, "a file operation on the system tablespace");
    if (record.type == RedoType::file_create)
      (void)FileCreate::read(cursor_, record.space);
    else if (record.type == RedoType::file_rename)
      (void)FileRename::read(cursor_, record.space);
    else
      (void)FileDelete::read(cursor_, record.space);
  }

  void test() {
    cursor_.skip(kTestPatternBytes);
    counted_bytes();
    cursor_.skip(kTestPatternBytes);
  }

 private:
  /// Position of the transaction id in the row, roll pointer, transaction id.
  void system_columns() {
    cursor_.require(cursor_.compressed32() < kMaxIndexFields, "a transaction id in a field that no index has");
    cursor_.skip(kRollPointerBytes);
    cursor_.compressed64();
  }

  RedoCursor& cursor_;
  std::uint32_t page_bytes_;
};

enum class Body { scanned, unknown_type, old_type };

Body scan_body(RedoCursor& cursor, std::uint32_t page_bytes, const RedoScan& record) {
  BodyScanner scanner{cursor, page_bytes};
  switch (record.type) {
    case RedoType::one_byte:
    case RedoType::two_bytes:
    case RedoType::four_bytes:
    case RedoType::eight_bytes:
      scanner.integer_write(record.type);
      return Body::scanned;
    case RedoType::rec_sec_delete_mark:
      scanner.rec_sec_delete_mark();
      return Body::scanned;
    case RedoType::page_create:
    case RedoType::comp_page_create:
    case RedoType::page_create_rtree:
    case RedoType::comp_page_create_rtree:
    case RedoType::page_create_sdi:
    case RedoType::comp_page_create_sdi:
    case RedoType::undo_erase_end:
    case RedoType::ibuf_bitmap_init:
    case RedoType::init_file_page:
    case RedoType::init_file_page2:
    case RedoType::lsn:
      return Body::scanned;
    case RedoType::undo_insert:
      scanner.counted_bytes();
      return Body::scanned;
    case RedoType::undo_init:
      cursor.compressed32();
      return Body::scanned;
    case RedoType::undo_hdr_reuse:
    case RedoType::undo_hdr_create:
      cursor.compressed64();
      return Body::scanned;
    case RedoType::rec_min_mark:
    case RedoType::comp_rec_min_mark:
      scanner.page_offset();
      return Body::scanned;
    case RedoType::write_string:
      scanner.string_write();
      return Body::scanned;
    case RedoType::file_create:
    case RedoType::file_rename:
    case RedoType::file_delete:
    case RedoType::file_extend:
      scanner.file_operation(record);
      return Body::scanned;
    case RedoType::zip_write_node_ptr:
      scanner.zip_pointer_write(kNodePointerBytes);
      return Body::scanned;
    case RedoType::zip_write_blob_ptr:
      scanner.zip_pointer_write(kBlobPointerBytes);
      return Body::scanned;
    case RedoType::zip_write_header:
      scanner.zip_header_write();
      return Body::scanned;
    case RedoType::zip_page_compress:
      scanner.zip_page_compress();
      return Body::scanned;
    case RedoType::index_load:
      (void)IndexLoad::read(cursor, record.space, record.page);
      return Body::scanned;
    case RedoType::table_dynamic_meta:
      (void)TableDynamicMeta::read(cursor);
      return Body::scanned;
    case RedoType::test:
      scanner.test();
      return Body::scanned;
    case RedoType::rec_insert:
      scanner.rec_insert();
      return Body::scanned;
    case RedoType::rec_clust_delete_mark:
      scanner.rec_clust_delete_mark();
      return Body::scanned;
    case RedoType::rec_delete:
    case RedoType::list_end_delete:
    case RedoType::list_start_delete:
      scanner.index_and_page_offset();
      return Body::scanned;
    case RedoType::rec_update_in_place:
      scanner.rec_update_in_place();
      return Body::scanned;
    case RedoType::list_end_copy_created:
      scanner.list_end_copy_created();
      return Body::scanned;
    case RedoType::page_reorganize:
      skip_index_info(cursor);
      return Body::scanned;
    case RedoType::zip_page_reorganize:
    case RedoType::zip_page_compress_no_data:
      scanner.zip_page_reorganize();
      return Body::scanned;
    case RedoType::multi_rec_end:
    case RedoType::dummy_record:
      break;  // have no body and were dealt with
  }
  return is_of_old_server(record.type) ? Body::old_type : Body::unknown_type;
}

}  // namespace

RedoScan scan_redo_record(ByteView bytes, std::uint32_t page_bytes) {
  RedoCursor cursor{bytes};
  RedoScan scan{.bytes = 1};
  if (bytes.empty()) return scan;
  const std::uint8_t first = cursor.u1();
  scan.single = (first & kSingleRecordFlag) != 0;
  scan.type = static_cast<RedoType>(first & ~kSingleRecordFlag);

  Body body = Body::scanned;
  if (scan.type == RedoType::multi_rec_end || scan.type == RedoType::dummy_record) {
    cursor.require(!scan.single, "what closes or pads a group cannot be one itself");
  } else {
    if (scan.type != RedoType::table_dynamic_meta) {
      scan.space = SpaceId{cursor.compressed32()};
      scan.page = PageNo{cursor.compressed32()};
    }
    scan.body_at = cursor.position();
    body = scan_body(cursor, page_bytes, scan);
  }

  if (body == Body::old_type) {
    scan.state = RedoScanState::unsupported;
    scan.problem = "only servers before 8.0.28 write such records";
  } else if (body == Body::unknown_type || cursor.problem() != nullptr) {
    scan.state = RedoScanState::malformed;
    scan.problem = body == Body::unknown_type ? "there is no such type" : cursor.problem();
  } else {
    const bool complete = cursor.good();
    scan.state = complete ? RedoScanState::complete : RedoScanState::incomplete;
    scan.bytes = complete ? cursor.position() : cursor.needed_bytes();
    if (scan.bytes > kMaxRedoRecordBytes) {
      scan.state = RedoScanState::malformed;
      scan.problem = "it is longer than any record";
    }
  }
  if (!names_a_page(scan.type)) {  // that of MLOG_LSN are halves of an LSN
    scan.space = {};
    scan.page = {};
  }
  return scan;
}

}  // namespace donord::innodb
