#include "source/wire_file.hpp"

#include "innodb/page_checksum.hpp"

namespace donord {

namespace {

PageCompression to_wire(innodb::PageCompressionAlgorithm algorithm) {
  switch (algorithm) {
    case innodb::PageCompressionAlgorithm::zlib:
      return PageCompression::zlib;
    case innodb::PageCompressionAlgorithm::lz4:
      return PageCompression::lz4;
    case innodb::PageCompressionAlgorithm::none:
      break;
  }
  return PageCompression::none;
}

}  // namespace

DataFile to_data_file(const TablespaceFile& file) {
  DataFile data{.name = file.name,
                .size_bytes = file.usable_bytes(),
                .allocated_bytes = file.stamp.allocated_bytes,
                .fsp_flags = file.flags.value(),
                .fs_block_size_bytes = file.stamp.block_size_bytes,
                .space = file.space,
                .page_size_bytes = file.format.physical_bytes,
                .compression = to_wire(file.compression),
                .encrypted = file.encrypted()};
  if (!file.is_tablespace()) {
    data.allocated_bytes = data.size_bytes;
    data.fsp_flags = 0xFFFFFFFF;
    data.fs_block_size_bytes = 0;
    data.page_size_bytes = 0;
  }
  return data;
}

void show_key(const TablespaceFile& file, MutableBytes page0) {
  const MutableBytes info = page0.subspan(file.format.encryption_info_offset(), innodb::kEncryptionInfoBytes);
  innodb::write_plain_info(file.cipher->key(), file.encryption_info->server_uuid, info);
  innodb::seal_page(page0, file.format);
}

}  // namespace donord
