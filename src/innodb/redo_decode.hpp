#pragma once

// The bodies of the redo records that a donor has to understand. Each function reads the record of its own type only;
// `Errc::usage` for any other. What is returned refers to the record's bytes.

#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/redo_record.hpp"

namespace donord::innodb {

/// Paths are as the server holds them, in the filename charset: `./t/c1.ibd` below its data directory, else absolute.
/// They come without the NUL that ends them in the record, are not empty and have no NUL inside.
/// Source: docs/innodb-files.md, "File records".

/// Logged when the file exists. Its first size is in no record.
struct FileCreate {
  SpaceId space;
  std::uint32_t flags = 0;  ///< of the tablespace, as in `TablespaceFlags`
  std::string_view path;
};

/// Logged before the file is renamed.
struct FileRename {
  SpaceId space;
  std::string_view old_path;
  std::string_view new_path;
};

/// Logged, and on disk, before the file is removed.
struct FileDelete {
  SpaceId space;
  std::string_view path;
};

/// Logged before the file grows. Recovery writes zeros unless the file is that long already; `offset_bytes` above the
/// size of the file stops it.
struct FileExtend {
  SpaceId space;
  std::uint64_t offset_bytes = 0;  ///< the file's size before
  std::uint64_t size_bytes = 0;    ///< what is added
};

/// An index whose pages were written without redo, and are in the file when this is logged.
struct IndexLoad {
  SpaceId space;
  PageNo root;
  std::uint64_t index_id = 0;
};

/// Which of a table's properties that are not in its pages was logged.
enum class DynamicMetaKind : std::uint8_t { corrupted_indexes = 1, auto_increment = 2 };

struct TableDynamicMeta {
  std::uint64_t table_id = 0;
  std::uint64_t version = 0;
  DynamicMetaKind kind = DynamicMetaKind::auto_increment;
};

/// WRITE_STRING: bytes of a page.
struct StringWrite {
  std::uint16_t offset = 0;
  ByteView bytes;
};

/// 1BYTE, 2BYTES, 4BYTES, 8BYTES: an integer of a page.
struct IntegerWrite {
  std::uint16_t offset = 0;
  std::uint8_t size_bytes = 0;
  std::uint64_t value = 0;
};

[[nodiscard]] Result<FileCreate> decode_file_create(const RedoRecord& record);
[[nodiscard]] Result<FileRename> decode_file_rename(const RedoRecord& record);
[[nodiscard]] Result<FileDelete> decode_file_delete(const RedoRecord& record);
[[nodiscard]] Result<FileExtend> decode_file_extend(const RedoRecord& record);
[[nodiscard]] Result<IndexLoad> decode_index_load(const RedoRecord& record);
[[nodiscard]] Result<TableDynamicMeta> decode_table_dynamic_meta(const RedoRecord& record);
[[nodiscard]] Result<StringWrite> decode_string_write(const RedoRecord& record);
[[nodiscard]] Result<IntegerWrite> decode_integer_write(const RedoRecord& record);

}  // namespace donord::innodb
