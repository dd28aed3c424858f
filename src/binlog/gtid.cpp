#include "binlog/gtid.hpp"

#include <algorithm>

#include "base/cursor.hpp"
#include "binlog/varint.hpp"

namespace donord::binlog {

namespace {

constexpr std::size_t kMaxTagBytes = 32;
constexpr std::uint64_t kSerializationVersion = 1;
enum class Field : std::uint8_t { flags = 0, uuid = 1, number = 2, tag = 3 };

bool is_tag_character(std::uint8_t c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

Result<Gtid> checked(Gtid gtid) {
  const bool good = gtid.number > 0 && gtid.number <= kLastGtid && gtid.tag.size() <= kMaxTagBytes &&
                    std::ranges::all_of(as_bytes(gtid.tag), is_tag_character);
  if (!good) return Error{Errc::malformed, "a GTID event without a GTID"};
  return gtid;
}

/// Fields come in the order of their numbers, and may be missing.
void read_field(Cursor& in, Field field, Gtid& gtid) {
  switch (field) {
    case Field::flags:
      (void)read_varint(in, "flags");
      break;
    case Field::uuid:
      for (std::uint8_t& byte : gtid.uuid) byte = static_cast<std::uint8_t>(read_varint(in, "uuid"));
      break;
    case Field::number:
      gtid.number = read_signed_varint(in, "number");
      break;
    case Field::tag: {
      const std::uint64_t length = read_varint(in, "tag");
      if (length > kMaxTagBytes) in.fail(Errc::malformed, "tag", fmt::format("{} bytes", length));
      gtid.tag = as_text(in.take("tag", length));
      break;
    }
  }
}

}  // namespace

std::string to_text(const Uuid& uuid) {
  std::string text;
  for (std::size_t i = 0; i < uuid.size(); ++i)
    text += fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
  return text;
}

std::string to_text(const Gtid& gtid) {
  return fmt::format("{}{}{}:{}", to_text(gtid.uuid), gtid.tag.empty() ? "" : ":", gtid.tag, gtid.number);
}

Result<Gtid> decode_gtid_event(ByteView body) {
  Cursor in{body};
  Gtid gtid;
  in.take("flags", 1);
  const ByteView uuid = in.take("uuid", gtid.uuid.size());
  gtid.number = static_cast<std::int64_t>(in.le<8>("number"));
  if (in.failed()) return in.finish().error().within("GTID event");
  std::ranges::copy(uuid, gtid.uuid.begin());
  return checked(std::move(gtid));
}

Result<Gtid> decode_tagged_gtid_event(ByteView body) {
  Cursor in{body};
  const std::uint64_t version = read_varint(in, "version");
  const std::uint64_t size_bytes = read_varint(in, "size");
  (void)read_varint(in, "last_needed_field");
  if (!in.failed() && version != kSerializationVersion)
    return Error{Errc::unsupported_version, fmt::format("GTID_TAGGED event of version {}", version)};
  Gtid gtid;
  while (!in.failed() && in.position() < std::min<std::uint64_t>(size_bytes, body.size())) {
    const std::uint64_t field = read_varint(in, "field");
    if (field > static_cast<std::uint64_t>(Field::tag)) break;
    read_field(in, static_cast<Field>(field), gtid);
  }
  if (in.failed()) return in.finish().error().within("GTID_TAGGED event");
  return checked(std::move(gtid));
}

PersistedGtid persisted(const Gtid& gtid) {
  if (gtid.tag.empty()) return persisted_text(to_text(gtid));
  Bytes bytes;
  append(bytes, gtid.uuid);
  append_varint(bytes, gtid.tag.size());
  append(bytes, as_bytes(gtid.tag));
  append_signed_varint(bytes, gtid.number);
  PersistedGtid kept{.version = 2};
  std::ranges::copy(bytes, kept.bytes.begin());  // at most 58 bytes
  return kept;
}

PersistedGtid persisted_text(std::string_view text) {
  PersistedGtid kept{.version = 1};
  std::ranges::copy(text, kept.bytes.begin());
  return kept;
}

}  // namespace donord::binlog
