#pragma once

// Pages, tablespaces and redo files made byte by byte, with right checksums, for tests that then damage them.

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>

#include "base/bytes.hpp"
#include "base/endian.hpp"
#include "innodb/page_checksum.hpp"
#include "innodb/page_header.hpp"
#include "innodb/redo_block.hpp"
#include "innodb/redo_file_header.hpp"
#include "innodb/tablespace_flags.hpp"
#include "support/hex_file.hpp"

namespace donord::testing {

/// A file of `fixtures/innodb`.
inline Bytes innodb_fixture(const std::string& name) {
  return load_fixture("innodb/" + name).bytes;
}

struct PageSpec {
  innodb::PageFormat format = {};
  SpaceId space{7};
  PageNo number{3};
  innodb::PageType type = innodb::PageType::index;
  Lsn lsn{20'000'000};
  std::uint32_t seed = 1;
};

/// A page with a random body and right checksums.
inline Bytes make_page(const PageSpec& spec) {
  Bytes page(spec.format.physical_bytes);
  std::mt19937 random{spec.seed + spec.number.value()};
  for (std::size_t i = innodb::kPageHeaderBytes; i < page.size(); ++i) page[i] = static_cast<std::uint8_t>(random());
  store_u32be(page, innodb::kPageNumberOffset, spec.number.value());
  store_u64be(page, innodb::kPageLsnOffset, spec.lsn.value());
  store_u16be(page, innodb::kPageTypeOffset, static_cast<std::uint16_t>(spec.type));
  store_u32be(page, innodb::kPageSpaceOffset, spec.space.value());
  innodb::seal_page(page, spec.format);
  return page;
}

struct TablespaceSpec {
  SpaceId space{7};
  std::uint32_t flags = 0x4021;
  std::uint32_t pages = 8;
  std::uint32_t fsp_size_pages = 0;  ///< 0: as many as there are
  std::uint32_t server_version = 90704;
  Lsn flush_lsn = {};
  Lsn lsn{16'000'000};           ///< of every page: before the log that `RedoFileSpec` has
  std::uint32_t first_page = 0;  ///< above 0: a later file of the system tablespace, without a header
};

inline innodb::PageFormat format_of(const TablespaceSpec& spec) {
  return innodb::TablespaceFlags{spec.flags}.page_format().value();
}

/// Page 0: header and nothing more.
inline Bytes make_first_page(const TablespaceSpec& spec) {
  const innodb::PageFormat format = format_of(spec);
  Bytes page(format.physical_bytes);
  store_u32be(page, 8, spec.server_version);
  store_u32be(page, 12, 1);
  store_u64be(page, innodb::kPageLsnOffset, spec.lsn.value());
  store_u16be(page, innodb::kPageTypeOffset, static_cast<std::uint16_t>(innodb::PageType::fsp_header));
  store_u64be(page, innodb::kPageFlushLsnOffset, spec.flush_lsn.value());
  store_u32be(page, innodb::kPageSpaceOffset, spec.space.value());
  store_u32be(page, 38, spec.space.value());
  store_u32be(page, 46, spec.fsp_size_pages != 0 ? spec.fsp_size_pages : spec.pages);
  store_u32be(page, 50, spec.pages);
  store_u32be(page, 54, spec.flags);
  innodb::seal_page(page, format);
  return page;
}

inline Bytes make_tablespace(const TablespaceSpec& spec) {
  Bytes file;
  for (std::uint32_t i = 0; i < spec.pages; ++i)
    append(file, spec.first_page + i == 0 ? make_first_page(spec)
                                          : make_page({.format = format_of(spec),
                                                       .space = spec.space,
                                                       .number = PageNo{spec.first_page + i},
                                                       .lsn = spec.lsn}));
  return file;
}

struct RedoFileSpec {
  std::uint32_t uuid = 0x12345678;
  Lsn start_lsn{16'384'000};
  Lsn checkpoint = {};  ///< 0: none
  std::uint64_t size_bytes = 65536;
  std::string creator = "MySQL 9.7.4";
  std::uint32_t flags = 0;
  Lsn log_begin = {};  ///< blocks are written from the block that holds this position ...
  Lsn log_end = {};    ///< ... to here
};

/// A whole block whose payload is its LSN over and over, used up to `end` when that is inside.
inline innodb::RedoBlockBytes make_log_block(Lsn lsn, Lsn end) {
  const std::uint64_t used = std::min<std::uint64_t>(end - lsn, 508);
  Bytes payload;
  while (payload.size() < used - innodb::kRedoBlockHeaderBytes)
    payload.push_back(static_cast<std::uint8_t>(lsn.value() >> (payload.size() % 8)));
  return innodb::make_redo_block(lsn, payload, innodb::kRedoBlockHeaderBytes);
}

inline Bytes make_redo_file(const RedoFileSpec& spec) {
  Bytes file(spec.size_bytes);
  const innodb::RedoFileHeader header{
      .uuid = spec.uuid, .start_lsn = spec.start_lsn, .creator = spec.creator, .flags = spec.flags};
  std::ranges::copy(innodb::encode_redo_file_start(header, spec.checkpoint), file.begin());
  for (Lsn lsn = std::max(spec.log_begin.block_start(), spec.start_lsn); lsn < spec.log_end; lsn = lsn + 512) {
    const std::uint64_t offset = innodb::kRedoHeaderBytes + (lsn - spec.start_lsn);
    if (offset + 512 > file.size()) break;
    std::ranges::copy(make_log_block(lsn, spec.log_end), file.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  return file;
}

inline void write_file(const std::filesystem::path& path, ByteView content) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream out{path, std::ios::binary | std::ios::trunc};
  out.write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
  if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace donord::testing
