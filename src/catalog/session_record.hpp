#pragma once

// What the catalog keeps of a clone: one record per clone operation of one recipient, over all its connections and
// reconnects.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/source_position.hpp"

namespace donord {

/// The catalog's number of a session; never reused, never 0.
using SessionKey = StrongId<struct SessionKeyTag, std::uint64_t>;

/// The stages of a clone in their order; the values are stored.
enum class SessionStage : std::uint8_t { init = 0, file_copy = 1, page_copy = 2, redo_copy = 3, done = 4 };

/// "file_copy"
[[nodiscard]] std::string_view to_string(SessionStage stage);
/// None for a number that is no stage.
[[nodiscard]] std::optional<SessionStage> session_stage(std::int64_t stored);

enum class SessionResult : std::uint8_t {
  in_progress,
  completed,
  failed,       ///< ended with an error; will not go on
  interrupted,  ///< its donor process ended; the recipient may come back and continue
};

/// "in_progress"; the word that is stored and shown.
[[nodiscard]] std::string_view to_string(SessionResult result);
[[nodiscard]] std::optional<SessionResult> session_result(std::string_view word);

/// What is known when a recipient's COM_INIT arrives. Text that comes from the peer is cut at 512 bytes when stored.
struct NewSession {
  std::string user;
  std::string host;                ///< "192.0.2.7:51234"
  std::string source;              ///< "datadir /var/lib/mysql (at rest)"
  std::string server_version;      ///< the version that this donor presents
  std::string recipient_version;   ///< connect attribute _client_version
  std::string recipient_os;        ///< connect attribute _os
  std::string recipient_platform;  ///< connect attribute _platform
  std::uint32_t capabilities = 0;  ///< in force: the client's and the server's
  std::string tls_version;         ///< "TLSv1.3"; empty without TLS
  std::string tls_cipher;
  std::string compression;  ///< "zlib"; empty without compression
};

/// What COM_INIT agreed on; with it a COM_REINIT can continue the clone.
struct NegotiatedClone {
  CloneId clone_id;
  SnapshotId snapshot_id;
  std::string fingerprint;             ///< of the source: equal means same files, same bytes
  std::uint32_t protocol_version = 0;  ///< 0x0103
  std::uint32_t block_pages = 0;       ///< pages per block of the FILE COPY chunks
};

/// Counted since the stage began, or was begun again after a reconnect.
struct StageCounters {
  std::uint64_t data_bytes = 0;
  std::uint64_t network_bytes = 0;  ///< after compression, packet headers included
  std::uint64_t blocks = 0;         ///< data messages: blocks of FILE and REDO COPY, pages of PAGE COPY
  std::uint32_t threads = 0;        ///< connections that carry data; the largest number is kept
};

struct StageRecord {
  SessionStage stage = SessionStage::init;
  std::int64_t begin_ms = 0;
  std::optional<std::int64_t> end_ms;
  std::uint64_t estimate_bytes = 0;
  StageCounters counters;  ///< of all attempts together
};

struct SessionEnd {
  SessionResult result = SessionResult::completed;
  std::uint32_t error_number = 0;  ///< MySQL's; 0 without error
  std::string error_text = {};
};

struct SessionRecord {
  SessionKey key;
  NewSession opened;
  std::optional<NegotiatedClone> negotiated;
  std::optional<SourcePosition> position;  ///< of the source's server when the clone began: the copy has at least that
  std::vector<StageRecord> stages;         ///< those that began, in order
  std::int64_t begin_ms = 0;
  std::optional<std::int64_t> end_ms;
  std::int64_t last_seen_ms = 0;  ///< the last time that anything about the session was written down
  SessionEnd end{SessionResult::in_progress};
  std::uint32_t reconnects = 0;
  std::int64_t owner_pid = 0;  ///< the donord process that serves or served it

  [[nodiscard]] std::uint64_t data_bytes() const;
  [[nodiscard]] std::uint64_t network_bytes() const;
  /// The stage under way, or the last one that was.
  [[nodiscard]] const StageRecord* current_stage() const { return stages.empty() ? nullptr : &stages.back(); }
  /// From begin to end, or to `now_ms` while under way.
  [[nodiscard]] std::int64_t duration_ms(std::int64_t now_ms) const { return end_ms.value_or(now_ms) - begin_ms; }
};

/// What a COM_REINIT needs to continue a clone that another process, or an earlier connection, began.
struct ResumableClone {
  SessionKey key;
  NegotiatedClone negotiated;
  std::string user;  ///< only this account may continue it
  std::string host;
  std::int64_t begin_ms = 0;
  std::int64_t last_seen_ms = 0;
};

struct SessionFilter {
  std::optional<SessionResult> result = {};
  std::optional<std::string> user = {};
  std::optional<std::int64_t> begun_since_ms = {};
  std::uint32_t limit = 100;  ///< newest first
};

}  // namespace donord
