#pragma once

#include <boost/asio/ip/address.hpp>

namespace donord {

/// The IPv4 address of ::ffff:192.0.2.7, as which a socket that listens on IPv6 knows an IPv4 peer; others as they are.
[[nodiscard]] inline boost::asio::ip::address unmapped(const boost::asio::ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
}

}  // namespace donord
