#include "upstream/tls_client.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdint>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <system_error>

#include "upstream/socket_wait.hpp"

namespace donord {

namespace {

std::string openssl_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason != nullptr ? reason : fmt::format("OpenSSL error 0x{:x}", code);
}

/// OpenSSL leaves both as they were when the peer closes the connection.
void clear_errors() {
  ERR_clear_error();
  errno = 0;
}

Error closed() {
  return Error{Errc::cancelled, "the server closed the connection"};
}

/// OpenSSL's own socket BIO writes without MSG_NOSIGNAL, and so may end the process.
struct SocketBio {
  static int fd_of(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

  static int write(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    const ssize_t done = ::send(fd_of(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (done < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
    return static_cast<int>(done);
  }
  static int read(BIO* bio, char* data, int size) {
    BIO_clear_retry_flags(bio);
    const ssize_t done = ::recv(fd_of(bio), data, static_cast<std::size_t>(size), 0);
    if (done < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
    return static_cast<int>(done);
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static const BIO_METHOD* method() {
    static BIO_METHOD* const instance = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "donord upstream");
      BIO_meth_set_write(made, &SocketBio::write);
      BIO_meth_set_read(made, &SocketBio::read);
      BIO_meth_set_ctrl(made, &SocketBio::control);
      return made;
    }();
    return instance;
  }
};

bool is_address(const std::string& host) {
  std::array<std::uint8_t, sizeof(in6_addr)> binary{};
  return ::inet_pton(AF_INET, host.c_str(), binary.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), binary.data()) == 1;
}

/// The certificate must name the host, or its address.
bool expect_host(SSL* ssl, const std::string& host) {
  if (is_address(host)) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(ssl, host.c_str()) == 1;
}

}  // namespace

void TlsClient::Free::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}

void TlsClient::Free::operator()(ssl_st* ssl) const {
  SSL_free(ssl);
}

Result<std::unique_ptr<TlsClient>> TlsClient::start(int fd, const UpstreamOptions& options, Deadline deadline) {
  std::unique_ptr<TlsClient> client{new TlsClient{fd}};
  if (Result<> prepared = client->prepare(options); !prepared) return prepared.error();
  if (Result<> done = client->handshake(deadline); !done) return done.error();
  return client;
}

Result<> TlsClient::prepare(const UpstreamOptions& options) {
  ERR_clear_error();
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (!context_) return Error{Errc::io, "TLS: " + openssl_reason()};
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
  const bool verifies = options.tls_mode >= TlsMode::verify_ca;
  SSL_CTX_set_verify(context_.get(), verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (verifies && SSL_CTX_load_verify_locations(context_.get(), options.tls_ca.c_str(), nullptr) != 1)
    return Error{Errc::usage, fmt::format("cannot use CA {}: {}", options.tls_ca.string(), openssl_reason()),
                 "give a PEM file with --upstream-ssl-ca"};

  ssl_.reset(SSL_new(context_.get()));
  BIO* const bio = ssl_ ? BIO_new(SocketBio::method()) : nullptr;
  if (bio == nullptr) return Error{Errc::io, "TLS: " + openssl_reason()};
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd_)));
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  if (options.tls_mode == TlsMode::verify_identity && !expect_host(ssl_.get(), options.host))
    return Error{Errc::usage, fmt::format("no certificate can name the host '{}'", options.host)};
  return {};
}

Result<> TlsClient::handshake(Deadline deadline) {
  for (;;) {
    clear_errors();
    const int returned = SSL_connect(ssl_.get());
    if (returned == 1) return {};
    if (Result<> goes_on = after(returned, deadline); !goes_on) {
      const long verified = SSL_get_verify_result(ssl_.get());
      if (verified == X509_V_OK) return goes_on.error().within("TLS handshake");
      return Error{Errc::insecure,
                   fmt::format("the server's certificate is refused: {}", X509_verify_cert_error_string(verified)),
                   "see --upstream-ssl-mode and --upstream-ssl-ca"};
    }
  }
}

Result<> TlsClient::after(int returned, Deadline deadline) {
  const int system_error = errno;
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
      return wait_for_socket(fd_, SocketEvent::readable, deadline);
    case SSL_ERROR_WANT_WRITE:
      return wait_for_socket(fd_, SocketEvent::writable, deadline);
    case SSL_ERROR_ZERO_RETURN:
      return closed();
    case SSL_ERROR_SYSCALL:
      if (system_error == 0 || system_error == ECONNRESET || system_error == EPIPE) return closed();
      return Error{Errc::io, std::generic_category().message(system_error)};
    default:
      if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return closed();
      return Error{Errc::io, "TLS: " + openssl_reason()};
  }
}

Result<std::size_t> TlsClient::read_some(MutableBytes into, Deadline deadline) {
  for (;;) {
    clear_errors();
    std::size_t got = 0;
    const int returned = SSL_read_ex(ssl_.get(), into.data(), into.size(), &got);
    if (returned == 1) return got;
    if (Result<> goes_on = after(returned, deadline); !goes_on) return goes_on.error();
  }
}

Result<> TlsClient::write(ByteView bytes, Deadline deadline) {
  if (bytes.empty()) return {};
  for (;;) {
    clear_errors();
    std::size_t put = 0;
    const int returned = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &put);
    if (returned == 1) return {};
    if (Result<> goes_on = after(returned, deadline); !goes_on) return goes_on.error();
  }
}

std::string TlsClient::name() const {
  return fmt::format("{}, {}", SSL_get_version(ssl_.get()), SSL_get_cipher_name(ssl_.get()));
}

}  // namespace donord
