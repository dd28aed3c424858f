#pragma once

// One client connection: greeting, TLS, login, commands. COM_CLONE hands it to `CloneConnection` and takes it back
// after COM_EXIT.

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>

#include "protocol/command.hpp"
#include "protocol/handshake.hpp"
#include "server/client_info.hpp"
#include "server/packet_stream.hpp"
#include "server/server_context.hpp"

namespace donord {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<ServerContext> context, std::shared_ptr<Transport> transport);

  /// From the greeting to the end. On the connection's strand.
  boost::asio::awaitable<void> run();
  /// Tells the client that there are too many connections.
  boost::asio::awaitable<void> refuse();

 private:
  boost::asio::awaitable<Result<>> serve();
  boost::asio::awaitable<Result<>> login();
  boost::asio::awaitable<Result<>> authenticate(HandshakeResponse41 response, Nonce nonce);
  boost::asio::awaitable<Result<>> welcome(const HandshakeResponse41& response);
  boost::asio::awaitable<Result<>> serve_commands();
  boost::asio::awaitable<Result<>> on_query(std::string statement);
  boost::asio::awaitable<Result<>> on_init_db(std::string schema);
  boost::asio::awaitable<Result<>> on_clone();
  boost::asio::awaitable<Result<>> send_ok();
  boost::asio::awaitable<Result<>> send_error(std::uint16_t number, std::string_view sql_state, std::string message);

  [[nodiscard]] Capabilities offered() const;
  [[nodiscard]] Duration write_limit() const { return context_->options.write_limit; }

  std::shared_ptr<ServerContext> context_;
  PacketStream stream_;
  ClientInfo client_;
  std::string schema_;
  std::shared_ptr<const TlsContext> tls_;
  TimePoint login_deadline_;
};

}  // namespace donord
