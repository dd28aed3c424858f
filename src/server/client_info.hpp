#pragma once

// What is known of a client after its login.

#include <cstdint>
#include <string>

#include "base/ids.hpp"
#include "protocol/capabilities.hpp"
#include "server/accounts.hpp"

namespace donord {

struct ClientInfo {
  ConnectionId id;
  std::string peer;     ///< "192.0.2.7:51234"
  std::string address;  ///< "192.0.2.7"
  std::string user;     ///< as the client gave it
  AccountMatch account;
  Capabilities capabilities;  ///< in force
  std::uint32_t max_packet_bytes = 0;
  std::string version;   ///< connect attributes: _client_version
  std::string os;        ///< _os
  std::string platform;  ///< _platform
  std::string tls_version;
  std::string tls_cipher;

  [[nodiscard]] bool compressed() const { return capabilities.has(Capability::compress); }
};

}  // namespace donord
