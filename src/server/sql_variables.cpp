#include "server/sql_variables.hpp"

#include <fmt/format.h>

namespace donord {
namespace {

SqlVariable text(std::string_view value) {
  return {std::string{value}, SqlVariable::Kind::text};
}
SqlVariable number(std::uint64_t value) {
  return {fmt::to_string(value), SqlVariable::Kind::number};
}
SqlVariable boolean(bool value) {
  return {value ? "ON" : "OFF", SqlVariable::Kind::boolean};
}
SqlVariable null() {
  return {std::nullopt, SqlVariable::Kind::text};
}

}  // namespace

SqlVariables donor_variables(const DonorFacts& facts) {
  return SqlVariables{
      {"auto_increment_increment", number(1)},
      {"auto_increment_offset", number(1)},
      {"autocommit", boolean(true)},
      {"character_set_client", text("utf8mb4")},
      {"character_set_connection", text("utf8mb4")},
      {"character_set_database", text(facts.character_set)},
      {"character_set_filesystem", text("binary")},
      {"character_set_results", text("utf8mb4")},
      {"character_set_server", text(facts.character_set)},
      {"character_set_system", text("utf8mb3")},
      {"clone_donor_timeout_after_network_failure", number(facts.reconnect_window_minutes)},
      {"clone_ssl_ca", null()},
      {"clone_ssl_cert", null()},
      {"clone_ssl_key", null()},
      {"clone_valid_donor_list", null()},
      {"collation_connection", text("utf8mb4_0900_ai_ci")},
      {"collation_database", text(facts.collation)},
      {"collation_server", text(facts.collation)},
      {"gtid_executed", text(facts.gtid_executed)},
      {"gtid_mode", text(facts.gtid_mode ? "ON" : "OFF")},
      {"gtid_purged", text(facts.gtid_executed)},
      {"have_ssl", text(facts.tls_available ? "YES" : "DISABLED")},
      {"hostname", text(facts.hostname)},
      {"init_connect", text("")},
      {"innodb_page_size", number(facts.page_size_bytes)},
      {"interactive_timeout", number(28800)},
      {"license", text("GPL")},
      {"log_bin", boolean(false)},
      {"lower_case_table_names", number(0)},
      {"max_allowed_packet", number(64 * 1024 * 1024)},
      {"net_buffer_length", number(16384)},
      {"net_read_timeout", number(30)},
      {"net_write_timeout", number(60)},
      {"performance_schema", boolean(true)},
      {"port", number(facts.port)},
      {"protocol_version", number(10)},
      {"read_only", boolean(true)},
      {"require_secure_transport", boolean(facts.require_secure_transport)},
      {"server_id", number(facts.server_id)},
      {"server_uuid", text(facts.server_uuid)},
      {"session_track_gtids", text("OFF")},
      {"sql_mode", text("ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
                        "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION")},
      {"super_read_only", boolean(true)},
      {"system_time_zone", text("UTC")},
      {"time_zone", text("SYSTEM")},
      {"transaction_isolation", text("REPEATABLE-READ")},
      {"transaction_read_only", boolean(false)},
      {"version", text(facts.server_version)},
      {"version_comment", text(facts.version_comment)},
      {"version_compile_machine", text(facts.compile_machine)},
      {"version_compile_os", text(facts.compile_os)},
      {"wait_timeout", number(28800)},
  };
}

}  // namespace donord
