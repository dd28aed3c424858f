#include "binlog/commit_time.hpp"

#include "base/cursor.hpp"
#include "base/endian.hpp"
#include "binlog/gtid.hpp"
#include "binlog/varint.hpp"

namespace donord::binlog {

namespace {

constexpr std::size_t kTimeOffset = 42;
constexpr std::size_t kTimeBytes = 7;
constexpr std::uint64_t kOriginalFollows = std::uint64_t{1} << 55;

enum class Field : std::uint8_t { uuid = 1, tag = 3, time = 6 };

/// All fields before the time are integers but these two.
void skip_field(Cursor& in, Field field) {
  const std::uint64_t first = read_varint(in, "field");
  if (field == Field::tag) in.take("tag", first);
  if (field != Field::uuid) return;
  for (std::size_t i = 1; i < Uuid{}.size(); ++i) (void)read_varint(in, "uuid");
}

std::optional<std::int64_t> time_of_tagged(ByteView body) {
  Cursor in{body};
  for (const std::string_view head : {"version", "size", "last_needed_field"}) (void)read_varint(in, head);
  while (!in.failed()) {
    const std::uint64_t field = read_varint(in, "field");
    if (in.failed() || field > static_cast<std::uint64_t>(Field::time)) break;
    if (static_cast<Field>(field) != Field::time) {
      skip_field(in, static_cast<Field>(field));
      continue;
    }
    const std::uint64_t time = read_varint(in, "time");
    if (in.failed() || time >= kOriginalFollows) break;
    return static_cast<std::int64_t>(time);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> commit_time_of(EventType type, ByteView body) {
  if (type == EventType::gtid_tagged) return time_of_tagged(body);
  if (type != EventType::gtid && type != EventType::anonymous_gtid) return std::nullopt;
  if (body.size() < kTimeOffset + kTimeBytes) return std::nullopt;
  return static_cast<std::int64_t>(load_le<kTimeBytes>(body.data() + kTimeOffset) & ~kOriginalFollows);
}

}  // namespace donord::binlog
