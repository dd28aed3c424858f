#include "server/error_map.hpp"

namespace donord {
namespace {

struct Row {
  Errc code;
  std::uint16_t number;
  std::string_view sql_state;
};

constexpr Row kRows[] = {
    {Errc::malformed, 3863, "HY000"},            // ER_CLONE_PROTOCOL
    {Errc::truncated, 1024, "HY000"},            // ER_ERROR_ON_READ
    {Errc::checksum, 1877, "HY000"},             // ER_TABLE_CORRUPT
    {Errc::unsupported_version, 1235, "42000"},  // ER_NOT_SUPPORTED_YET
    {Errc::unavailable, 1815, "HY000"},          // ER_INTERNAL_ERROR
    {Errc::exhausted, 3634, "HY000"},            // ER_CLONE_TOO_MANY_CONCURRENT_CLONES
    {Errc::denied, 1024, "HY000"},               // ER_ERROR_ON_READ: a file that may not be read
    {Errc::ddl_in_progress, 3633, "HY000"},      // ER_CLONE_DDL_IN_PROGRESS
    {Errc::redo_disabled, 3983, "HY000"},        // ER_INNODB_REDO_DISABLED
    {Errc::insecure, 3872, "HY000"},             // ER_CLONE_ENCRYPTION
    {Errc::io, 1024, "HY000"},                   // ER_ERROR_ON_READ
    {Errc::timeout, 1205, "HY000"},              // ER_LOCK_WAIT_TIMEOUT
    {Errc::cancelled, 1317, "70100"},            // ER_QUERY_INTERRUPTED
    {Errc::conflict, 1815, "HY000"},             // ER_INTERNAL_ERROR
    {Errc::not_found, 1815, "HY000"},            // ER_INTERNAL_ERROR
    {Errc::usage, 1064, "42000"},                // ER_PARSE_ERROR
};

}  // namespace

MysqlError to_mysql_error(const Error& error) {
  std::string message = error.hint.empty() ? error.what : fmt::format("{} ({})", error.what, error.hint);
  for (const Row& row : kRows)
    if (row.code == error.code) return {row.number, std::string{row.sql_state}, std::move(message)};
  return {1105, "HY000", std::move(message)};  // ER_UNKNOWN_ERROR
}

Bytes encode_error(const MysqlError& error) {
  return encode(ErrPacket{error.number, error.sql_state, error.message});
}

}  // namespace donord
