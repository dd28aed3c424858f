#include "binlog/event.hpp"

#include <libdeflate.h>

#include "base/cursor.hpp"

namespace donord::binlog {

namespace {

constexpr std::size_t kServerVersionBytes = 50;
constexpr std::uint16_t kFormatVersion = 4;

}  // namespace

Result<FormatDescription> decode_format_description(ByteView body) {
  Cursor in{body};
  const auto version = static_cast<std::uint16_t>(in.le<2>("version"));
  const ByteView server = in.take("server_version", kServerVersionBytes);
  in.take("time", 4);
  const auto header_bytes = static_cast<std::uint8_t>(in.le<1>("header_bytes"));
  if (in.remaining() < 1 + kChecksumBytes) in.fail(Errc::truncated, "checksum", "no algorithm");
  if (in.failed()) return in.finish().error().within("FORMAT_DESCRIPTION event");
  if (version != kFormatVersion || header_bytes != kEventHeaderBytes)
    return Error{Errc::unsupported_version,
                 fmt::format("binary log format {} with event headers of {} bytes", version, header_bytes)};
  FormatDescription format;
  format.server_version =
      as_text(server.first(static_cast<std::size_t>(std::ranges::find(server, std::uint8_t{0}) - server.begin())));
  const std::uint8_t algorithm = body[body.size() - kChecksumBytes - 1];
  if (algorithm > static_cast<std::uint8_t>(Checksum::crc32))
    return Error{Errc::unsupported_version, fmt::format("binary log with checksum algorithm {}", algorithm)};
  format.checksum = static_cast<Checksum>(algorithm);
  return format;
}

std::uint32_t event_checksum(std::uint32_t so_far, ByteView bytes) {
  return ::libdeflate_crc32(so_far, bytes.data(), bytes.size());
}

}  // namespace donord::binlog
