#pragma once

// Text result sets, written and read whole: the answers of the SQL front and of servers we ask are small.
//
//   lenenc         number of columns
//   ColumnDefinition41, one packet each
//   EOF            only without deprecate_eof
//   row, one packet each: a lenenc string per column, or 0xFB for NULL
//   EOF, or with deprecate_eof an OK marked 0xFE
//
// Source: MySQL manual, "Text Resultset".

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/codec.hpp"
#include "protocol/capabilities.hpp"

namespace donord {

enum class ColumnType : std::uint8_t {
  longlong = 8,
  var_string = 253,
};

enum class ColumnFlag : std::uint16_t {
  not_null = 1U << 0,
  unsigned_number = 1U << 5,
  binary = 1U << 7,
};
using ColumnFlags = FlagSet<ColumnFlag>;

/// Character sets that columns have: text, and numbers or bytes.
inline constexpr std::uint16_t kCharsetUtf8mb4 = 255;
inline constexpr std::uint16_t kCharsetBinary = 63;

/// Server -> client, describes a column. Integers are little-endian.
///
///   lenenc string  catalog, always "def"
///   lenenc string  schema, table alias, table, column alias, column: five strings
///   lenenc         12, the length of what follows
///   u16            character set
///   u32            column length in bytes, for display
///   u8             type
///   u16            flags
///   u8             decimals
///   u16            0
///
/// Source: MySQL manual, "Protocol::ColumnDefinition41".
struct ColumnDefinition41 {
  static constexpr std::string_view kName = "ColumnDefinition41";
  static constexpr std::uint8_t kFixedBytes = 12;

  std::string catalog = "def";
  std::string schema;
  std::string table;
  std::string original_table;
  std::string name;
  std::string original_name;
  std::uint16_t charset = kCharsetUtf8mb4;
  std::uint32_t length_bytes = 0;
  ColumnType type = ColumnType::var_string;
  ColumnFlags flags;
  std::uint8_t decimals = 0;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.lenenc_text("catalog", m.catalog);
    io.lenenc_text("schema", m.schema);
    io.lenenc_text("table", m.table);
    io.lenenc_text("original_table", m.original_table);
    io.lenenc_text("name", m.name);
    io.lenenc_text("original_name", m.original_name);
    io.constant("fixed_bytes", kFixedBytes);
    io.u16le("charset", m.charset);
    io.u32le("length_bytes", m.length_bytes);
    io.u8("type", m.type);
    io.u16le("flags", m.flags);
    io.u8("decimals", m.decimals);
    io.filler("filler", 2);
  }
  bool operator==(const ColumnDefinition41&) const = default;
};

/// A column of text, as SHOW statements have it.
[[nodiscard]] ColumnDefinition41 text_column(std::string name);
/// A column of whole numbers.
[[nodiscard]] ColumnDefinition41 number_column(std::string name);

/// A field in text form; none is NULL.
using TextValue = std::optional<std::string>;
using TextRow = std::vector<TextValue>;

/// Every row has as many values as there are columns.
struct TextResultSet {
  std::vector<ColumnDefinition41> columns;
  std::vector<TextRow> rows;

  bool operator==(const TextResultSet&) const = default;
};

/// The payloads of all packets, in order; the first has the sequence id after the command's.
[[nodiscard]] std::vector<Bytes> encode_result_set(const TextResultSet& result, Capabilities effective,
                                                   StatusFlags status = {ServerStatus::autocommit},
                                                   std::uint16_t warnings = 0);

[[nodiscard]] Bytes encode_row(const TextRow& row);
[[nodiscard]] Result<TextRow> decode_row(ByteView payload, std::size_t columns);

/// Reads the answer to a COM_QUERY that returns rows, one payload after another.
class ResultSetReader {
 public:
  /// MySQL's own limit, 4096 columns a table, is what a result set is held to as well.
  static constexpr std::uint64_t kMaxColumns = 4096;

  /// `limit_bytes`: of all payloads together, beyond which the answer is refused.
  ResultSetReader(Capabilities effective, std::size_t limit_bytes) : effective_(effective), left_bytes_(limit_bytes) {}

  /// True: complete, `take()` it. Errors: what the server answers with an ERR, `malformed` and `truncated` for broken
  /// packets, `unavailable` over the limit. An OK in the place of the column count is a result without columns.
  [[nodiscard]] Result<bool> on_packet(ByteView payload);
  [[nodiscard]] TextResultSet take() { return std::move(result_); }

 private:
  enum class State { column_count, columns, columns_end, rows, finished };

  [[nodiscard]] Result<> on_column_count(ByteView payload);
  [[nodiscard]] Result<> on_column(ByteView payload);
  [[nodiscard]] Result<> on_row(ByteView payload);
  [[nodiscard]] bool ends_rows(ByteView payload) const;

  Capabilities effective_;
  std::size_t left_bytes_;
  State state_ = State::column_count;
  std::size_t column_count_ = 0;
  TextResultSet result_;
};

}  // namespace donord
