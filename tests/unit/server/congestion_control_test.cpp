#include "server/congestion_control.hpp"

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/read.hpp>
#include <gtest/gtest.h>
#include <string>
#include <thread>

#include "server/clone_server.hpp"
#include "server/server.hpp"

namespace donord {
namespace {

namespace asio = boost::asio;
using asio::ip::make_address;
using asio::ip::tcp;

TEST(WithinMachineTest, AreLoopbackAndOwnAddresses) {
  EXPECT_TRUE(is_within_machine(make_address("127.0.0.1"), make_address("127.0.0.1")));
  EXPECT_TRUE(is_within_machine(make_address("127.0.0.1"), make_address("127.3.2.1")));
  EXPECT_TRUE(is_within_machine(make_address("::1"), make_address("::1")));
  EXPECT_TRUE(is_within_machine(make_address("::ffff:127.0.0.1"), make_address("::ffff:127.0.0.2")));
  EXPECT_TRUE(is_within_machine(make_address("192.0.2.7"), make_address("192.0.2.7")));
  EXPECT_TRUE(is_within_machine(make_address("2001:db8::7"), make_address("2001:db8::7")));
  EXPECT_FALSE(is_within_machine(make_address("192.0.2.7"), make_address("192.0.2.8")));
  EXPECT_FALSE(is_within_machine(make_address("2001:db8::7"), make_address("2001:db8::8")));
  EXPECT_FALSE(is_within_machine(make_address("::ffff:192.0.2.7"), make_address("::ffff:192.0.2.8")));
}

template <class Socket>
std::string algorithm_of(const Socket& socket) {
  CongestionOption option;
  socket.get_option(option);
  return option.name_of_algorithm();
}

/// A listening socket, and a connection that it accepts from this machine.
class CongestionControlTest : public ::testing::Test {
 protected:
  void open(const tcp::endpoint& endpoint) {
    listener_.open(endpoint.protocol());
    if (endpoint.protocol() == tcp::v6()) listener_.set_option(asio::ip::v6_only{false});
    listener_.bind(endpoint);
    system_ = algorithm_of(listener_);
    control_ = CongestionControl::unpaced(listener_);
  }

  tcp::socket accept() {
    listener_.listen();
    client_.connect({asio::ip::address_v4::loopback(), listener_.local_endpoint().port()});
    return listener_.accept();
  }

  asio::io_context io_;
  tcp::acceptor listener_{io_};
  tcp::socket client_{io_};
  std::string system_;
  CongestionControl control_;
};

TEST_F(CongestionControlTest, StaysForPeersFromElsewhere) {
  open({asio::ip::address_v4::loopback(), 0});
  tcp::socket connection = accept();
  control_.settle(connection, false);
  EXPECT_EQ(algorithm_of(connection), system_);
}

TEST_F(CongestionControlTest, DoesNotPaceWithinTheMachine) {
  open({asio::ip::address_v4::loopback(), 0});
  tcp::socket connection = accept();
  control_.settle(connection, is_within_machine(connection));
  EXPECT_FALSE(algorithm_of(connection).starts_with("bbr"));
}

TEST_F(CongestionControlTest, DoesNotPaceIpv4PeersOfIpv6Sockets) {
  try {
    open({asio::ip::address_v6::any(), 0});
  } catch (const boost::system::system_error& error) {
    GTEST_SKIP() << "no IPv6 here: " << error.what();
  }
  tcp::socket connection = accept();
  control_.settle(connection, is_within_machine(connection));
  EXPECT_FALSE(algorithm_of(connection).starts_with("bbr"));
}

TEST_F(CongestionControlTest, IsExchangedOnlyWhereItPaces) {
  open({asio::ip::address_v4::loopback(), 0});
  EXPECT_EQ(algorithm_of(listener_), system_.starts_with("bbr") ? CongestionControl::kUnpaced : system_);
}

TEST_F(CongestionControlTest, OfARouteStays) {
  open({asio::ip::address_v4::loopback(), 0});
  boost::system::error_code refused;
  listener_.set_option(CongestionOption{"cubic"}, refused);
  if (refused || !system_.starts_with("bbr")) GTEST_SKIP() << "needs a system with BBR that has CUBIC as well";
  tcp::socket connection = accept();
  control_.settle(connection, false);
  EXPECT_EQ(algorithm_of(connection), "cubic");
}

class UnclonedSource final : public testing::SourceInMemory {
 public:
  Result<std::unique_ptr<CloneView>> begin_clone(const CloneRequest&) override {
    return Error{Errc::conflict, "not cloned here"};
  }
};

/// The other end of a connection within this process.
int other_end_of(const tcp::socket& socket) {
  for (int fd = 0; fd < 1024; ++fd) {
    sockaddr_in peer{};
    socklen_t size = sizeof(peer);
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0 || peer.sin_family != AF_INET) continue;
    if (ntohs(peer.sin_port) == socket.local_endpoint().port()) return fd;
  }
  return -1;
}

TEST(CongestionControlOfAServerTest, DoesNotPaceWithinTheMachine) {
  const auto context = testing::server_context({.port = 0}, std::make_shared<UnclonedSource>());
  asio::io_context io;
  Server server{io, context};
  ASSERT_TRUE(server.listen());
  server.start();
  std::thread thread{[&] { io.run(); }};
  {
    tcp::socket client{io};
    client.connect(server.endpoint());
    std::array<char, 4> begin_of_handshake{};
    asio::read(client, asio::buffer(begin_of_handshake));
    const int other_end = other_end_of(client);
    EXPECT_GE(other_end, 0);
    if (other_end >= 0) {
      const tcp::socket connection{io, tcp::v4(), ::dup(other_end)};
      EXPECT_FALSE(algorithm_of(connection).starts_with("bbr"));
    }
  }
  server.stop();
  thread.join();
}

}  // namespace
}  // namespace donord
