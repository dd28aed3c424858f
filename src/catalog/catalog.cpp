#include "catalog/catalog.hpp"

#include "catalog/schema.hpp"

namespace donord {

using sqlite::Access;
using sqlite::Db;
using sqlite::Durability;
using sqlite::Statement;

namespace {

constexpr std::size_t kMaxTextBytes = 512;

std::string_view clipped(const std::string& text) {
  return std::string_view{text}.substr(0, kMaxTextBytes);
}

std::optional<std::int64_t> optional_integer(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return row.integer(column);
}

std::uint32_t small(const Statement& row, int column) {
  return static_cast<std::uint32_t>(row.integer(column));
}

constexpr std::string_view kSelectSession =
    "SELECT session_key, user, host, source, server_version, recipient_version, recipient_os, recipient_platform,"
    " capabilities, tls_version, tls_cipher, compression, clone_id, snapshot_id, fingerprint, protocol_version,"
    " block_pages, begin_ms, end_ms, last_seen_ms, result, error_number, error_text, reconnects, pid,"
    " binary_log_file, binary_log_position, gtid_executed"
    " FROM session JOIN owner USING (owner_id) ";

NegotiatedClone read_negotiated(const Statement& row, int first) {
  return NegotiatedClone{CloneId{row.unsigned_integer(first)}, SnapshotId{row.unsigned_integer(first + 1)},
                         row.text(first + 2), small(row, first + 3), small(row, first + 4)};
}

constexpr std::int64_t kEndOfTimeMs = 253'402'300'799'999;  // 9999-12-31 23:59:59.999

bool is_time(std::optional<std::int64_t> ms) {
  return !ms || (*ms >= 0 && *ms <= kEndOfTimeMs);
}

Error damaged(const Db& db, SessionKey key, std::string_view what) {
  return Error{Errc::malformed, fmt::format("{}: session {} has {}", db.name(), key, what),
               "the file was changed by something else; restore it from a backup"};
}

/// A row of kSelectSession.
Result<SessionRecord> read_session(const Db& db, const Statement& row) {
  SessionRecord session;
  session.key = SessionKey{row.unsigned_integer(0)};
  session.opened = NewSession{row.text(1), row.text(2),   row.text(3), row.text(4),  row.text(5), row.text(6),
                              row.text(7), small(row, 8), row.text(9), row.text(10), row.text(11)};
  if (!row.is_null(12)) session.negotiated = read_negotiated(row, 12);
  session.begin_ms = row.integer(17);
  session.end_ms = optional_integer(row, 18);
  session.last_seen_ms = row.integer(19);
  if (!is_time(session.begin_ms) || !is_time(session.end_ms) || !is_time(session.last_seen_ms))
    return damaged(db, session.key, "a time that does not exist");
  const std::optional<SessionResult> result = session_result(row.text(20));
  if (!result) return damaged(db, session.key, fmt::format("the unknown result '{}'", row.text(20)));
  session.end = SessionEnd{*result, small(row, 21), row.text(22)};
  session.reconnects = small(row, 23);
  session.owner_pid = row.integer(24);
  if (!row.is_null(25)) session.position = SourcePosition{row.text(25), row.unsigned_integer(26), row.text(27)};
  return session;
}

/// An UPDATE that was to change one row.
Result<> expect_change(const Db& db, SessionKey key, std::string_view state) {
  if (db.changes() == 1) return {};
  return Error{Errc::conflict, fmt::format("{}: session {} is not {}", db.name(), key, state)};
}

}  // namespace

Result<std::unique_ptr<Catalog>> Catalog::open(const std::filesystem::path& path, Access access, Clock now) {
  Result<Db> db = Db::open(path, access);
  if (!db) return db.error().within("catalog");
  if (access == Access::read_write) return open_for_writing(std::move(*db), std::move(now));
  if (Result<> version = sqlite::check_version(*db, catalog_schema()); !version) return version.error();
  return std::unique_ptr<Catalog>{new Catalog{std::move(*db), ProcessIdentity{}, std::move(now)}};
}

Result<std::unique_ptr<Catalog>> Catalog::in_memory(Clock now) {
  Result<Db> db = Db::open_in_memory();
  if (!db) return db.error().within("catalog");
  return open_for_writing(std::move(*db), std::move(now));
}

Result<std::unique_ptr<Catalog>> Catalog::open_for_writing(Db db, Clock now) {
  Result<ProcessIdentity> self = ProcessIdentity::self();
  if (!self) return self.error();
  if (Result<> migrated = sqlite::migrate(db, catalog_schema()); !migrated) return migrated.error();
  std::unique_ptr<Catalog> catalog{new Catalog{std::move(db), std::move(*self), std::move(now)}};
  if (Result<> registered = catalog->register_owner(); !registered) return registered.error();
  return catalog;
}

Result<> Catalog::register_owner() {
  return db_.transaction(Durability::full, [&]() -> Result<> {
    Result<> inserted =
        db_.run("INSERT INTO owner (boot_id, pid, start_ticks, opened_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                std::string_view{self_.boot_id}, self_.pid, self_.start_ticks, now_());
    if (!inserted) return inserted;
    Result<Statement> found =
        db_.prepare("SELECT owner_id FROM owner WHERE boot_id = ? AND pid = ? AND start_ticks = ?",
                    std::string_view{self_.boot_id}, self_.pid, self_.start_ticks);
    if (!found) return found.error();
    if (Result<bool> row = found->step(); !row) return row.error();
    owner_id_ = found->unsigned_integer(0);
    return {};
  });
}

Result<std::uint64_t> Catalog::mark_interrupted() {
  const std::lock_guard lock{mutex_};
  return db_.transaction(Durability::full, [&]() -> Result<std::uint64_t> {
    Result<Statement> owners = db_.prepare(
        "SELECT owner_id, boot_id, pid, start_ticks FROM owner"
        " WHERE owner_id IN (SELECT owner_id FROM session WHERE result = 'in_progress')");
    if (!owners) return owners.error();
    std::uint64_t marked = 0;
    for (;;) {
      const Result<bool> row = owners->step();
      if (!row) return row.error();
      if (!*row) return marked;
      const ProcessIdentity owner{owners->text(1), owners->integer(2), owners->unsigned_integer(3)};
      if (owner.alive()) continue;
      Result<> updated = db_.run(
          "UPDATE session SET result = 'interrupted', end_ms = last_seen_ms"
          " WHERE result = 'in_progress' AND owner_id = ?",
          owners->integer(0));
      if (!updated) return updated.error();
      marked += static_cast<std::uint64_t>(db_.changes());
    }
  });
}

Result<SessionKey> Catalog::begin_session(const NewSession& session) {
  const std::lock_guard lock{mutex_};
  return db_.transaction(Durability::full, [&]() -> Result<SessionKey> {
    const std::int64_t now = now_();
    Result<> inserted = db_.run(
        "INSERT INTO session (owner_id, result, user, host, source, server_version, recipient_version, recipient_os,"
        " recipient_platform, capabilities, tls_version, tls_cipher, compression, begin_ms, last_seen_ms)"
        " VALUES (?, 'in_progress', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        owner_id_, clipped(session.user), clipped(session.host), std::string_view{session.source},
        clipped(session.server_version), clipped(session.recipient_version), clipped(session.recipient_os),
        clipped(session.recipient_platform), session.capabilities, clipped(session.tls_version),
        clipped(session.tls_cipher), clipped(session.compression), now, now);
    if (!inserted) return inserted.error();
    return SessionKey{static_cast<std::uint64_t>(db_.last_insert_id())};
  });
}

Result<> Catalog::session_negotiated(SessionKey key, const NegotiatedClone& clone,
                                     const std::optional<SourcePosition>& position) {
  const SourcePosition known = position.value_or(SourcePosition{});
  const auto if_known = [&position](auto value) { return position ? std::optional{value} : std::nullopt; };
  const std::lock_guard lock{mutex_};
  return db_.transaction(Durability::full, [&]() -> Result<> {
    Result<> updated = db_.run(
        "UPDATE session SET clone_id = ?, snapshot_id = ?, fingerprint = ?, protocol_version = ?, block_pages = ?,"
        " binary_log_file = ?, binary_log_position = ?, gtid_executed = ?, last_seen_ms = ?"
        " WHERE session_key = ? AND result = 'in_progress'",
        clone.clone_id.value(), clone.snapshot_id.value(), std::string_view{clone.fingerprint}, clone.protocol_version,
        clone.block_pages, if_known(std::string_view{known.binary_log_file}), if_known(known.binary_log_position),
        if_known(std::string_view{known.gtid_executed}), now_(), key.value());
    if (!updated) return updated;
    return expect_change(db_, key, "under way");
  });
}

Result<> Catalog::begin_stage(SessionKey key, SessionStage stage, std::uint64_t estimate_bytes) {
  const std::lock_guard lock{mutex_};
  return db_.transaction(Durability::normal, [&]() -> Result<> {
    const std::int64_t now = now_();
    Result<> begun = db_.run(
        "INSERT INTO stage (session_key, stage, begin_ms, estimate_bytes) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET end_ms = NULL, estimate_bytes = excluded.estimate_bytes,"
        " earlier_data_bytes = data_bytes, earlier_network_bytes = network_bytes, earlier_blocks = blocks",
        key.value(), static_cast<std::uint32_t>(stage), now, estimate_bytes);
    if (!begun) return begun;
    return touch(key, now);
  });
}

Result<> Catalog::count(SessionKey key, SessionStage stage, const StageCounters& counters,
                        std::optional<std::int64_t> end_ms, std::int64_t now) {
  Result<> counted = db_.run(
      "UPDATE stage SET data_bytes = earlier_data_bytes + ?, network_bytes = earlier_network_bytes + ?,"
      " blocks = earlier_blocks + ?, threads = max(threads, ?), end_ms = ? WHERE session_key = ? AND stage = ?",
      counters.data_bytes, counters.network_bytes, counters.blocks, counters.threads, end_ms, key.value(),
      static_cast<std::uint32_t>(stage));
  if (!counted) return counted;
  if (Result<> begun = expect_change(db_, key, fmt::format("in stage {}", to_string(stage))); !begun) return begun;
  return touch(key, now);
}

Result<> Catalog::touch(SessionKey key, std::int64_t now) {
  Result<> updated =
      db_.run("UPDATE session SET last_seen_ms = ? WHERE session_key = ? AND result = 'in_progress'", now, key.value());
  if (!updated) return updated;
  return expect_change(db_, key, "under way");
}

Result<> Catalog::progress(SessionKey key, SessionStage stage, const StageCounters& counters) {
  const std::lock_guard lock{mutex_};
  return db_.transaction(Durability::normal, [&] { return count(key, stage, counters, std::nullopt, now_()); });
}

Result<> Catalog::end_stage(SessionKey key, SessionStage stage, const StageCounters& counters) {
  const std::lock_guard lock{mutex_};
  return db_.transaction(Durability::normal, [&] {
    const std::int64_t now = now_();
    return count(key, stage, counters, now, now);
  });
}

Result<> Catalog::end_session(SessionKey key, const SessionEnd& end) {
  const std::lock_guard lock{mutex_};
  return db_.transaction(Durability::full, [&]() -> Result<> {
    const std::int64_t now = now_();
    Result<> updated = db_.run(
        "UPDATE session SET result = ?, error_number = ?, error_text = ?, end_ms = ?, last_seen_ms = ?"
        " WHERE session_key = ? AND result = 'in_progress'",
        to_string(end.result), end.error_number, clipped(end.error_text), now, now, key.value());
    if (!updated) return updated;
    return expect_change(db_, key, "under way");
  });
}

Result<std::optional<ResumableClone>> Catalog::find_resumable(CloneId clone, SnapshotId snapshot) {
  const std::lock_guard lock{mutex_};
  Result<Statement> found = db_.prepare(
      "SELECT session_key, clone_id, snapshot_id, fingerprint, protocol_version, block_pages, user, host, begin_ms,"
      " last_seen_ms FROM session WHERE clone_id = ? AND snapshot_id = ?"
      " AND result = 'interrupted' ORDER BY session_key DESC LIMIT 1",
      clone.value(), snapshot.value());
  if (!found) return found.error();
  const Result<bool> row = found->step();
  if (!row) return row.error();
  if (!*row) return std::optional<ResumableClone>{};
  return std::optional{ResumableClone{SessionKey{found->unsigned_integer(0)}, read_negotiated(*found, 1),
                                      found->text(6), found->text(7), found->integer(8), found->integer(9)}};
}

Result<> Catalog::resumed(SessionKey key) {
  const std::lock_guard lock{mutex_};
  return db_.transaction(Durability::full, [&]() -> Result<> {
    Result<> updated = db_.run(
        "UPDATE session SET result = 'in_progress', owner_id = ?, end_ms = NULL, error_number = 0, error_text = '',"
        " reconnects = reconnects + 1, last_seen_ms = ? WHERE session_key = ?"
        " AND (result = 'interrupted' OR (result = 'in_progress' AND owner_id = ?))",
        owner_id_, now_(), key.value(), owner_id_);
    if (!updated) return updated;
    return expect_change(db_, key, "resumable");
  });
}

Result<std::vector<SessionRecord>> Catalog::list_sessions(const SessionFilter& filter) {
  const std::lock_guard lock{mutex_};
  std::optional<std::string_view> result;
  if (filter.result) result = to_string(*filter.result);
  std::optional<std::string_view> user;
  if (filter.user) user = *filter.user;
  Result<Statement> rows =
      db_.prepare(fmt::format("{} WHERE result = ifnull(?, result) AND user = ifnull(?, user)"
                              " AND begin_ms >= ifnull(?, begin_ms) ORDER BY session_key DESC LIMIT ?",
                              kSelectSession),
                  result, user, filter.begun_since_ms, filter.limit);
  if (!rows) return rows.error();
  std::vector<SessionRecord> sessions;
  for (;;) {
    const Result<bool> row = rows->step();
    if (!row) return row.error();
    if (!*row) return sessions;
    Result<SessionRecord> session = read_session(db_, *rows);
    if (!session) return session.error();
    if (Result<> stages = stages_of(*session); !stages) return stages.error();
    sessions.push_back(std::move(*session));
  }
}

Result<SessionRecord> Catalog::get_session(SessionKey key) {
  const std::lock_guard lock{mutex_};
  Result<Statement> found = db_.prepare(fmt::format("{} WHERE session_key = ?", kSelectSession), key.value());
  if (!found) return found.error();
  const Result<bool> row = found->step();
  if (!row) return row.error();
  if (!*row)
    return Error{Errc::not_found, fmt::format("{} has no session {}", db_.name(), key),
                 "donord sessions list shows those it has"};
  Result<SessionRecord> session = read_session(db_, *found);
  if (!session) return session;
  if (Result<> stages = stages_of(*session); !stages) return stages.error();
  return session;
}

Result<> Catalog::stages_of(SessionRecord& session) {
  Result<Statement> rows = db_.prepare(
      "SELECT stage, begin_ms, end_ms, estimate_bytes, data_bytes, network_bytes, blocks, threads"
      " FROM stage WHERE session_key = ? ORDER BY stage",
      session.key.value());
  if (!rows) return rows.error();
  for (;;) {
    const Result<bool> row = rows->step();
    if (!row) return row.error();
    if (!*row) return {};
    const std::optional<SessionStage> stage = session_stage(rows->integer(0));
    const std::int64_t begin_ms = rows->integer(1);
    const std::optional<std::int64_t> end_ms = optional_integer(*rows, 2);
    if (!stage) return damaged(db_, session.key, fmt::format("the unknown stage {}", rows->integer(0)));
    if (!is_time(begin_ms) || !is_time(end_ms))
      return damaged(db_, session.key, "a stage at a time that does not exist");
    session.stages.push_back(StageRecord{*stage, begin_ms, end_ms, rows->unsigned_integer(3),
                                         StageCounters{rows->unsigned_integer(4), rows->unsigned_integer(5),
                                                       rows->unsigned_integer(6), small(*rows, 7)}});
  }
}

}  // namespace donord
