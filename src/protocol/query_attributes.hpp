#pragma once

// Query attributes: names and values that a client attaches to a statement; tracing libraries send them. They stand in
// front of the statement when query_attributes is in force. Source: MySQL manual, "COM_QUERY", "Binary Protocol Value".

#include <cstdint>
#include <string>
#include <vector>

#include "base/codec.hpp"

namespace donord {

/// A column type of the binary protocol (MYSQL_TYPE_*), and in bit 15 whether an integer is unsigned.
struct BinaryType {
  std::uint16_t value = 0;
  bool operator==(const BinaryType&) const = default;
};

inline constexpr BinaryType kBinaryNull{6};
inline constexpr BinaryType kBinaryString{254};

struct QueryAttribute {
  BinaryType type = kBinaryString;
  std::string name;
  bool null = false;
  std::string value;  ///< of a string: its bytes; of another type: the value as it stands on the wire

  bool operator==(const QueryAttribute&) const = default;
};

/// The most attributes accepted in one statement.
inline constexpr std::uint64_t kMaxQueryAttributes = 4096;

/// Reads
///
///   lenenc           number of attributes
///   lenenc           number of sets, always 1
///   (n + 7) / 8      bitmap of the NULL ones, bit 0 of byte 0 first     from here on only with attributes
///   u8               1: types follow
///   n times          u16 LE type, lenenc string name
///   n times          value, absent when NULL
void decode_query_attributes(Decoder& in, std::vector<QueryAttribute>& attributes);
void encode_query_attributes(Encoder& out, const std::vector<QueryAttribute>& attributes);

}  // namespace donord
