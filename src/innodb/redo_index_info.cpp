#include "innodb/redo_index_info.hpp"

namespace donord::innodb {

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kCompact = 1;
constexpr std::uint8_t kRowVersions = 2;
constexpr std::uint8_t kInstant = 4;
constexpr std::uint16_t kWasAdded = 0x8000;
constexpr std::uint16_t kWasDropped = 0x4000;
constexpr std::uint16_t kPositionBits = 0x3FFF;

void skip_versioned_fields(RedoCursor& cursor, std::uint32_t fields) {
  const std::uint32_t count = cursor.u2();
  cursor.require(count <= fields, "an index has more fields with versions than fields");
  for (std::uint32_t i = 0; i < count && cursor.good(); ++i) {
    cursor.require(cursor.u2() < fields, "a field with versions is not one of its index");
    const std::uint16_t physical = cursor.u2();
    cursor.require((physical & kPositionBits) < fields, "a field with versions has no place in the row");
    cursor.skip(((physical & kWasAdded) != 0 ? 1U : 0U) + ((physical & kWasDropped) != 0 ? 1U : 0U));
  }
}

}  // namespace

void skip_index_info(RedoCursor& cursor) {
  const std::uint8_t version = cursor.u1();
  const std::uint8_t flags = cursor.u1();
  if (!cursor.good()) return;
  cursor.require(version == kVersion, "the description of its index has an unknown version");
  cursor.require(flags <= (kCompact | kRowVersions | kInstant), "the description of its index has unknown flags");
  const bool compact = (flags & kCompact) != 0;
  const bool row_versions = (flags & kRowVersions) != 0;
  if (!compact && !row_versions) return;

  const std::uint32_t fields = cursor.u2();
  cursor.require(fields <= kMaxIndexFields, "its index has too many fields");
  if (compact) {
    if ((flags & kInstant) != 0) cursor.require(cursor.u2() <= fields, "its index has more old fields than fields");
    cursor.require(cursor.u2() <= fields, "its index has more identifying fields than fields");
    cursor.skip(std::size_t{2} * fields);
  }
  if (row_versions) skip_versioned_fields(cursor, fields);
}

}  // namespace donord::innodb
