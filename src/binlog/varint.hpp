#pragma once

// Integers of MySQL's serialization format, 1 to 9 bytes, little-endian. As many low bits of the first byte are set as
// bytes follow; the value is in the bits above them. A signed number n is 2n, or 2(-n-1)+1 when it is negative.
//
// Source: docs/binary-log.md, "GTIDs".

#include <cstdint>
#include <string_view>

#include "base/cursor.hpp"

namespace donord::binlog {

[[nodiscard]] std::uint64_t read_varint(Cursor& in, std::string_view field);
[[nodiscard]] std::int64_t read_signed_varint(Cursor& in, std::string_view field);

void append_varint(Bytes& to, std::uint64_t value);
void append_signed_varint(Bytes& to, std::int64_t value);

}  // namespace donord::binlog
