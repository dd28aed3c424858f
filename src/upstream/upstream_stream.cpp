#include "upstream/upstream_stream.hpp"

#include <cerrno>
#include <cstring>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>

#include "upstream/socket_wait.hpp"
#include "upstream/tls_client.hpp"

namespace donord {

namespace {

Error system_error(std::string_view what, int number) {
  return Error{number == ENOENT ? Errc::not_found : Errc::io,
               fmt::format("{}: {}", what, std::generic_category().message(number))};
}

struct FreeAddresses {
  void operator()(addrinfo* addresses) const { ::freeaddrinfo(addresses); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Result<Addresses> resolve(const UpstreamOptions& options) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(options.host.c_str(), std::to_string(options.port).c_str(), &hints, &found);
  if (failed != 0) return Error{Errc::not_found, fmt::format("cannot resolve the host: {}", ::gai_strerror(failed))};
  return Addresses{found};
}

Result<UniqueFd> connect_to(int family, const sockaddr* address, socklen_t size, UpstreamDeadline deadline) {
  UniqueFd fd{::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!fd) return system_error("cannot make a socket", errno);
  if (::connect(fd.get(), address, size) != 0) {
    if (errno != EINPROGRESS && errno != EINTR) return system_error("cannot connect", errno);
    if (Result<> ready = wait_for_socket(fd.get(), SocketEvent::writable, deadline); !ready)
      return ready.error().within("cannot connect");
    int failed = 0;
    socklen_t length = sizeof failed;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &failed, &length);
    if (failed != 0) return system_error("cannot connect", failed);
  }
  return fd;
}

Result<UniqueFd> connect_tcp(const UpstreamOptions& options, UpstreamDeadline deadline) {
  const Result<Addresses> addresses = resolve(options);
  if (!addresses) return addresses.error();
  Result<UniqueFd> fd = Error{Errc::not_found, "the host has no address"};
  for (const addrinfo* at = addresses->get(); at != nullptr && !fd; at = at->ai_next)
    fd = connect_to(at->ai_family, at->ai_addr, at->ai_addrlen, deadline);
  if (!fd) return fd;
  const int on = 1;
  ::setsockopt(fd->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd->get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  return fd;
}

Result<UniqueFd> connect_socket(const UpstreamOptions& options, UpstreamDeadline deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& path = options.socket.native();
  if (path.size() >= sizeof address.sun_path)
    return Error{Errc::usage, "the path of the socket is too long for the operating system"};
  std::memcpy(address.sun_path, path.data(), path.size());
  return connect_to(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address, deadline);
}

}  // namespace

UpstreamStream::UpstreamStream(UniqueFd fd) : fd_(std::move(fd)) {}
UpstreamStream::UpstreamStream(UpstreamStream&&) noexcept = default;
UpstreamStream& UpstreamStream::operator=(UpstreamStream&&) noexcept = default;
UpstreamStream::~UpstreamStream() = default;

Result<UpstreamStream> UpstreamStream::connect(const UpstreamOptions& options, UpstreamDeadline deadline) {
  Result<UniqueFd> fd = options.over_socket() ? connect_socket(options, deadline) : connect_tcp(options, deadline);
  if (!fd) return fd.error();
  return UpstreamStream{std::move(*fd)};
}

Result<> UpstreamStream::start_tls(const UpstreamOptions& options, UpstreamDeadline deadline) {
  Result<std::unique_ptr<TlsClient>> tls = TlsClient::start(fd_.get(), options, deadline);
  if (!tls) return tls.error();
  tls_ = std::move(*tls);
  return {};
}

Result<std::size_t> UpstreamStream::read_some(MutableBytes into, UpstreamDeadline deadline) {
  if (tls_) return tls_->read_some(into, deadline);
  for (;;) {
    const ssize_t got = ::recv(fd_.get(), into.data(), into.size(), 0);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0 || errno == ECONNRESET) return Error{Errc::cancelled, "the server closed the connection"};
    if (errno != EAGAIN && errno != EINTR) return system_error("cannot read", errno);
    if (Result<> ready = wait_for_socket(fd_.get(), SocketEvent::readable, deadline); !ready) return ready.error();
  }
}

Result<> UpstreamStream::write(ByteView bytes, UpstreamDeadline deadline) {
  if (tls_) return tls_->write(bytes, deadline);
  while (!bytes.empty()) {
    const ssize_t put = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(put));
      continue;
    }
    if (errno == EPIPE || errno == ECONNRESET) return Error{Errc::cancelled, "the server closed the connection"};
    if (errno != EAGAIN && errno != EINTR) return system_error("cannot write", errno);
    if (Result<> ready = wait_for_socket(fd_.get(), SocketEvent::writable, deadline); !ready) return ready.error();
  }
  return {};
}

std::string UpstreamStream::tls() const {
  return tls_ ? tls_->name() : std::string{};
}

}  // namespace donord
