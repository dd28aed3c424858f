#pragma once

// Capability flags (CLIENT_* in MySQL's manual) and status flags (SERVER_STATUS_*, SERVER_*).
//
// Both sides announce capabilities in the handshake. What is in force is the intersection: a recipient sends most of
// its bits whether the server offered them or not.

#include <cstdint>

#include "protocol/flag_set.hpp"

namespace donord {

enum class Capability : std::uint32_t {
  long_password = 1U << 0,
  found_rows = 1U << 1,
  long_flag = 1U << 2,
  connect_with_db = 1U << 3,  ///< HandshakeResponse41 names a database
  no_schema = 1U << 4,
  compress = 1U << 5,  ///< zlib frames after the OK that ends authentication
  odbc = 1U << 6,
  local_files = 1U << 7,
  ignore_space = 1U << 8,
  protocol_41 = 1U << 9,
  interactive = 1U << 10,
  ssl = 1U << 11,
  ignore_sigpipe = 1U << 12,
  transactions = 1U << 13,
  reserved = 1U << 14,
  secure_connection = 1U << 15,  ///< "RESERVED2" since 8.0
  multi_statements = 1U << 16,
  multi_results = 1U << 17,
  ps_multi_results = 1U << 18,
  plugin_auth = 1U << 19,
  connect_attributes = 1U << 20,
  plugin_auth_lenenc_data = 1U << 21,  ///< the authentication response has a length-encoded length
  can_handle_expired_passwords = 1U << 22,
  session_track = 1U << 23,  ///< OK packets may carry changes of session state
  deprecate_eof = 1U << 24,  ///< result sets end with an OK packet, columns with nothing
  optional_resultset_metadata = 1U << 25,
  zstd_compression = 1U << 26,
  query_attributes = 1U << 27,  ///< COM_QUERY starts with attributes
  multi_factor_authentication = 1U << 28,
};
using Capabilities = FlagSet<Capability>;

enum class ServerStatus : std::uint16_t {
  in_transaction = 1U << 0,
  autocommit = 1U << 1,
  more_results_exist = 1U << 3,
  session_state_changed = 1U << 14,
};
using StatusFlags = FlagSet<ServerStatus>;

}  // namespace donord
