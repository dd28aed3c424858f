#pragma once

// The host part of an account, as in MySQL's 'user'@'host': an exact address, a network in CIDR notation, 'localhost',
// or '%' for everyone. Names are not resolved: what an account allows must not depend on a name server.

#include <boost/asio/ip/address.hpp>
#include <compare>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.hpp"

namespace donord {

/// From "192.0.2.7" or "::1"; an IPv4 address mapped into IPv6 becomes IPv4; "localhost", which stands for a Unix
/// socket, becomes 127.0.0.1.
[[nodiscard]] Result<boost::asio::ip::address> parse_peer_address(std::string_view text);

class HostPattern {
 public:
  /// `Errc::usage` for what is none of the four kinds, or a network with bits set beyond its prefix.
  [[nodiscard]] static Result<HostPattern> parse(std::string_view text);

  [[nodiscard]] bool matches(const boost::asio::ip::address& peer) const;
  /// Of two patterns that match the same peer, the one with the larger number is the more specific.
  [[nodiscard]] int specificity() const;
  /// As written: "%", "10.0.0.0/8".
  [[nodiscard]] const std::string& text() const { return text_; }

  friend bool operator==(const HostPattern& a, const HostPattern& b) { return a.kind_ == b.kind_; }

 private:
  struct Anyone {
    bool operator==(const Anyone&) const = default;
  };
  struct Localhost {
    bool operator==(const Localhost&) const = default;
  };
  struct Network {
    boost::asio::ip::address address;
    int prefix_bits = 0;
    bool operator==(const Network&) const = default;
  };

  std::variant<Anyone, Localhost, Network> kind_;
  std::string text_;
};

}  // namespace donord
