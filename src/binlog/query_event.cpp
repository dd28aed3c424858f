#include "binlog/query_event.hpp"

#include "base/cursor.hpp"

namespace donord::binlog {

namespace {

constexpr std::uint64_t kNoXid = ~std::uint64_t{0};

enum class StatusVariable : std::uint8_t {
  flags2 = 0,
  sql_mode = 1,
  catalog = 2,
  auto_increment = 3,
  charset = 4,
  time_zone = 5,
  catalog_without_nul = 6,
  lc_time_names = 7,
  charset_database = 8,
  table_map_for_update = 9,
  master_data_written = 10,
  invokers = 11,
  updated_schemas = 12,
  microseconds = 13,
  explicit_defaults_for_timestamp = 16,
  ddl_xid = 17,
  default_collation_for_utf8mb4 = 18,
  sql_require_primary_key = 19,
  default_table_encryption = 20,
};

void skip_counted(Cursor& in) {
  in.take("status variable", static_cast<std::size_t>(in.le<1>("status variable")));
}

void skip_updated_schemas(Cursor& in) {
  constexpr std::uint64_t kTooMany = 254;  // none is named then
  const std::uint64_t count = in.le<1>("updated schemas");
  for (std::uint64_t i = 0; count != kTooMany && i < count && !in.failed(); ++i) in.cstring("updated schema");
}

/// Skips the value of a variable; false for one that nobody knows.
bool skip_value(Cursor& in, StatusVariable code) {
  const auto skip = [&in](std::size_t count) {
    in.take("status variable", count);
    return true;
  };
  switch (code) {
    case StatusVariable::explicit_defaults_for_timestamp:
    case StatusVariable::sql_require_primary_key:
    case StatusVariable::default_table_encryption:
      return skip(1);
    case StatusVariable::lc_time_names:
    case StatusVariable::charset_database:
    case StatusVariable::default_collation_for_utf8mb4:
      return skip(2);
    case StatusVariable::microseconds:
      return skip(3);
    case StatusVariable::flags2:
    case StatusVariable::auto_increment:
    case StatusVariable::master_data_written:
      return skip(4);
    case StatusVariable::charset:
      return skip(6);
    case StatusVariable::sql_mode:
    case StatusVariable::table_map_for_update:
    case StatusVariable::ddl_xid:
      return skip(8);
    case StatusVariable::time_zone:
    case StatusVariable::catalog_without_nul:
      skip_counted(in);
      return true;
    case StatusVariable::catalog:
      skip_counted(in);
      return skip(1);
    case StatusVariable::invokers:
      skip_counted(in);
      skip_counted(in);
      return true;
    case StatusVariable::updated_schemas:
      skip_updated_schemas(in);
      return true;
  }
  return false;
}

/// Servers do not look behind a variable that they do not know, nor do they write newer ones before this one.
Result<std::optional<std::uint64_t>> find_ddl_xid(ByteView variables) {
  Cursor in{variables};
  while (in.remaining() > 0) {
    const auto code = static_cast<StatusVariable>(in.le<1>("status variable"));
    if (code == StatusVariable::ddl_xid) {
      const std::uint64_t xid = in.le<8>("ddl_xid");
      if (in.failed()) break;
      return xid == kNoXid ? std::nullopt : std::optional{xid};
    }
    if (!skip_value(in, code)) break;
  }
  if (in.failed()) return in.finish().error();
  return std::optional<std::uint64_t>{};
}

}  // namespace

Result<QueryEvent> decode_query_event(ByteView body) {
  Cursor in{body};
  in.take("thread, seconds", 8);
  const auto schema_bytes = static_cast<std::size_t>(in.le<1>("schema_bytes"));
  in.take("error", 2);
  const auto variables_bytes = static_cast<std::size_t>(in.le<2>("variables_bytes"));
  const ByteView variables = in.take("variables", variables_bytes);
  in.take("schema", schema_bytes + 1);
  if (in.failed()) return in.finish().error().within("QUERY event");
  const Result<std::optional<std::uint64_t>> xid = find_ddl_xid(variables);
  if (!xid) return xid.error().within("QUERY event");
  return QueryEvent{.ddl_xid = *xid, .statement = as_text(in.rest())};
}

}  // namespace donord::binlog
