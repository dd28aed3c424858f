#include "server/congestion_control.hpp"

#include <array>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string_view>
#include <sys/socket.h>

#include "base/file.hpp"
#include "server/ip_address.hpp"

namespace donord {

namespace asio = boost::asio;

namespace {

/// TCP_CA_NAME_MAX of Linux, which libc's headers do not have.
constexpr std::size_t kNameBytes = 16;

std::optional<std::string> current(int socket) {
  std::array<char, kNameBytes> name{};
  socklen_t size = name.size();
  if (::getsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, name.data(), &size) != 0) return std::nullopt;
  return std::string{name.data(), ::strnlen(name.data(), size)};
}

bool set(int socket, std::string_view name) {
  return ::setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, name.data(), static_cast<socklen_t>(name.size())) == 0;
}

/// Not every user may choose every one, so what could not be given back must not be taken.
bool can_be_exchanged(const std::string& name) {
  const UniqueFd trial{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  return set(trial.get(), CongestionControl::kUnpaced) && set(trial.get(), name);
}

}  // namespace

bool is_within_machine(const asio::ip::address& own, const asio::ip::address& peer) {
  return own == peer || unmapped(peer).is_loopback();
}

bool is_within_machine(const asio::ip::tcp::socket& connection) {
  boost::system::error_code broken;
  const auto own = connection.local_endpoint(broken).address();
  const auto peer = connection.remote_endpoint(broken).address();
  return broken || is_within_machine(own, peer);
}

CongestionControl CongestionControl::unpaced(int listener) {
  CongestionControl control;
  const std::optional<std::string> before = current(listener);
  if (before && *before != kUnpaced && can_be_exchanged(*before) && set(listener, kUnpaced)) control.replaced_ = before;
  return control;
}

void CongestionControl::settle(int connection, bool within_machine) const {
  if (!replaced_ || within_machine) return;
  // A route may have a congestion control of its own, which goes before the listening socket's.
  if (current(connection) == kUnpaced) (void)set(connection, *replaced_);
}

}  // namespace donord
