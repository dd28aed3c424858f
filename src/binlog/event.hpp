#pragma once

// Events, which is all that a binary log file consists of: their common header, and the first one of a file, which says
// how the others look. Everything is little-endian.
//
// Source: docs/binary-log.md.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace donord::binlog {

/// What a file begins with.
inline constexpr std::array<std::uint8_t, 4> kMagic{0xFE, 'b', 'i', 'n'};
/// The same under binlog_encryption.
inline constexpr std::array<std::uint8_t, 4> kEncryptedMagic{0xFD, 'b', 'i', 'n'};

inline constexpr std::size_t kEventHeaderBytes = 19;
inline constexpr std::size_t kChecksumBytes = 4;

/// The types that say something about transactions; there are many others.
enum class EventType : std::uint8_t {
  query = 2,
  stop = 3,
  rotate = 4,
  format_description = 15,
  xid = 16,
  gtid = 33,
  anonymous_gtid = 34,
  previous_gtids = 35,
  xa_prepare = 38,
  transaction_payload = 40,
  gtid_tagged = 42,
};

/// Of a format description event: no server has closed the file. It does not count for the checksum.
inline constexpr std::uint16_t kInUseFlag = 1;
inline constexpr std::size_t kEventFlagsOffset = 17;

/// 19 bytes.
///
///   offset size
///        0    4  time, seconds since 1970
///        4    1  type
///        5    4  server id
///        9    4  size of the event in bytes, header and checksum included
///       13    4  where the event ends in its file, modulo 2^32; meaningless inside of a TRANSACTION_PAYLOAD
///       17    2  flags
struct EventHeader {
  static constexpr std::string_view kName = "EventHeader";

  std::uint32_t time = 0;
  EventType type = EventType::query;
  std::uint32_t server_id = 0;
  std::uint32_t size_bytes = 0;
  std::uint32_t end_position = 0;
  std::uint16_t flags = 0;

  bool operator==(const EventHeader&) const = default;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.u32le("time", m.time);
    io.u8("type", m.type);
    io.u32le("server_id", m.server_id);
    io.u32le("size_bytes", m.size_bytes);
    io.u32le("end_position", m.end_position);
    io.u16le("flags", m.flags);
  }
};

enum class Checksum : std::uint8_t { none = 0, crc32 = 1 };

/// The body of a FORMAT_DESCRIPTION event.
///
///   size
///      2  version of the format: 4
///     50  version of the server, padded with zeros
///      4  time
///      1  size of a header: 19
///         sizes of the fixed parts of the types from 1 on, a byte each
///      1  checksum algorithm of all following events: 0 none, 1 crc32
///      4  checksum, whatever the algorithm
struct FormatDescription {
  std::string server_version;
  Checksum checksum = Checksum::none;

  [[nodiscard]] std::size_t checksum_bytes() const { return checksum == Checksum::crc32 ? kChecksumBytes : 0; }
};

/// `body` is what follows the header, the checksum included. `Errc::unsupported_version` for another format than 4, or
/// an unknown algorithm.
[[nodiscard]] Result<FormatDescription> decode_format_description(ByteView body);

/// The checksum of an event, by parts: zlib's CRC-32, 0 to begin with.
[[nodiscard]] std::uint32_t event_checksum(std::uint32_t so_far, ByteView bytes);

}  // namespace donord::binlog
