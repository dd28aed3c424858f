#include "upstream/upstream_error.hpp"

#include <algorithm>
#include <array>

#include "base/printable.hpp"

namespace donord {

namespace {

constexpr std::string_view kLogin = "check --upstream, the password, and the host that the account is for";
constexpr std::string_view kRights = "`donord inspect --upstream` lists the privileges that are missing";
constexpr std::string_view kOther = "the server is older than 8.0.30, or not MySQL";
constexpr std::string_view kEnded = "see the server's error log";

struct Row {
  std::uint16_t number;
  Errc code;
  std::string_view hint;
};

/// Source: MySQL manual, "Server Error Message Reference".
constexpr auto kRows = std::to_array<Row>({
    {1040, Errc::unavailable, "raise max_connections, or wait"},                 // ER_CON_COUNT_ERROR
    {1044, Errc::denied, kRights},                                               // ER_DBACCESS_DENIED_ERROR
    {1045, Errc::denied, kLogin},                                                // ER_ACCESS_DENIED_ERROR
    {1046, Errc::unsupported_version, kOther},                                   // ER_NO_DB_ERROR: no such function
    {1053, Errc::cancelled, kEnded},                                             // ER_SERVER_SHUTDOWN
    {1109, Errc::unsupported_version, kOther},                                   // ER_UNKNOWN_TABLE
    {1129, Errc::denied, "TRUNCATE TABLE performance_schema.host_cache on it"},  // ER_HOST_IS_BLOCKED
    {1130, Errc::denied, kLogin},                                                // ER_HOST_NOT_PRIVILEGED
    {1142, Errc::denied, kRights},                                               // ER_TABLEACCESS_DENIED_ERROR
    {1146, Errc::unsupported_version, kOther},                                   // ER_NO_SUCH_TABLE
    {1193, Errc::unsupported_version, kOther},                                   // ER_UNKNOWN_SYSTEM_VARIABLE
    {1205, Errc::timeout, "a statement holds the lock: see performance_schema.metadata_locks"},  // ER_LOCK_WAIT_TIMEOUT
    {1227, Errc::denied, kRights},              // ER_SPECIFIC_ACCESS_DENIED_ERROR
    {1305, Errc::unsupported_version, kOther},  // ER_SP_DOES_NOT_EXIST
    {1698, Errc::denied, kLogin},               // ER_ACCESS_DENIED_NO_PASSWORD_ERROR
    {1820, Errc::denied, "the password has expired: ALTER USER ... IDENTIFIED BY"},  // ER_MUST_CHANGE_PASSWORD
    {1862, Errc::denied, "the password has expired: ALTER USER ... IDENTIFIED BY"},  // ER_MUST_CHANGE_PASSWORD_LOGIN
    {3024, Errc::timeout, "see max_execution_time"},                                 // ER_QUERY_TIMEOUT
    {3118, Errc::denied, "ALTER USER ... ACCOUNT UNLOCK on it"},                     // ER_ACCOUNT_HAS_BEEN_LOCKED
    {3159, Errc::insecure, "take --upstream-ssl-mode=REQUIRED or a stricter one"},   // ER_SECURE_TRANSPORT_REQUIRED
    {3169, Errc::cancelled, kEnded},                                                 // ER_SESSION_WAS_KILLED
    {4031, Errc::cancelled, "donord did not ask for too long: was it stopped?"},     // ER_CLIENT_INTERACTION_TIMEOUT
});

}  // namespace

Error upstream_error(const ErrPacket& err) {
  Error error{Errc::io, fmt::format("error {}{}: {}", err.code,
                                    err.sql_state.empty() ? "" : fmt::format(" ({})", printable(err.sql_state)),
                                    printable(err.message))};
  const auto* const row = std::ranges::find(kRows, err.code, &Row::number);
  if (row == kRows.end()) return error;
  error.code = row->code;
  error.hint = row->hint;
  return error;
}

Error upstream_error(ByteView payload) {
  const Result<ErrPacket> err = decode<ErrPacket>(payload);
  return err ? upstream_error(*err) : err.error();
}

}  // namespace donord
