#pragma once

// A small datadir of a server that was shut down cleanly, in a temporary directory, for tests that then damage it.

#include <filesystem>
#include <stdexcept>
#include <string>

#include "support/innodb_builder.hpp"
#include "support/scratch_directory.hpp"
#include "support/undo_builder.hpp"

namespace donord::testing {

inline constexpr Lsn kShutdownLsn{16'384'000 + 4000};

/// Replaces a page in a file.
inline void put_page(const std::filesystem::path& path, std::uint64_t number, ByteView page) {
  std::fstream file{path, std::ios::binary | std::ios::in | std::ios::out};
  file.seekp(static_cast<std::streamoff>(number * page.size()));
  file.write(reinterpret_cast<const char*>(page.data()), static_cast<std::streamsize>(page.size()));
  if (!file.flush()) throw std::runtime_error("cannot change " + path.string());
}

/// With right checksums.
inline Bytes sealed(Bytes page) {
  innodb::seal_page(page, {});
  return page;
}

inline void write_system_tablespace(const std::filesystem::path& path, Lsn flush_lsn) {
  write_file(path, make_tablespace({.space = SpaceId{0}, .flags = 0x4800, .pages = 16, .flush_lsn = flush_lsn}));
  put_page(path, 5, sealed(make_transaction_system_page(1000)));
}

/// Without rollback segments.
inline void write_undo_tablespace(const std::filesystem::path& path, SpaceId space, std::uint32_t pages = 8) {
  write_file(path, make_tablespace({.space = space, .flags = 0, .pages = pages}));
  put_page(path, 3, sealed(make_segment_array_page(space, {})));
}

/// ib_buffer_pool, ibdata1, undo_001, undo_002, mysql.ibd, db/t1.ibd and one redo file, and beside them what a server
/// leaves that must not be served.
inline void build_datadir(const std::filesystem::path& at) {
  write_file(at / "ib_buffer_pool", as_bytes("0,1\n0,2\n"));
  write_system_tablespace(at / "ibdata1", kShutdownLsn);
  write_undo_tablespace(at / "undo_001", SpaceId{4294967279});
  write_undo_tablespace(at / "undo_002", SpaceId{4294967278});
  write_file(at / "mysql.ibd", make_tablespace({.space = SpaceId{0xFFFFFFFE}, .flags = 0x4800, .pages = 12}));
  write_file(at / "db" / "t1.ibd", make_tablespace({.space = SpaceId{2}, .pages = 9}));
  write_file(at / "#innodb_redo" / "#ib_redo5",
             make_redo_file({.checkpoint = kShutdownLsn, .log_begin = kShutdownLsn, .log_end = kShutdownLsn}));
  write_file(at / "#innodb_redo" / "#ib_redo6_tmp", Bytes(65536, 0xEE));
  write_file(at / "#innodb_temp" / "temp_1.ibt", Bytes(16384, 0xEE));
  write_file(at / "ibtmp1", Bytes(16384, 0xEE));
  write_file(at / "#ib_16384_0.dblwr", Bytes(16384, 0xEE));
  write_file(at / "auto.cnf", as_bytes("[auto]\n"));
}

/// Inverts one byte of a file.
inline void flip_byte(const std::filesystem::path& path, std::uint64_t offset) {
  std::fstream file{path, std::ios::binary | std::ios::in | std::ios::out};
  file.seekg(static_cast<std::streamoff>(offset));
  const int byte = file.get();
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(static_cast<char>(~byte));
  if (!file.flush()) throw std::runtime_error("cannot damage " + path.string());
}

}  // namespace donord::testing
