#pragma once

// TCP's congestion control is for networks. Within a machine there is none to be careful with, and one that paces what
// it sends (BBR) costs more than a quarter of the processor time of a clone:
// docs/decisions/0015-no-pacing-within-the-machine.md.

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>

namespace donord {

/// The name of a congestion control, as an option of sockets (TCP_CONGESTION): up to 16 bytes, with zeros behind it.
class CongestionOption {
 public:
  CongestionOption() = default;
  explicit CongestionOption(std::string_view name) : size_(name.copy(name_.data(), name_.size())) {}

  [[nodiscard]] std::string name_of_algorithm() const;

  // What Asio asks of an option.
  template <class Protocol>
  [[nodiscard]] int level(const Protocol&) const {
    return IPPROTO_TCP;
  }
  template <class Protocol>
  [[nodiscard]] int name(const Protocol&) const {
    return TCP_CONGESTION;
  }
  template <class Protocol>
  [[nodiscard]] char* data(const Protocol&) {
    return name_.data();
  }
  template <class Protocol>
  [[nodiscard]] const char* data(const Protocol&) const {
    return name_.data();
  }
  template <class Protocol>
  [[nodiscard]] std::size_t size(const Protocol&) const {
    return size_;
  }
  template <class Protocol>
  void resize(const Protocol&, std::size_t size) {
    size_ = size;
  }

 private:
  std::array<char, 16> name_{};
  std::size_t size_ = name_.size();
};

/// Whether a connection never leaves the machine: its peer has a loopback address, or the same as this end.
[[nodiscard]] bool is_within_machine(const boost::asio::ip::address& own, const boost::asio::ip::address& peer);
/// So is one that is broken already.
[[nodiscard]] bool is_within_machine(const boost::asio::ip::tcp::socket& connection);

/// Keeps pacing from connections within the machine. Pacing that once began with a connection does not end with another
/// congestion control, so where the system's paces, the listening socket gets one that does not, and connections from
/// elsewhere get the system's. Where that paces nothing, or the user may not exchange them, nothing is changed.
class CongestionControl {
 public:
  /// One that does not pace; every Linux has it.
  static constexpr std::string_view kUnpaced = "reno";

  CongestionControl() = default;

  /// For a socket that is open, but does not listen yet.
  [[nodiscard]] static CongestionControl unpaced(boost::asio::ip::tcp::acceptor& listener);

  /// For a connection that the socket has accepted, before anything is sent.
  void settle(boost::asio::ip::tcp::socket& connection, bool within_machine) const;

 private:
  bool exchanged_ = false;
};

}  // namespace donord
