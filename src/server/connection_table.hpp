#pragma once

// The connections that are open: for KILL, SHOW PROCESSLIST, limits and shutdown. Thread-safe.

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "server/transport.hpp"

namespace donord {

struct ConnectionInfo {
  ConnectionId id;
  std::string user;
  std::string host;
  std::string command = "Connect";
  std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
};

class ConnectionTable {
 public:
  /// A new connection, not logged in. When more than `max_pending` are in that state, one is closed: the oldest of the
  /// address that has the most of them, so that a flood from one host does not keep others out. After `close_all` the
  /// new connection itself is closed.
  ConnectionId add(const std::shared_ptr<Transport>& transport, std::size_t max_pending);
  void logged_in(ConnectionId id, const std::string& user);
  void set_command(ConnectionId id, std::string_view command);
  void remove(ConnectionId id);

  /// False when there is no such connection.
  bool close(ConnectionId id);
  void close_all();
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::vector<ConnectionInfo> list() const;

 private:
  struct Entry {
    ConnectionInfo info;
    std::shared_ptr<Transport> transport;
    bool pending = true;
  };

  void close_one_pending();

  mutable std::mutex mutex_;
  bool closed_ = false;
  std::uint32_t next_id_ = 1;
  std::size_t pending_ = 0;
  std::map<ConnectionId, Entry> entries_;
};

}  // namespace donord
