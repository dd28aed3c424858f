#pragma once

// A session at the server whose directory donord serves. Blocking, for one thread at a time. What the server refuses
// leaves the session as it was; anything else that goes wrong ends it, and from then on every call says so.

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "protocol/command.hpp"
#include "protocol/packet.hpp"
#include "protocol/result_set.hpp"
#include "upstream/upstream_login.hpp"
#include "upstream/upstream_options.hpp"
#include "upstream/upstream_stream.hpp"

namespace donord {

/// What is accepted as the answer to one statement; more ends the session.
struct QueryLimits {
  std::size_t rows = 10'000;
  std::size_t bytes = std::size_t{16} << 20;
};

class UpstreamConnection {
 public:
  /// Connects, logs in and prepares the session. Errors as of `UpstreamStream`, `UpstreamLogin` and `upstream_error`,
  /// with the server's name in front.
  [[nodiscard]] static Result<UpstreamConnection> open(const UpstreamOptions& options);

  UpstreamConnection(UpstreamConnection&&) noexcept = default;
  UpstreamConnection& operator=(UpstreamConnection&&) noexcept = default;
  ~UpstreamConnection();

  /// The rows of one statement, each of exactly `columns` values.
  [[nodiscard]] Result<std::vector<TextRow>> query(std::string_view statement, std::size_t columns,
                                                   const QueryLimits& limits = {});
  /// A statement without rows.
  [[nodiscard]] Result<> execute(std::string_view statement);
  /// A question and an answer, and with it a sign of life.
  [[nodiscard]] Result<> ping();

  void set_read_timeout(std::chrono::seconds timeout) { options_.read_timeout = timeout; }
  /// Asked about every second while an answer is waited for: true ends the session with `cancelled`.
  void set_given_up(std::function<bool()> given_up) { given_up_ = std::move(given_up); }

  /// The session has ended, as far as it was noticed.
  [[nodiscard]] bool lost() const { return lost_.has_value(); }

  [[nodiscard]] const UpstreamOptions& options() const { return options_; }
  [[nodiscard]] const std::string& server_version() const { return server_version_; }
  /// That KILL names.
  [[nodiscard]] ConnectionId connection_id() const { return connection_id_; }
  /// "TLSv1.3, TLS_AES_256_GCM_SHA384"; empty without TLS.
  [[nodiscard]] std::string tls() const { return stream_ ? stream_->tls() : std::string{}; }

 private:
  explicit UpstreamConnection(UpstreamOptions options) : options_(std::move(options)) {}

  [[nodiscard]] Result<> log_in();
  [[nodiscard]] Result<> send(ByteView payload, UpstreamDeadline deadline);
  [[nodiscard]] Result<> send_once(Bytes payload, UpstreamDeadline deadline);
  [[nodiscard]] Result<Bytes> receive(std::optional<UpstreamDeadline> deadline = {});
  [[nodiscard]] Result<std::size_t> read_some(UpstreamDeadline deadline);
  [[nodiscard]] Result<> look_for_farewell();
  [[nodiscard]] Result<Bytes> ask(const Command& command);
  [[nodiscard]] Result<TextResultSet> read_answer(Bytes first, const QueryLimits& limits);
  /// The error with the server's name; one that is not the server's own ends the session.
  [[nodiscard]] Error refused(const Error& error);
  [[nodiscard]] Error end(const Error& error);

  UpstreamOptions options_;
  std::function<bool()> given_up_ = [] { return false; };
  std::optional<UpstreamStream> stream_;  ///< absent once the session has ended
  PacketAssembler packets_{0};
  Capabilities effective_;
  std::string server_version_;
  ConnectionId connection_id_;
  std::optional<Error> lost_;
};

}  // namespace donord
