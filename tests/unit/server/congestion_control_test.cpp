#include "server/congestion_control.hpp"

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <thread>

#include "server/server.hpp"

namespace donord {
namespace {

namespace asio = boost::asio;
using asio::ip::make_address;
using asio::ip::tcp;

class UnclonedSource final : public DonorSource {
 public:
  SourceIdentity identity() const override {
    return {.description = "memory", .server_version = "9.7.4", .page_size_bytes = 16384};
  }
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

std::string congestion_control_of(int socket) {
  std::array<char, 17> name{};
  socklen_t size = name.size() - 1;
  EXPECT_EQ(::getsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, name.data(), &size), 0);
  return name.data();
}

TEST(CongestionControlTest, LoopbackAndOwnAddressesAreWithinTheMachine) {
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

/// A listening socket with another congestion control than the one that does not pace, and a connection that it
/// accepts.
class CongestionControlOfConnectionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    listener_.open(tcp::v4());
    for (const std::string name : {"bbr", "cubic", "vegas", "westwood"}) {
      if (::setsockopt(listener_.native_handle(), IPPROTO_TCP, TCP_CONGESTION, name.data(),
                       static_cast<socklen_t>(name.size())) != 0)
        continue;
      system_ = name;
      return;
    }
    GTEST_SKIP() << "this system has no other congestion control than " << CongestionControl::kUnpaced;
  }

  tcp::socket accept() {
    listener_.bind({asio::ip::address_v4::loopback(), 0});
    listener_.listen();
    client_.connect(listener_.local_endpoint());
    return listener_.accept();
  }

  asio::io_context io_;
  tcp::acceptor listener_{io_};
  tcp::socket client_{io_};
  std::string system_;
};

TEST_F(CongestionControlOfConnectionsTest, IsUnpacedWithinTheMachine) {
  const CongestionControl control = CongestionControl::unpaced(listener_.native_handle());
  tcp::socket connection = accept();
  control.settle(connection.native_handle(), is_within_machine(connection));
  EXPECT_EQ(congestion_control_of(connection.native_handle()), CongestionControl::kUnpaced);
}

TEST_F(CongestionControlOfConnectionsTest, IsTheSystemsForPeersFromElsewhere) {
  const CongestionControl control = CongestionControl::unpaced(listener_.native_handle());
  tcp::socket connection = accept();
  control.settle(connection.native_handle(), false);
  EXPECT_EQ(congestion_control_of(connection.native_handle()), system_);
}

TEST_F(CongestionControlOfConnectionsTest, OfARouteStays) {
  const CongestionControl control = CongestionControl::unpaced(listener_.native_handle());
  ASSERT_EQ(::setsockopt(listener_.native_handle(), IPPROTO_TCP, TCP_CONGESTION, system_.data(),
                         static_cast<socklen_t>(system_.size())),
            0);
  tcp::socket connection = accept();
  control.settle(connection.native_handle(), false);
  EXPECT_EQ(congestion_control_of(connection.native_handle()), system_);
}

TEST_F(CongestionControlOfConnectionsTest, OfASocketThatHasNoneIsLeftAlone) {
  const CongestionControl control = CongestionControl::unpaced(-1);
  tcp::socket connection = accept();
  control.settle(connection.native_handle(), false);
  EXPECT_EQ(congestion_control_of(connection.native_handle()), system_);
}

TEST(CongestionControlTest, OfAServersConnectionsIsUnpaced) {
  const auto context = std::make_shared<ServerContext>(ServerOptions{.port = 0}, std::make_shared<UnclonedSource>(),
                                                       std::shared_ptr<Catalog>{Catalog::in_memory().value()},
                                                       RsaKey::generate().value(), 1);
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
    EXPECT_EQ(congestion_control_of(other_end_of(client)), CongestionControl::kUnpaced);
  }
  server.stop();
  thread.join();
}

}  // namespace
}  // namespace donord
