#include "server/transport.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

namespace donord {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kCiphertextReadBytes = 16 * 1024 + 512;
constexpr std::size_t kTlsBatchBytes = 256 * 1024;
constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

template <int Name>
using SocketInteger = asio::detail::socket_option::integer<IPPROTO_TCP, Name>;

}  // namespace

Transport::Transport(asio::ip::tcp::socket socket) : socket_(std::move(socket)), watchdog_(socket_.get_executor()) {
  boost::system::error_code ignored;
  peer_ = socket_.remote_endpoint(ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  // A recipient that lost its power is noticed within two minutes, even while there is nothing to send.
  socket_.set_option(SocketInteger<TCP_KEEPIDLE>{60}, ignored);
  socket_.set_option(SocketInteger<TCP_KEEPINTVL>{10}, ignored);
  socket_.set_option(SocketInteger<TCP_KEEPCNT>{6}, ignored);
}

void Transport::arm(TimePoint deadline) {
  deadline_ = deadline;
  armed_ = true;
  if (!watching_ || deadline_ < watchdog_.expiry()) watch();
}

void Transport::watch() {
  watching_ = true;
  watchdog_.expires_at(deadline_);
  watchdog_.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    self->watching_ = false;
    if (!self->armed_) return;
    if (std::chrono::steady_clock::now() < self->deadline_) return self->watch();
    self->timed_out_ = true;
    self->close();
  });
}

Error Transport::failure(const boost::system::error_code& code, std::string_view what) const {
  if (timed_out_) return Error{Errc::timeout, fmt::format("{}: time limit passed", what)};
  if (code == asio::error::eof || code == asio::error::connection_reset || code == asio::error::broken_pipe)
    return Error{Errc::cancelled, fmt::format("{}: the peer closed the connection", what)};
  if (code == asio::error::operation_aborted || code == asio::error::bad_descriptor)
    return Error{Errc::cancelled, fmt::format("{}: the connection was closed", what)};
  return Error{Errc::io, fmt::format("{}: {}", what, code.message())};
}

asio::awaitable<Result<std::size_t>> Transport::receive(MutableBytes into, TimePoint deadline) {
  arm(deadline);
  const auto [code, count] = co_await socket_.async_read_some(asio::buffer(into.data(), into.size()), kAsTuple);
  armed_ = false;
  if (code) co_return failure(code, "read");
  co_return count;
}

asio::awaitable<Result<>> Transport::send(std::span<const asio::const_buffer> buffers, Duration limit) {
  // The limit is for progress, not for the whole: a throttled recipient may take its time.
  std::vector<asio::const_buffer> left(buffers.begin(), buffers.end());
  while (!left.empty()) {
    arm(std::chrono::steady_clock::now() + limit);
    const auto [code, count] = co_await socket_.async_write_some(left, kAsTuple);
    armed_ = false;
    if (code) co_return failure(code, "write");
    bytes_sent_ += count;
    std::size_t sent = count;
    std::size_t whole = 0;
    while (whole < left.size() && sent >= left[whole].size()) sent -= left[whole++].size();
    left.erase(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(whole));
    if (!left.empty()) left.front() += sent;
  }
  co_return Result<>{};
}

asio::awaitable<Result<>> Transport::flush_tls(Duration limit) {
  if (tls_->output().empty()) co_return Result<>{};
  const std::vector<asio::const_buffer> all(1, asio::buffer(tls_->output()));
  const Result<> sent = co_await send(all, limit);
  tls_->output().clear();
  co_return sent;
}

asio::awaitable<Result<std::size_t>> Transport::read_some(MutableBytes into, TimePoint deadline) {
  if (!tls_) co_return co_await receive(into, deadline);
  for (;;) {
    const Result<std::size_t> plain = tls_->read(into);
    if (!plain || *plain > 0) co_return plain;
    ciphertext_.resize(kCiphertextReadBytes);
    const Result<std::size_t> got = co_await receive(ciphertext_, deadline);
    if (!got) co_return got.error();
    tls_->feed(ByteView{ciphertext_}.first(*got));
  }
}

asio::awaitable<Result<>> Transport::write(std::vector<asio::const_buffer> buffers, Duration limit) {
  if (!tls_) co_return co_await send(buffers, limit);
  for (const asio::const_buffer& buffer : buffers) {
    ByteView plain{static_cast<const std::uint8_t*>(buffer.data()), buffer.size()};
    while (!plain.empty()) {
      const ByteView part = plain.first(std::min(plain.size(), kTlsBatchBytes));
      if (Result<> encrypted = tls_->write(part); !encrypted) co_return encrypted;
      plain = plain.subspan(part.size());
      if (tls_->output().size() >= kTlsBatchBytes) {
        if (Result<> sent = co_await flush_tls(limit); !sent) co_return sent;
      }
    }
  }
  co_return co_await flush_tls(limit);
}

asio::awaitable<Result<>> Transport::write(asio::const_buffer buffer, Duration limit) {
  // Not a braced list: gcc 12 miscompiles initializer lists inside co_await.
  std::vector<asio::const_buffer> buffers(1, buffer);
  co_return co_await write(std::move(buffers), limit);
}

asio::awaitable<Result<>> Transport::start_tls(std::shared_ptr<const TlsContext> context, TimePoint deadline) {
  tls_ = std::make_unique<TlsEngine>(std::move(context));
  for (;;) {
    const Result<TlsEngine::Progress> progress = tls_->handshake();
    if (Result<> sent = co_await flush_tls(deadline - std::chrono::steady_clock::now()); !sent)
      co_return sent;  // an alert, too, when it failed
    if (!progress) co_return progress.error();
    if (*progress == TlsEngine::Progress::done) co_return Result<>{};
    ciphertext_.resize(kCiphertextReadBytes);
    const Result<std::size_t> got = co_await receive(ciphertext_, deadline);
    if (!got) co_return got.error();
    tls_->feed(ByteView{ciphertext_}.first(*got));
  }
}

bool Transport::peer_is_gone() {
  if (!socket_.is_open()) return true;
  pollfd end{.fd = socket_.native_handle(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&end, 1, 0) > 0;  // broken connections count, though they are not asked for
}

void Transport::close() {
  boost::system::error_code ignored;
  watchdog_.cancel();
  socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

void Transport::close_from_outside() {
  asio::dispatch(socket_.get_executor(), [self = shared_from_this()] { self->close(); });
}

}  // namespace donord
