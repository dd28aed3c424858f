#pragma once

// The catalog: the donor's memory of clones, in one SQLite file. It shows what was served to whom, and lets a donord
// that was restarted, killed or not, continue the clones of the one before it. Functions are named by intent.
//
// Thread-safe; every call may wait for the disk. The begin, negotiation, resumption and end of a session are on stable
// storage when the call returns; progress survives the death of the process, not of the machine.

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/units.hpp"
#include "catalog/db.hpp"
#include "catalog/process_identity.hpp"
#include "catalog/session_record.hpp"

namespace donord {

class Catalog {
 public:
  using Clock = std::function<std::int64_t()>;  ///< UTC milliseconds since 1970

  /// Creates or migrates the file; with `read_only` it must exist in the current version, and every writing call below
  /// fails with `denied`. Errors of `sqlite::Db::open` and `sqlite::migrate`.
  [[nodiscard]] static Result<std::unique_ptr<Catalog>> open(const std::filesystem::path& path, sqlite::Access access,
                                                             Clock now = unix_ms_now);
  /// A catalog that is gone with the process.
  [[nodiscard]] static Result<std::unique_ptr<Catalog>> in_memory(Clock now = unix_ms_now);

  /// To be called at start: sessions under way whose process has ended become `interrupted`. Returns their number.
  [[nodiscard]] Result<std::uint64_t> mark_interrupted();

  [[nodiscard]] Result<SessionKey> begin_session(const NewSession& session);
  /// `position`: of the source's server, if it was asked. Kept whole.
  [[nodiscard]] Result<> session_negotiated(SessionKey key, const NegotiatedClone& clone,
                                            const std::optional<SourcePosition>& position = {});
  /// A stage that is begun again goes on: begin time and counters so far are kept, new counters are added to them.
  [[nodiscard]] Result<> begin_stage(SessionKey key, SessionStage stage, std::uint64_t estimate_bytes);
  [[nodiscard]] Result<> progress(SessionKey key, SessionStage stage, const StageCounters& counters);
  [[nodiscard]] Result<> end_stage(SessionKey key, SessionStage stage, const StageCounters& counters);
  /// `Errc::conflict` when the session has ended already.
  [[nodiscard]] Result<> end_session(SessionKey key, const SessionEnd& end);

  /// The latest session of this clone that was interrupted: its process has ended. Those that completed or failed are
  /// not resumable, and those under way belong to a living process.
  [[nodiscard]] Result<std::optional<ResumableClone>> find_resumable(CloneId clone, SnapshotId snapshot);
  /// The recipient is back: the session is under way again, owned by this process, with one reconnect more.
  /// `Errc::conflict` when another process was faster or the session has ended.
  [[nodiscard]] Result<> resumed(SessionKey key);

  /// Newest first.
  [[nodiscard]] Result<std::vector<SessionRecord>> list_sessions(const SessionFilter& filter = {});
  /// `Errc::not_found` without such a session.
  [[nodiscard]] Result<SessionRecord> get_session(SessionKey key);

 private:
  Catalog(sqlite::Db db, ProcessIdentity self, Clock now)
      : db_(std::move(db)), self_(std::move(self)), now_(std::move(now)) {}

  [[nodiscard]] static Result<std::unique_ptr<Catalog>> open_for_writing(sqlite::Db db, Clock now);
  [[nodiscard]] Result<> register_owner();
  [[nodiscard]] Result<> count(SessionKey key, SessionStage stage, const StageCounters& counters,
                               std::optional<std::int64_t> end_ms, std::int64_t now);
  [[nodiscard]] Result<> touch(SessionKey key, std::int64_t now);
  [[nodiscard]] Result<> stages_of(SessionRecord& session);

  std::mutex mutex_;
  sqlite::Db db_;
  ProcessIdentity self_;
  std::uint64_t owner_id_ = 0;
  Clock now_;
};

}  // namespace donord
