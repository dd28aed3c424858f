#pragma once

// donord as a registered consumer of a server's redo: the server recycles nothing that donord has not read yet. It has
// one place for such consumers, which MySQL Enterprise Backup and XtraBackup want as well
// (docs/innodb-files.md, "Live: rename, recycle, resize").
//
// Dangerous to the server: when the consumer does not advance and the capacity is used up, all writes on the server
// wait. Therefore the server is told to give up a session that is silent for `idle_limit`: it ends the registration
// with it, whatever has become of donord.

#include <chrono>
#include <optional>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "upstream/upstream_connection.hpp"

namespace donord {

/// On a connection of its own: the registration is the session's and ends with it.
class RedoConsumer {
 public:
  static constexpr std::chrono::seconds kIdleLimit{30};

  /// Errors: `conflict` when somebody else is registered, `unsupported_version` before 8.0.30, `denied` without
  /// BACKUP_ADMIN.
  [[nodiscard]] static Result<RedoConsumer> attach(const UpstreamOptions& options,
                                                   std::chrono::seconds idle_limit = kIdleLimit);

  RedoConsumer(RedoConsumer&&) noexcept = default;
  RedoConsumer& operator=(RedoConsumer&&) = delete;
  ~RedoConsumer();

  /// The redo from here on is kept: at first from the newest checkpoint on, later from where `advance` has come to.
  [[nodiscard]] Lsn kept_from() const { return kept_from_; }

  /// What is before `lsn` may be recycled; an `lsn` behind `kept_from` changes nothing. It is the sign of life, too: to
  /// be called several times within the idle limit. An error says that the redo is not kept any longer.
  [[nodiscard]] Result<> advance(Lsn lsn);
  /// The destructor does the same.
  [[nodiscard]] Result<> detach();

 private:
  RedoConsumer(UpstreamConnection connection, Lsn kept_from)
      : connection_(std::move(connection)), kept_from_(kept_from) {}

  std::optional<UpstreamConnection> connection_;  ///< absent once detached
  Lsn kept_from_;
};

}  // namespace donord
