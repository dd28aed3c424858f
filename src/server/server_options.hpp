#pragma once

// What the server is told: addresses and limits. Limits by phase of a connection, each with its unit in its type.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "clone/parameters.hpp"

namespace donord {

/// Two batches of this size, and their compressed forms, are in memory for each connection.
inline constexpr std::uint32_t kMaxBlockBytes = 8 * 1024 * 1024;

struct ServerOptions {
  std::string bind_address = "127.0.0.1";
  std::uint16_t port = 3306;
  std::size_t max_clones = 16;
  std::size_t max_connections = 2048;
  /// Connections that have not logged in; when there are more, the oldest is closed.
  std::size_t max_pending_logins = 256;
  bool require_secure_transport = false;
  std::uint32_t block_bytes = 1024 * 1024;

  /// Of all clones together; 0: no limit.
  std::uint64_t max_data_bytes_per_second = 0;
  std::uint64_t max_network_bytes_per_second = 0;

  /// From accept to the end of authentication.
  std::chrono::seconds login_limit{10};
  /// From the first byte of a packet to its last.
  std::chrono::seconds packet_limit{60};
  /// A recipient drops its data and waits for up to an hour (clone_delay_after_data_drop) between COM_INIT and
  /// COM_EXECUTE; a worker goes on at once.
  std::chrono::seconds init_to_execute_limit{7200};
  std::chrono::seconds attach_to_execute_limit{60};
  /// Idle between two commands of an ordinary connection, and of one in clone mode (a recipient's ACK connection may
  /// be idle for hours).
  std::chrono::seconds idle_limit{28800};
  /// Without progress of one write.
  std::chrono::seconds write_limit{600};
  /// Between keep-alives to a recipient that waits; it gives up after 30 s of silence.
  std::chrono::seconds keep_alive{5};
  /// How long COM_ATTACH may wait for its moment before it is refused, which does a recipient no harm.
  std::chrono::seconds attach_limit{20};
  /// So long a clone whose recipient has lost its connection keeps its place against newcomers.
  std::chrono::seconds away_grace{15};
  /// How long running clones may take to end after SIGTERM.
  std::chrono::seconds shutdown_limit{10};

  ParameterChoice parameters;
};

}  // namespace donord
