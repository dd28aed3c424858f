#pragma once

// TCP's congestion control is for networks. Within a machine there is none to be careful with, and one that paces what
// it sends (BBR) takes a third of the processor time of a clone: docs/decisions/0015-no-pacing-within-the-machine.md.

#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>

namespace donord {

/// Whether a connection never leaves the machine: its peer has a loopback address, or the same as this end.
[[nodiscard]] bool is_within_machine(const boost::asio::ip::address& own, const boost::asio::ip::address& peer);
/// So is one that is broken already.
[[nodiscard]] bool is_within_machine(const boost::asio::ip::tcp::socket& connection);

/// Keeps pacing from connections within the machine. Pacing that once began with a connection does not end with another
/// congestion control, so the listening socket has one that does not pace, and connections from elsewhere get back what
/// the system wants. Where the system does not allow either, nothing is changed.
class CongestionControl {
 public:
  CongestionControl() = default;

  /// The name of the one that does not pace; every Linux has it.
  static constexpr const char* kUnpaced = "reno";

  /// For a socket of TCP that is not connected; what it accepts begins without pacing.
  [[nodiscard]] static CongestionControl unpaced(int listener);

  /// For a socket that was accepted, before anything is sent.
  void settle(int connection, bool within_machine) const;

 private:
  /// What the listening socket had before; none when it was left alone.
  std::optional<std::string> replaced_;
};

}  // namespace donord
