#pragma once

// Global transaction ids, as the binary log has them and as InnoDB keeps them in undo logs.

#include <array>
#include <compare>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "binlog/event.hpp"

namespace donord::binlog {

using Uuid = std::array<std::uint8_t, 16>;

inline constexpr std::int64_t kLastGtid = std::numeric_limits<std::int64_t>::max() - 1;

struct Gtid {
  Uuid uuid{};
  std::string tag;          ///< empty for most; up to 32 characters
  std::int64_t number = 0;  ///< from 1 to kLastGtid

  auto operator<=>(const Gtid&) const = default;
};

/// "3e11fa47-71ca-11e1-9e33-c80aa9429562:23", "3e11fa47-71ca-11e1-9e33-c80aa9429562:tag:23".
[[nodiscard]] std::string to_text(const Gtid& gtid);
[[nodiscard]] std::string to_text(const Uuid& uuid);

/// The body of a GTID event, as far as it is read here: 1 flags, 16 uuid, 8 number.
[[nodiscard]] Result<Gtid> decode_gtid_event(ByteView body);

/// The body of a GTID_TAGGED event: a message of MySQL's serialization format. All are integers of `varint.hpp`:
/// version (1), size of the message, the last field that a reader has to know; then fields, each behind its number: 0
/// flags, 1 uuid (16 integers), 2 number (signed), 3 tag (its length, then its bytes). What follows is not read.
[[nodiscard]] Result<Gtid> decode_tagged_gtid_event(ByteView body);

/// How an undo log keeps a GTID: one byte of version, and these bytes, filled up with zeros. InnoDB reads both versions
/// since 8.3; earlier servers know no tags and version 1 only.
inline constexpr std::size_t kPersistedGtidBytes = 64;
struct PersistedGtid {
  std::uint8_t version = 0;
  std::array<std::uint8_t, kPersistedGtidBytes> bytes{};
};

/// Without a tag version 1, the text; with one version 2: 16 uuid, then tag and number as above.
[[nodiscard]] PersistedGtid persisted(const Gtid& gtid);

/// Version 1, which servers read as the text of a set: it may have ranges. Of less than `kPersistedGtidBytes` bytes.
[[nodiscard]] PersistedGtid persisted_text(std::string_view text);

}  // namespace donord::binlog
