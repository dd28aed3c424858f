#pragma once

// The bytes of one connection: a TCP socket, later with TLS on it. Every operation has a time limit; when it passes,
// the socket is closed, because a read or write that was given up has lost count of its bytes.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <span>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "server/tls.hpp"

namespace donord {

using Duration = std::chrono::steady_clock::duration;
using TimePoint = std::chrono::steady_clock::time_point;

/// Used on the strand of its connection only, but for `close_from_outside`.
class Transport : public std::enable_shared_from_this<Transport> {
 public:
  explicit Transport(boost::asio::ip::tcp::socket socket);

  /// At least one byte. `Errc::cancelled` when the peer closed the connection, `Errc::timeout` at `deadline`.
  boost::asio::awaitable<Result<std::size_t>> read_some(MutableBytes into, TimePoint deadline);
  /// Everything; `Errc::timeout` after `limit` without progress. The buffers stay valid until it returns.
  boost::asio::awaitable<Result<>> write(std::vector<boost::asio::const_buffer> buffers, Duration limit);

  boost::asio::awaitable<Result<>> write(boost::asio::const_buffer buffer, Duration limit);

  /// The server's side of a TLS handshake; from here on everything is encrypted.
  boost::asio::awaitable<Result<>> start_tls(std::shared_ptr<const TlsContext> context, TimePoint deadline);
  [[nodiscard]] const TlsEngine* tls() const { return tls_.get(); }

  /// Whether nothing more can come from the peer than what it has sent already, of which nothing is taken: it closed
  /// the connection, or has died. So is one that was closed here.
  [[nodiscard]] bool peer_is_gone();

  void close();
  /// From any thread.
  void close_from_outside();

  [[nodiscard]] const boost::asio::ip::tcp::endpoint& peer() const { return peer_; }
  /// Bytes written to the socket.
  [[nodiscard]] std::uint64_t bytes_sent() const { return bytes_sent_; }

 private:
  boost::asio::awaitable<Result<std::size_t>> receive(MutableBytes into, TimePoint deadline);
  boost::asio::awaitable<Result<>> send(std::span<const boost::asio::const_buffer> buffers, Duration limit);
  boost::asio::awaitable<Result<>> flush_tls(Duration limit);
  void arm(TimePoint deadline);
  void watch();
  [[nodiscard]] Error failure(const boost::system::error_code& code, std::string_view what) const;

  boost::asio::ip::tcp::socket socket_;
  boost::asio::ip::tcp::endpoint peer_;
  boost::asio::steady_timer watchdog_;
  TimePoint deadline_;
  bool armed_ = false;
  bool watching_ = false;
  bool timed_out_ = false;
  std::unique_ptr<TlsEngine> tls_;
  Bytes ciphertext_;
  std::uint64_t bytes_sent_ = 0;
};

}  // namespace donord
