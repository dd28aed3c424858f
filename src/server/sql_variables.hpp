#pragma once

// The system variables of a donor: what clients read when they connect, what monitors and orchestrators check, and what
// a clone compares. Everything else is an unknown variable.

#include <cstdint>
#include <string>

#include "server/sql_context.hpp"

namespace donord {

/// What the variables say about this donor and its source.
struct DonorFacts {
  std::string server_version;  ///< "9.7.4"
  std::string version_comment = "donord, a clone donor";
  std::string compile_os = "Linux";
  std::string compile_machine = "x86_64";
  std::string hostname;
  std::string server_uuid;
  std::uint32_t server_id = 1;
  std::uint16_t port = 3306;
  std::uint32_t page_size_bytes = 16384;
  std::string character_set = "utf8mb4";
  std::string collation = "utf8mb4_0900_ai_ci";
  std::string gtid_executed;
  bool gtid_mode = false;
  bool require_secure_transport = false;
  bool tls_available = true;
  std::uint32_t reconnect_window_minutes = 5;  ///< clone_donor_timeout_after_network_failure
};

[[nodiscard]] SqlVariables donor_variables(const DonorFacts& facts);

}  // namespace donord
