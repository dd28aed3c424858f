#pragma once

// The listener: accepts connections, watches over the clones, ends in order.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "server/congestion_control.hpp"
#include "server/server_context.hpp"

namespace donord {

class Server {
 public:
  Server(boost::asio::io_context& io, std::shared_ptr<ServerContext> context);

  /// Binds and listens. `Errc::unavailable` when the port is taken.
  [[nodiscard]] Result<> listen();
  [[nodiscard]] boost::asio::ip::tcp::endpoint endpoint() const { return endpoint_; }
  /// Accepts from now on. The io_context runs until the server has stopped.
  void start();
  /// No new connections and clones; running clones get `shutdown_limit`, then every connection is closed. A recipient
  /// whose connection is closed tries again for a while, and goes on when a donord with the same catalog is there by
  /// then. From any thread.
  void stop();
  /// Closes every connection now.
  void stop_at_once();

 private:
  boost::asio::awaitable<void> accept_loop();
  boost::asio::awaitable<void> watch_loop();
  boost::asio::awaitable<void> stop_in_order();

  boost::asio::io_context& io_;
  std::shared_ptr<ServerContext> context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::ip::tcp::endpoint endpoint_;
  CongestionControl congestion_control_;
};

}  // namespace donord
