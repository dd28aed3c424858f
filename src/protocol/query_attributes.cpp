#include "protocol/query_attributes.hpp"

namespace donord {

namespace {

enum class Shape { fixed, counted_by_byte, string, unknown };

struct ValueShape {
  Shape shape = Shape::unknown;
  std::size_t size = 0;  // of a fixed one
};

// Source: MySQL manual, "Binary Protocol Value".
ValueShape shape_of(BinaryType type) {
  switch (type.value & 0x7FFF) {
    case 1:  // TINY
      return {Shape::fixed, 1};
    case 2:   // SHORT
    case 13:  // YEAR
      return {Shape::fixed, 2};
    case 3:  // LONG
    case 4:  // FLOAT
    case 9:  // INT24
      return {Shape::fixed, 4};
    case 5:  // DOUBLE
    case 8:  // LONGLONG
      return {Shape::fixed, 8};
    case 6:  // NULL
      return {Shape::fixed, 0};
    case 7:   // TIMESTAMP
    case 10:  // DATE
    case 11:  // TIME
    case 12:  // DATETIME
      return {Shape::counted_by_byte, 0};
    case 0:    // DECIMAL
    case 15:   // VARCHAR
    case 16:   // BIT
    case 245:  // JSON
    case 246:  // NEWDECIMAL
    case 247:  // ENUM
    case 248:  // SET
    case 249:  // TINY_BLOB
    case 250:  // MEDIUM_BLOB
    case 251:  // LONG_BLOB
    case 252:  // BLOB
    case 253:  // VAR_STRING
    case 254:  // STRING
    case 255:  // GEOMETRY
      return {Shape::string, 0};
    default:
      return {};
  }
}

void decode_value(Decoder& in, QueryAttribute& attribute) {
  const ValueShape value = shape_of(attribute.type);
  switch (value.shape) {
    case Shape::fixed:
      in.text("attribute_value", value.size, attribute.value);
      break;
    case Shape::counted_by_byte: {
      std::uint8_t count = 0;
      in.u8("attribute_value_length", count);
      in.text("attribute_value", count, attribute.value);
      break;
    }
    case Shape::string:
      in.lenenc_text("attribute_value", attribute.value);
      break;
    case Shape::unknown:
      in.fail("attribute_type", fmt::format("type {} is not known", attribute.type.value));
      break;
  }
}

void encode_value(Encoder& out, const QueryAttribute& attribute) {
  const ValueShape value = shape_of(attribute.type);
  if (value.shape == Shape::string) {
    out.lenenc_text("attribute_value", attribute.value);
    return;
  }
  if (value.shape == Shape::counted_by_byte) out.u8("attribute_value_length", attribute.value.size());
  out.text("attribute_value", attribute.value.size(), attribute.value);
}

constexpr std::size_t bitmap_bytes(std::size_t attributes) {
  return (attributes + 7) / 8;
}

}  // namespace

void decode_query_attributes(Decoder& in, std::vector<QueryAttribute>& attributes) {
  std::uint64_t count = 0;
  std::uint64_t sets = 0;
  in.lenenc("attribute_count", count);
  in.lenenc("attribute_sets", sets);
  if (in.ok() && sets != 1) in.fail("attribute_sets", fmt::format("expected 1, found {}", sets));
  if (in.ok() && count > kMaxQueryAttributes) in.fail("attribute_count", fmt::format("{} are too many", count));
  if (!in.ok() || count == 0) return;

  Bytes nulls;
  in.bytes("attribute_nulls", bitmap_bytes(count), nulls);
  in.constant("attribute_types_follow", 1);
  for (std::uint64_t i = 0; in.ok() && i < count; ++i) {
    QueryAttribute& attribute = attributes.emplace_back();
    in.u16le("attribute_type", attribute.type.value);
    in.lenenc_text("attribute_name", attribute.name);
    attribute.null = (nulls[i / 8] >> (i % 8) & 1) != 0;
  }
  for (QueryAttribute& attribute : attributes)
    if (in.ok() && !attribute.null) decode_value(in, attribute);
}

void encode_query_attributes(Encoder& out, const std::vector<QueryAttribute>& attributes) {
  out.lenenc("attribute_count", attributes.size());
  out.lenenc("attribute_sets", 1U);
  if (attributes.empty()) return;

  Bytes nulls(bitmap_bytes(attributes.size()));
  for (std::size_t i = 0; i < attributes.size(); ++i)
    if (attributes[i].null) nulls[i / 8] = static_cast<std::uint8_t>(nulls[i / 8] | 1U << (i % 8));
  out.bytes("attribute_nulls", nulls.size(), nulls);
  out.constant("attribute_types_follow", 1);
  for (const QueryAttribute& attribute : attributes) {
    out.u16le("attribute_type", attribute.type.value);
    out.lenenc_text("attribute_name", attribute.name);
  }
  for (const QueryAttribute& attribute : attributes)
    if (!attribute.null) encode_value(out, attribute);
}

}  // namespace donord
