#pragma once

// Sessions for people (text tables) and for programs (JSON). What a peer chose, such as its user name, is shown with
// control characters escaped. Times are UTC; sizes in JSON are bytes, durations milliseconds.

#include <cstdint>
#include <span>
#include <string>

#include "catalog/session_record.hpp"

namespace donord {

/// A line per session under a line of headings; one sentence when there are none.
[[nodiscard]] std::string sessions_as_text(std::span<const SessionRecord> sessions, std::int64_t now_ms);
/// Everything about one session, with a line per stage.
[[nodiscard]] std::string session_as_text(const SessionRecord& session, std::int64_t now_ms);

/// An array of the objects that `session_as_json` makes.
[[nodiscard]] std::string sessions_as_json(std::span<const SessionRecord> sessions, std::int64_t now_ms);
[[nodiscard]] std::string session_as_json(const SessionRecord& session, std::int64_t now_ms);

}  // namespace donord
