#include "protocol/result_set.hpp"

#include <cassert>

#include "protocol/generic_response.hpp"
#include "protocol/packet.hpp"

namespace donord {

namespace {

constexpr std::uint8_t kNull = 0xFB;

Bytes column_count(std::size_t count) {
  Encoder out;
  out.lenenc("column_count", count);
  return out.take();
}

}  // namespace

ColumnDefinition41 text_column(std::string name) {
  ColumnDefinition41 column;
  column.name = std::move(name);
  column.length_bytes = 1024;
  return column;
}

ColumnDefinition41 number_column(std::string name) {
  ColumnDefinition41 column;
  column.name = std::move(name);
  column.charset = kCharsetBinary;
  column.length_bytes = 20;
  column.type = ColumnType::longlong;
  column.flags = {ColumnFlag::binary};
  return column;
}

std::vector<Bytes> encode_result_set(const TextResultSet& result, Capabilities effective, StatusFlags status,
                                     std::uint16_t warnings) {
  const bool deprecate_eof = effective.has(Capability::deprecate_eof);
  const Bytes eof = encode(EofPacket{warnings, status});
  std::vector<Bytes> payloads;
  payloads.reserve(result.columns.size() + result.rows.size() + 3);
  payloads.push_back(column_count(result.columns.size()));
  for (const ColumnDefinition41& column : result.columns) payloads.push_back(encode(column));
  if (!deprecate_eof) payloads.push_back(eof);
  for (const TextRow& row : result.rows) {
    assert(row.size() == result.columns.size());
    payloads.push_back(encode_row(row));
  }
  if (deprecate_eof) {
    OkPacket ok;
    ok.capabilities = effective;
    ok.marker = OkPacket::Marker::end_of_rows;
    ok.status = status;
    ok.warnings = warnings;
    payloads.push_back(encode(ok));
  } else {
    payloads.push_back(eof);
  }
  return payloads;
}

Bytes encode_row(const TextRow& row) {
  Encoder out;
  for (const TextValue& value : row) {
    if (value)
      out.lenenc_text("value", *value);
    else
      out.constant("null", kNull);
  }
  return out.take();
}

Result<TextRow> decode_row(ByteView payload, std::size_t columns) {
  Cursor in{payload};
  TextRow row;
  for (std::size_t i = 0; i < columns && !in.failed(); ++i) {
    if (payload.size() > in.position() && payload[in.position()] == kNull) {
      in.take("null", 1);
      row.emplace_back();
      continue;
    }
    const std::uint64_t length = in.lenenc("value");
    row.emplace_back(as_text(in.take("value", length)));
  }
  if (const Result<> done = in.finish(); !done) return done.error().within("TextRow");
  return row;
}

Result<bool> ResultSetReader::on_packet(ByteView payload) {
  assert(state_ != State::finished);
  if (payload.size() > left_bytes_)
    return Error{Errc::unavailable, "the result set is larger than what is accepted here"};
  left_bytes_ -= payload.size();
  if (is_err(payload)) {
    const Result<ErrPacket> err = decode<ErrPacket>(payload);
    return err ? server_error(*err) : err.error();
  }

  Result<> done;
  switch (state_) {
    case State::column_count:
      done = on_column_count(payload);
      break;
    case State::columns:
      done = on_column(payload);
      break;
    case State::columns_end:
      if (const Result<EofPacket> eof = decode<EofPacket>(payload); !eof) return eof.error();
      state_ = State::rows;
      break;
    case State::rows:
      done = on_row(payload);
      break;
    case State::finished:
      break;
  }
  if (!done) return done.error();
  return state_ == State::finished;
}

Result<> ResultSetReader::on_column_count(ByteView payload) {
  if (is_ok(payload)) {
    state_ = State::finished;
    return {};
  }
  Cursor in{payload};
  const std::uint64_t count = in.lenenc("column_count");
  if (const Result<> done = in.finish(); !done) return done.error();
  if (count > kMaxColumns) return Error{Errc::malformed, fmt::format("a result set of {} columns", count)};
  column_count_ = static_cast<std::size_t>(count);
  state_ = State::columns;
  return {};
}

Result<> ResultSetReader::on_column(ByteView payload) {
  Result<ColumnDefinition41> column = decode<ColumnDefinition41>(payload);
  if (!column) return column.error();
  result_.columns.push_back(std::move(*column));
  if (result_.columns.size() == column_count_)
    state_ = effective_.has(Capability::deprecate_eof) ? State::rows : State::columns_end;
  return {};
}

Result<> ResultSetReader::on_row(ByteView payload) {
  if (ends_rows(payload)) {
    state_ = State::finished;
    return {};
  }
  Result<TextRow> row = decode_row(payload, column_count_);
  if (!row) return row.error();
  result_.rows.push_back(std::move(*row));
  return {};
}

bool ResultSetReader::ends_rows(ByteView payload) const {
  // A row may start with 0xFE as well: then a value of 16 MiB or more follows, behind an 8-byte length.
  if (payload.empty() || payload.front() != EofPacket::kMarker) return false;
  return effective_.has(Capability::deprecate_eof) ? payload.size() < kMaxFragmentBytes
                                                   : payload.size() == EofPacket::kSize;
}

}  // namespace donord
