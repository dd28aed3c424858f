#include "server/host_pattern.hpp"

#include <charconv>
#include <optional>

#include "server/ip_address.hpp"

namespace donord {

namespace ip = boost::asio::ip;

namespace {

Error not_a_host(std::string_view text, std::string_view why) {
  return Error{Errc::usage, fmt::format("'{}' is not the host of an account: {}", text, why),
               "write an address, a network such as 10.0.0.0/8, localhost or %"};
}

std::optional<ip::address> parse_address(std::string_view text) {
  boost::system::error_code error;
  const ip::address address = ip::make_address(std::string{text}, error);
  if (error) return std::nullopt;
  return unmapped(address);
}

int address_bits(const ip::address& address) {
  return address.is_v4() ? 32 : 128;
}

template <std::size_t N>
bool share_prefix(const std::array<unsigned char, N>& a, const std::array<unsigned char, N>& b, int bits) {
  for (std::size_t i = 0; i < N && bits > 0; ++i, bits -= 8) {
    const auto mask = static_cast<unsigned char>(bits >= 8 ? 0xFF : 0xFF << (8 - bits));
    if (((a[i] ^ b[i]) & mask) != 0) return false;
  }
  return true;
}

bool share_prefix(const ip::address& a, const ip::address& b, int bits) {
  if (a.is_v4() != b.is_v4()) return false;
  if (a.is_v4()) return share_prefix(a.to_v4().to_bytes(), b.to_v4().to_bytes(), bits);
  return a.to_v6().scope_id() == b.to_v6().scope_id() && share_prefix(a.to_v6().to_bytes(), b.to_v6().to_bytes(), bits);
}

/// The address with all bits after the prefix cleared.
ip::address network_of(const ip::address& address, int bits) {
  const auto cleared = [bits](auto bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const int kept = std::min(std::max(bits - 8 * static_cast<int>(i), 0), 8);
      bytes[i] = static_cast<unsigned char>(bytes[i] & (0xFF << (8 - kept)));
    }
    return bytes;
  };
  if (address.is_v4()) return ip::address_v4{cleared(address.to_v4().to_bytes())};
  return ip::address_v6{cleared(address.to_v6().to_bytes()), address.to_v6().scope_id()};
}

}  // namespace

Result<ip::address> parse_peer_address(std::string_view text) {
  if (text == "localhost") return ip::address{ip::address_v4::loopback()};
  const std::optional<ip::address> address = parse_address(text);
  if (!address) return Error{Errc::malformed, fmt::format("'{}' is not an address", text)};
  return *address;
}

Result<HostPattern> HostPattern::parse(std::string_view text) {
  HostPattern pattern;
  pattern.text_ = text;
  if (text == "%") return pattern;
  if (text == "localhost") {
    pattern.kind_ = Localhost{};
    return pattern;
  }
  const std::size_t slash = text.find('/');
  const std::optional<ip::address> address = parse_address(text.substr(0, slash));
  if (!address) return not_a_host(text, "no address");
  int bits = address_bits(*address);
  if (slash != std::string_view::npos) {
    const std::string_view prefix = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(prefix.data(), prefix.data() + prefix.size(), bits);
    if (error != std::errc{} || end != prefix.data() + prefix.size() || bits < 0 || bits > address_bits(*address))
      return not_a_host(text, fmt::format("the prefix is not a number from 0 to {}", address_bits(*address)));
    const ip::address network = network_of(*address, bits);
    if (network != *address)
      return not_a_host(text,
                        fmt::format("bits are set after the prefix; the network is {}/{}", network.to_string(), bits));
  }
  pattern.kind_ = Network{*address, bits};
  return pattern;
}

bool HostPattern::matches(const ip::address& peer) const {
  if (std::holds_alternative<Anyone>(kind_)) return true;
  if (std::holds_alternative<Localhost>(kind_)) return peer.is_loopback();
  const Network& network = std::get<Network>(kind_);
  return share_prefix(network.address, peer, network.prefix_bits);
}

int HostPattern::specificity() const {
  if (std::holds_alternative<Anyone>(kind_)) return -1;
  if (std::holds_alternative<Localhost>(kind_)) return 8;  // 127.0.0.0/8; a written ::1 is more specific
  return std::get<Network>(kind_).prefix_bits;
}

}  // namespace donord
