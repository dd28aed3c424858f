#include "innodb/page_header.hpp"

#include "base/codec.hpp"

namespace donord::innodb {

std::string name_of(PageType type) {
  switch (type) {
    case PageType::allocated:
      return "ALLOCATED";
    case PageType::undo_log:
      return "UNDO_LOG";
    case PageType::inode:
      return "INODE";
    case PageType::change_buffer_free_list:
      return "IBUF_FREE_LIST";
    case PageType::change_buffer_bitmap:
      return "IBUF_BITMAP";
    case PageType::system:
      return "SYS";
    case PageType::transaction_system:
      return "TRX_SYS";
    case PageType::fsp_header:
      return "FSP_HDR";
    case PageType::extent_descriptor:
      return "XDES";
    case PageType::blob:
      return "BLOB";
    case PageType::zblob_first:
      return "ZBLOB";
    case PageType::zblob:
      return "ZBLOB2";
    case PageType::unknown:
      return "UNKNOWN";
    case PageType::compressed:
      return "COMPRESSED";
    case PageType::encrypted:
      return "ENCRYPTED";
    case PageType::compressed_and_encrypted:
      return "COMPRESSED_AND_ENCRYPTED";
    case PageType::encrypted_rtree:
      return "ENCRYPTED_RTREE";
    case PageType::sdi_blob:
      return "SDI_BLOB";
    case PageType::sdi_zblob:
      return "SDI_ZBLOB";
    case PageType::legacy_doublewrite:
      return "LEGACY_DBLWR";
    case PageType::rollback_segment_array:
      return "RSEG_ARRAY";
    case PageType::lob_index:
      return "LOB_INDEX";
    case PageType::lob_data:
      return "LOB_DATA";
    case PageType::lob_first:
      return "LOB_FIRST";
    case PageType::zlob_first:
      return "ZLOB_FIRST";
    case PageType::zlob_data:
      return "ZLOB_DATA";
    case PageType::zlob_index:
      return "ZLOB_INDEX";
    case PageType::zlob_fragment:
      return "ZLOB_FRAG";
    case PageType::zlob_fragment_entry:
      return "ZLOB_FRAG_ENTRY";
    case PageType::sdi:
      return "SDI";
    case PageType::rtree:
      return "RTREE";
    case PageType::index:
      return "INDEX";
  }
  return fmt::format("type {}", static_cast<unsigned>(type));
}

Result<PageHeader> decode_page_header(ByteView page) {
  return decode<PageHeader>(page.first(std::min(page.size(), kPageHeaderBytes)));
}

}  // namespace donord::innodb
