#include "binlog/xid.hpp"

#include <charconv>
#include <fmt/format.h>

#include "base/cursor.hpp"

namespace donord::binlog {

namespace {

constexpr std::string_view kInternalPrefix = "MySQLXid";
constexpr std::size_t kInternalBytes = 24;
constexpr std::size_t kInternalNumberOffset = 16;

/// X'...' at the start of `text`, which it is taken off.
std::optional<std::string> take_hex(std::string_view& text) {
  if (!text.starts_with("X'")) return std::nullopt;
  text.remove_prefix(2);
  const std::size_t end = text.find('\'');
  if (end == std::string_view::npos || end % 2 != 0 || end / 2 > kMaxXidPartBytes) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < end; i += 2) {
    std::uint8_t byte = 0;
    const char* const pair = text.data() + i;
    if (std::from_chars(pair, pair + 2, byte, 16).ptr != pair + 2) return std::nullopt;
    bytes.push_back(static_cast<char>(byte));
  }
  text.remove_prefix(end + 1);
  return bytes;
}

bool take_comma(std::string_view& text) {
  if (!text.starts_with(',')) return false;
  text.remove_prefix(1);
  return true;
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const std::uint8_t byte : as_bytes(bytes)) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace

std::optional<std::uint64_t> Xid::internal_number() const {
  if (gtrid.size() != kInternalBytes || !bqual.empty() || !gtrid.starts_with(kInternalPrefix)) return std::nullopt;
  const std::uint64_t number = load_le<8>(as_bytes(gtrid).data() + kInternalNumberOffset);
  return number == 0 ? std::nullopt : std::optional{number};
}

Result<Xid> parse_xid(std::string_view text) {
  const Error malformed{Errc::malformed, fmt::format("\"{}\" is no XID", text.substr(0, 300))};
  std::optional<std::string> gtrid = take_hex(text);
  if (!gtrid || !take_comma(text)) return malformed;
  std::optional<std::string> bqual = take_hex(text);
  if (!bqual || !take_comma(text)) return malformed;
  std::uint32_t format_id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), format_id);
  if (error != std::errc{}) return malformed;
  return Xid{format_id, std::move(*gtrid), std::move(*bqual)};
}

std::string to_text(const Xid& xid) {
  return fmt::format("X'{}',X'{}',{}", hex(xid.gtrid), hex(xid.bqual), xid.format_id);
}

Result<XaPrepare> decode_xa_prepare(ByteView body) {
  Cursor in{body};
  XaPrepare prepare{.one_phase = in.le<1>("one_phase") != 0};
  prepare.xid.format_id = static_cast<std::uint32_t>(in.le<4>("format_id"));
  const auto gtrid_bytes = static_cast<std::size_t>(in.le<4>("gtrid_bytes"));
  const auto bqual_bytes = static_cast<std::size_t>(in.le<4>("bqual_bytes"));
  if (gtrid_bytes > kMaxXidPartBytes || bqual_bytes > kMaxXidPartBytes)
    in.fail(Errc::malformed, "xid", fmt::format("parts of {} and {} bytes", gtrid_bytes, bqual_bytes));
  prepare.xid.gtrid = as_text(in.take("gtrid", gtrid_bytes));
  prepare.xid.bqual = as_text(in.take("bqual", bqual_bytes));
  if (in.failed()) return in.finish().error().within("XA_PREPARE event");
  return prepare;
}

}  // namespace donord::binlog
