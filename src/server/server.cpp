#include "server/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/strand.hpp>

#include "base/log.hpp"
#include "server/connection.hpp"

namespace donord {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto kWatchInterval = std::chrono::seconds{1};
/// Added to the minutes for which a recipient tries to reconnect.
constexpr auto kReconnectMargin = std::chrono::minutes{1};
constexpr auto kAcceptRetry = std::chrono::milliseconds{100};

}  // namespace

Server::Server(asio::io_context& io, std::shared_ptr<ServerContext> context)
    : io_(io), context_(std::move(context)), acceptor_(asio::make_strand(io)) {}

Result<> Server::listen() {
  const ServerOptions& options = context_->options;
  boost::system::error_code code;
  const asio::ip::address address = asio::ip::make_address(options.bind_address, code);
  if (code)
    return Error{Errc::usage, fmt::format("'{}' is not an IP address", options.bind_address),
                 "give --bind-address an address of this machine, such as 127.0.0.1 or 0.0.0.0"};
  const tcp::endpoint wanted{address, options.port};
  acceptor_.open(wanted.protocol(), code);
  if (!code) acceptor_.set_option(asio::socket_base::reuse_address(true), code);
  if (!code) congestion_control_ = CongestionControl::unpaced(acceptor_);
  if (!code) acceptor_.bind(wanted, code);
  if (!code) acceptor_.listen(asio::socket_base::max_listen_connections, code);
  if (code) {
    const bool taken = code == asio::error::address_in_use;
    return Error{taken ? Errc::unavailable : Errc::io,
                 fmt::format("cannot listen on {}:{}: {}", options.bind_address, options.port, code.message()),
                 taken ? "stop the program that listens there, or choose another --port" : ""};
  }
  endpoint_ = acceptor_.local_endpoint();
  context_->port = endpoint_.port();
  return {};
}

void Server::start() {
  asio::co_spawn(acceptor_.get_executor(), accept_loop(), asio::detached);
  asio::co_spawn(acceptor_.get_executor(), watch_loop(), asio::detached);
}

asio::awaitable<void> Server::accept_loop() {
  while (acceptor_.is_open()) {
    auto [code, accepted] =
        co_await acceptor_.async_accept(asio::make_strand(io_), asio::as_tuple(asio::use_awaitable));
    if (!acceptor_.is_open()) break;
    if (code) {
      // Out of descriptors, most likely: those in use must not suffer.
      log::warn("accept.failed", {{"error", code.message()}});
      co_await AsyncEvent::pause(kAcceptRetry);
      continue;
    }
    tcp::socket socket{std::move(accepted)};
    congestion_control_.settle(socket, is_within_machine(socket));
    const auto executor = socket.get_executor();
    const auto connection = std::make_shared<Connection>(context_, std::make_shared<Transport>(std::move(socket)));
    const bool full = context_->connections.size() >= context_->options.max_connections;
    asio::co_spawn(executor, full ? connection->refuse() : connection->run(), [connection](std::exception_ptr thrown) {
      if (!thrown) return;
      try {
        std::rethrow_exception(thrown);
      } catch (const std::exception& bug) {
        log::error("connection.exception", {{"what", bug.what()}});
      }
    });
  }
}

asio::awaitable<void> Server::watch_loop() {
  const auto away_limit = std::chrono::minutes{context_->options.parameters.reconnect_minutes} + kReconnectMargin;
  while (!context_->stopping) {
    co_await AsyncEvent::pause(kWatchInterval);
    context_->clones.expire(away_limit);
    for (const std::shared_ptr<CloneSession>& session : context_->clones.all()) session->save_progress();
  }
}

void Server::stop() {
  asio::co_spawn(acceptor_.get_executor(), stop_in_order(), asio::detached);
}

asio::awaitable<void> Server::stop_in_order() {
  if (!acceptor_.is_open()) co_return;
  context_->draining = true;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  const auto give_up = std::chrono::steady_clock::now() + context_->options.shutdown_limit;
  const auto running = [this] {
    const auto sessions = context_->clones.all();
    return std::any_of(sessions.begin(), sessions.end(),
                       [](const auto& session) { return !session->ended() && !session->away_since(); });
  };
  while (!context_->stopping && running() && std::chrono::steady_clock::now() < give_up)
    co_await AsyncEvent::pause(kAcceptRetry);
  stop_at_once();
}

void Server::stop_at_once() {
  context_->stopping = true;
  context_->faults.release();
  context_->connections.close_all();
}

}  // namespace donord
