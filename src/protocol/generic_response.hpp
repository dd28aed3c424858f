#pragma once

// The answers every command can have: OK, ERR, and EOF, which closes the parts of a result set for clients without
// deprecate_eof. Source: MySQL manual, "Generic Response Packets".

#include <cstdint>
#include <string>
#include <string_view>

#include "base/codec.hpp"
#include "protocol/capabilities.hpp"

namespace donord {

/// Server -> client. Integers are little-endian.
///
///   u8             0x00, or 0xFE where it ends a result set
///   lenenc         affected rows
///   lenenc         last insert id
///   u16            status flags
///   u16            warnings
///   lenenc string  text for people; absent when empty and nothing follows
///   lenenc string  changes of session state; only with session_track and session_state_changed in the status
///
/// A stock server writes the text with its length although the manual calls it "to the end of the packet".
struct OkPacket {
  static constexpr std::string_view kName = "OkPacket";

  enum class Marker : std::uint8_t { ok = 0x00, end_of_rows = 0xFE };

  Capabilities capabilities;  ///< not on the wire: in force on this connection

  Marker marker = Marker::ok;
  std::uint64_t affected_rows = 0;
  std::uint64_t last_insert_id = 0;
  StatusFlags status{ServerStatus::autocommit};
  std::uint16_t warnings = 0;
  std::string info;
  Bytes session_state_changes;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.u8("marker", m.marker);
    if (m.marker != Marker::ok && m.marker != Marker::end_of_rows) io.fail("marker", "expected 0x00 or 0xfe");
    io.lenenc("affected_rows", m.affected_rows);
    io.lenenc("last_insert_id", m.last_insert_id);
    io.u16le("status", m.status);
    io.u16le("warnings", m.warnings);
    const bool state_changes =
        m.capabilities.has(Capability::session_track) && m.status.has(ServerStatus::session_state_changed);
    bool has_info = state_changes || !m.info.empty();
    if constexpr (Io::kDecoding) has_info = has_info || io.remaining() > 0;
    if (has_info) io.lenenc_text("info", m.info);
    if (state_changes) io.lenenc_bytes("session_state_changes", m.session_state_changes);
  }
  bool operator==(const OkPacket&) const = default;
};

/// Server -> client. u8 0xFF; u16 LE error number; '#' and five bytes SQLSTATE, both absent in an error sent before the
/// handshake; message to the end of the packet, without NUL.
struct ErrPacket {
  static constexpr std::string_view kName = "ErrPacket";
  static constexpr std::uint8_t kMarker = 0xFF;
  static constexpr std::size_t kSqlStateSize = 5;

  std::uint16_t code = 0;
  std::string sql_state;  ///< five characters or none
  std::string message;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.constant("marker", kMarker);
    io.u16le("code", m.code);
    std::string tail = m.sql_state.empty() ? m.message : '#' + m.sql_state + m.message;
    io.rest("sql_state_and_message", tail);
    if constexpr (Io::kDecoding) {
      const bool has_state = tail.size() > kSqlStateSize && tail.front() == '#';
      m.sql_state = has_state ? tail.substr(1, kSqlStateSize) : std::string{};
      m.message = has_state ? tail.substr(1 + kSqlStateSize) : tail;
    }
  }
  bool operator==(const ErrPacket&) const = default;
};

/// Server -> client, without deprecate_eof: ends the columns and the rows of a result set. u8 0xFE; u16 LE warnings;
/// u16 LE status flags. 5 bytes.
struct EofPacket {
  static constexpr std::string_view kName = "EofPacket";
  static constexpr std::uint8_t kMarker = 0xFE;
  static constexpr std::size_t kSize = 5;

  std::uint16_t warnings = 0;
  StatusFlags status{ServerStatus::autocommit};

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.constant("marker", kMarker);
    io.u16le("warnings", m.warnings);
    io.u16le("status", m.status);
  }
  bool operator==(const EofPacket&) const = default;
};

[[nodiscard]] inline bool is_ok(ByteView payload) {
  return !payload.empty() && payload.front() == static_cast<std::uint8_t>(OkPacket::Marker::ok);
}
[[nodiscard]] inline bool is_err(ByteView payload) {
  return !payload.empty() && payload.front() == ErrPacket::kMarker;
}

/// Decodes an OK on a connection where `capabilities` are in force.
[[nodiscard]] Result<OkPacket> decode_ok(ByteView payload, Capabilities capabilities);

/// What a server refused, as an error: `denied` for 1045, `unavailable` for anything else.
[[nodiscard]] Error server_error(const ErrPacket& err);

}  // namespace donord
