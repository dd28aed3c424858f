#pragma once

// The client's side of TLS over a socket that does not block. `tls_client.cpp` is the only file of this folder that
// includes OpenSSL's TLS.

#include <chrono>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "upstream/upstream_options.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace donord {

class TlsClient {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  /// Handshakes over `fd`, which stays the caller's. Errors: `usage` for a CA that cannot be used; `insecure` for a
  /// certificate that `options.tls_mode` does not accept; `io`, `timeout`, `cancelled`.
  [[nodiscard]] static Result<std::unique_ptr<TlsClient>> start(int fd, const UpstreamOptions& options,
                                                                Deadline deadline);

  /// At least one byte.
  [[nodiscard]] Result<std::size_t> read_some(MutableBytes into, Deadline deadline);
  /// Everything.
  [[nodiscard]] Result<> write(ByteView bytes, Deadline deadline);

  /// "TLSv1.3, TLS_AES_256_GCM_SHA384".
  [[nodiscard]] std::string name() const;

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
    void operator()(ssl_st* ssl) const;
  };

  explicit TlsClient(int fd) : fd_(fd) {}
  [[nodiscard]] Result<> prepare(const UpstreamOptions& options);
  [[nodiscard]] Result<> handshake(Deadline deadline);
  /// Waits for what OpenSSL needs to go on, or says why it cannot.
  [[nodiscard]] Result<> after(int returned, Deadline deadline);

  int fd_;
  std::unique_ptr<ssl_ctx_st, Free> context_;
  std::unique_ptr<ssl_st, Free> ssl_;
};

}  // namespace donord
