#pragma once

// The bodies of the redo records that a donor has to understand. Each `decode_...` takes a record of its own type only
// (`Errc::usage` for any other) and does not fail for one that a `RedoParser` handed out, which has checked it. What is
// returned refers to the record's bytes. The `read` functions are what the parser uses to find where a record ends.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/redo_cursor.hpp"
#include "innodb/redo_record.hpp"

namespace donord::innodb {

/// Paths are as the server holds them, in the filename charset: `./t/c1.ibd` below its data directory, else absolute.
/// They come without the NUL that ends them in the record, are not empty and have no NUL inside.
/// Source: docs/innodb-files.md, "File records".

/// Logged when the file exists. Its first size is in no record.
///
///   size
///      4  flags of the tablespace
///      2  length of the path, its NUL included
///         path
struct FileCreate {
  SpaceId space;
  std::uint32_t flags = 0;  ///< of the tablespace, as in `TablespaceFlags`
  std::string_view path;

  [[nodiscard]] static FileCreate read(RedoCursor& cursor, SpaceId space);
};

/// Logged before the file is renamed. Body: two paths, each with its length as above.
struct FileRename {
  SpaceId space;
  std::string_view old_path;
  std::string_view new_path;

  [[nodiscard]] static FileRename read(RedoCursor& cursor, SpaceId space);
};

/// Logged, and on disk, before the file is removed. Body: one path with its length.
struct FileDelete {
  SpaceId space;
  std::string_view path;

  [[nodiscard]] static FileDelete read(RedoCursor& cursor, SpaceId space);
};

/// Logged before the file grows. Recovery writes zeros unless the file is that long already; `offset_bytes` above the
/// size of the file stops it. Body: 8 offset, 8 size; their sum fits 64 bits.
struct FileExtend {
  SpaceId space;
  std::uint64_t offset_bytes = 0;  ///< the file's size before
  std::uint64_t size_bytes = 0;    ///< what is added

  [[nodiscard]] static FileExtend read(RedoCursor& cursor, SpaceId space);
};

/// An index whose pages were written without redo, and are in the file when this is logged. Body: 8 index id.
struct IndexLoad {
  SpaceId space;
  PageNo root;
  std::uint64_t index_id = 0;

  [[nodiscard]] static IndexLoad read(RedoCursor& cursor, SpaceId space, PageNo root);
};

/// Which of a table's properties that are not in its pages was logged.
enum class DynamicMetaKind : std::uint8_t { corrupted_indexes = 1, auto_increment = 2 };

/// The record names no page. Table id and version are integers of `much_compressed64`, the kind is 1 byte; then for 1:
/// 1 number of indexes, 12 bytes for each; for 2: the counter as `much_compressed64`.
struct TableDynamicMeta {
  std::uint64_t table_id = 0;
  std::uint64_t version = 0;
  DynamicMetaKind kind = DynamicMetaKind::auto_increment;
  std::uint64_t auto_increment = 0;  ///< of kind 2: the counter, which recovery only ever raises

  [[nodiscard]] static TableDynamicMeta read(RedoCursor& cursor);
};

/// WRITE_STRING: bytes of a page. Body: 2 offset, 2 length, bytes.
struct StringWrite {
  std::uint16_t offset = 0;
  ByteView bytes;

  [[nodiscard]] static StringWrite read(RedoCursor& cursor);
};

/// A WRITE_STRING that puts encryption information into page 0: wrapped with a master key that no other server has.
struct EncryptionWrite {
  SpaceId space;
  Lsn body;  ///< where its offset stands in the log
  std::uint16_t offset = 0;
};

/// 1BYTE, 2BYTES, 4BYTES, 8BYTES: an integer of a page. Body: 2 offset; the value as `compressed32`, for 8BYTES as
/// `compressed64`. It fits its size.
struct IntegerWrite {
  std::uint16_t offset = 0;
  std::uint8_t size_bytes = 0;
  std::uint64_t value = 0;

  /// `type` is one of the four.
  [[nodiscard]] static IntegerWrite read(RedoCursor& cursor, RedoType type);
};

[[nodiscard]] Result<FileCreate> decode_file_create(const RedoRecord& record);
[[nodiscard]] Result<FileRename> decode_file_rename(const RedoRecord& record);
[[nodiscard]] Result<FileDelete> decode_file_delete(const RedoRecord& record);
[[nodiscard]] Result<FileExtend> decode_file_extend(const RedoRecord& record);
[[nodiscard]] Result<IndexLoad> decode_index_load(const RedoRecord& record);
[[nodiscard]] Result<TableDynamicMeta> decode_table_dynamic_meta(const RedoRecord& record);
[[nodiscard]] Result<StringWrite> decode_string_write(const RedoRecord& record);
[[nodiscard]] Result<IntegerWrite> decode_integer_write(const RedoRecord& record);

/// Takes records of all types; nothing for one that writes no encryption information.
[[nodiscard]] Result<std::optional<EncryptionWrite>> find_encryption_write(const RedoRecord& record);

}  // namespace donord::innodb
