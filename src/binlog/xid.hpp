#pragma once

// Names of distributed transactions. Those that a client gives are external; a server makes internal ones for its own
// two-phase commit between binary log and InnoDB.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace donord::binlog {

struct Xid {
  std::uint32_t format_id = 0;
  std::string gtrid;  ///< any bytes, up to 64
  std::string bqual;  ///< likewise

  auto operator<=>(const Xid&) const = default;

  /// What a XID event names: the last 8 of the 24 bytes that an internal one has, behind "MySQLXid" and the server id.
  [[nodiscard]] std::optional<std::uint64_t> internal_number() const;
};

inline constexpr std::size_t kMaxXidPartBytes = 64;

/// "X'61',X'',1", as servers write it into the log behind XA COMMIT and XA ROLLBACK.
[[nodiscard]] Result<Xid> parse_xid(std::string_view text);

/// The same form.
[[nodiscard]] std::string to_text(const Xid& xid);

/// The body of an XA_PREPARE event: 1 true for XA COMMIT ... ONE PHASE, 4 format id, 4 length of gtrid, 4 length of
/// bqual, gtrid, bqual.
struct XaPrepare {
  bool one_phase = false;
  Xid xid;
};
[[nodiscard]] Result<XaPrepare> decode_xa_prepare(ByteView body);

}  // namespace donord::binlog
