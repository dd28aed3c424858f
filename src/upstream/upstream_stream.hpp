#pragma once

// The bytes between donord and a server: a TCP or Unix socket, later with TLS on it. Blocking, with a deadline for each
// operation; after an error there is nothing to do with it but to close it, unless it is that nothing could be read
// yet.

#include <chrono>
#include <memory>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "base/result.hpp"
#include "upstream/upstream_options.hpp"

namespace donord {

class TlsClient;

using UpstreamDeadline = std::chrono::steady_clock::time_point;

class UpstreamStream {
 public:
  /// Errors: `not_found` for a name that cannot be resolved and a socket that is not there, `io` for what the operating
  /// system says, `timeout`.
  [[nodiscard]] static Result<UpstreamStream> connect(const UpstreamOptions& options, UpstreamDeadline deadline);

  UpstreamStream(UpstreamStream&&) noexcept;
  UpstreamStream& operator=(UpstreamStream&&) noexcept;
  ~UpstreamStream();

  /// From here on everything is encrypted. `insecure` when the server's certificate is not what `options` ask for.
  [[nodiscard]] Result<> start_tls(const UpstreamOptions& options, UpstreamDeadline deadline);

  /// At least one byte. `cancelled` when the server has closed the connection, `timeout` at the deadline.
  [[nodiscard]] Result<std::size_t> read_some(MutableBytes into, UpstreamDeadline deadline);
  /// Everything.
  [[nodiscard]] Result<> write(ByteView bytes, UpstreamDeadline deadline);

  /// "TLSv1.3, TLS_AES_256_GCM_SHA384"; empty without TLS.
  [[nodiscard]] std::string tls() const;

 private:
  explicit UpstreamStream(UniqueFd fd);

  UniqueFd fd_;
  std::unique_ptr<TlsClient> tls_;
};

}  // namespace donord
