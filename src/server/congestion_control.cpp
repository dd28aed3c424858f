#include "server/congestion_control.hpp"

#include <algorithm>

#include "server/ip_address.hpp"

namespace donord {

namespace asio = boost::asio;
using asio::ip::tcp;

std::string CongestionOption::name_of_algorithm() const {
  return {name_.begin(), std::find(name_.begin(), name_.begin() + static_cast<std::ptrdiff_t>(size_), '\0')};
}

namespace {

bool set(tcp::socket& socket, std::string_view algorithm) {
  boost::system::error_code refused;
  socket.set_option(CongestionOption{algorithm}, refused);
  return !refused;
}

std::string algorithm_of(const tcp::socket& socket) {
  CongestionOption option;
  boost::system::error_code closed;
  socket.get_option(option, closed);
  return closed ? std::string{} : option.name_of_algorithm();
}

/// With what the system gives to every new one.
tcp::socket new_socket(const asio::any_io_executor& executor) {
  tcp::socket socket{executor};
  boost::system::error_code no_descriptors;
  socket.open(tcp::v4(), no_descriptors);
  return socket;
}

bool paces(std::string_view algorithm) {
  return algorithm.starts_with("bbr");
}

}  // namespace

bool is_within_machine(const asio::ip::address& own, const asio::ip::address& peer) {
  return own == peer || unmapped(peer).is_loopback();
}

bool is_within_machine(const tcp::socket& connection) {
  boost::system::error_code broken;
  const tcp::endpoint own = connection.local_endpoint(broken);
  if (broken) return true;
  const tcp::endpoint peer = connection.remote_endpoint(broken);
  return broken || is_within_machine(own.address(), peer.address());
}

CongestionControl CongestionControl::unpaced(tcp::acceptor& listener) {
  CongestionControl control;
  tcp::socket trial = new_socket(listener.get_executor());
  const std::string system = algorithm_of(trial);
  // Not every user may choose every one, so what could not be given back is not taken.
  if (!paces(system) || !set(trial, kUnpaced) || !set(trial, system)) return control;
  boost::system::error_code refused;
  listener.set_option(CongestionOption{kUnpaced}, refused);
  control.exchanged_ = !refused;
  return control;
}

void CongestionControl::settle(tcp::socket& connection, bool within_machine) const {
  // A route may have a congestion control of its own, which goes before the listening socket's.
  if (!exchanged_ || within_machine || algorithm_of(connection) != kUnpaced) return;
  (void)set(connection, algorithm_of(new_socket(connection.get_executor())));
}

}  // namespace donord
