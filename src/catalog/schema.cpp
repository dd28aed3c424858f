#include "catalog/schema.hpp"

#include <array>

namespace donord {
namespace {

/// Times are UTC milliseconds since 1970. Identifiers of 64 bits are stored as the signed integer of the same bits.
constexpr std::string_view kStep1 = R"sql(
CREATE TABLE owner (
  owner_id      INTEGER PRIMARY KEY,
  boot_id       TEXT    NOT NULL,
  pid           INTEGER NOT NULL,
  start_ticks   INTEGER NOT NULL,            -- clock ticks from boot to the start of the process
  opened_ms     INTEGER NOT NULL,
  UNIQUE (boot_id, pid, start_ticks)
) STRICT;

CREATE TABLE session (
  session_key        INTEGER PRIMARY KEY AUTOINCREMENT,
  owner_id           INTEGER NOT NULL REFERENCES owner (owner_id),
  result             TEXT    NOT NULL CHECK (result IN ('in_progress', 'completed', 'failed', 'interrupted')),
  user               TEXT    NOT NULL,
  host               TEXT    NOT NULL,       -- the recipient's address:port
  source             TEXT    NOT NULL,
  server_version     TEXT    NOT NULL,
  recipient_version  TEXT    NOT NULL,
  recipient_os       TEXT    NOT NULL,
  recipient_platform TEXT    NOT NULL,
  capabilities       INTEGER NOT NULL,
  tls_version        TEXT    NOT NULL,       -- empty: no TLS
  tls_cipher         TEXT    NOT NULL,
  compression        TEXT    NOT NULL,       -- empty: none
  fingerprint        TEXT,                   -- from here to block_pages: known once the clone is negotiated
  clone_id           INTEGER,
  snapshot_id        INTEGER,
  protocol_version   INTEGER,
  block_pages        INTEGER,
  begin_ms           INTEGER NOT NULL,
  end_ms             INTEGER,
  last_seen_ms       INTEGER NOT NULL,
  error_number       INTEGER NOT NULL DEFAULT 0,
  error_text         TEXT    NOT NULL DEFAULT '',
  reconnects         INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX session_by_clone  ON session (clone_id, snapshot_id);
CREATE INDEX session_by_result ON session (result);

CREATE TABLE stage (
  session_key     INTEGER NOT NULL REFERENCES session (session_key) ON DELETE CASCADE,
  stage           INTEGER NOT NULL CHECK (stage BETWEEN 0 AND 4),  -- init, file_copy, page_copy, redo_copy, done
  begin_ms        INTEGER NOT NULL,
  end_ms          INTEGER,
  estimate_bytes  INTEGER NOT NULL,
  data_bytes      INTEGER NOT NULL DEFAULT 0,
  network_bytes   INTEGER NOT NULL DEFAULT 0,
  blocks          INTEGER NOT NULL DEFAULT 0,
  threads         INTEGER NOT NULL DEFAULT 0,
  earlier_data_bytes    INTEGER NOT NULL DEFAULT 0,  -- the part of the counters above that earlier attempts made
  earlier_network_bytes INTEGER NOT NULL DEFAULT 0,
  earlier_blocks        INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (session_key, stage)
) STRICT, WITHOUT ROWID;
)sql";

constexpr std::string_view kStep2 = R"sql(
ALTER TABLE session ADD COLUMN binary_log_file     TEXT;  -- these three: known when the source's server was asked
ALTER TABLE session ADD COLUMN binary_log_position INTEGER;
ALTER TABLE session ADD COLUMN gtid_executed       TEXT;
)sql";

constexpr std::array kSteps = {kStep1, kStep2};

}  // namespace

const sqlite::Schema& catalog_schema() {
  static constexpr sqlite::Schema kSchema{"catalog", 0x444E5243 /* DNRC */, kSteps};
  return kSchema;
}

}  // namespace donord
