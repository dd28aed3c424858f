#pragma once

// Binary logs made event by event, for tests that then damage them.

#include <string_view>
#include <zstd.h>

#include "base/codec.hpp"
#include "binlog/decisions.hpp"
#include "binlog/event.hpp"
#include "binlog/varint.hpp"

namespace donord::testing {

/// Fields of an event's body, in the order in which they are added.
class LogFields {
 public:
  LogFields& u1(std::uint64_t value) { return le<1>(value); }
  LogFields& u2(std::uint64_t value) { return le<2>(value); }
  LogFields& u4(std::uint64_t value) { return le<4>(value); }
  LogFields& u8(std::uint64_t value) { return le<8>(value); }
  LogFields& bytes(ByteView value) {
    append(bytes_, value);
    return *this;
  }
  LogFields& text(std::string_view value) { return bytes(as_bytes(value)); }
  LogFields& filler(std::size_t count) {
    bytes_.resize(bytes_.size() + count);
    return *this;
  }

  operator const Bytes&() const { return bytes_; }  // NOLINT(google-explicit-constructor)

 private:
  template <std::size_t N>
  LogFields& le(std::uint64_t value) {
    bytes_.resize(bytes_.size() + N);
    store_le<N>(bytes_.data() + bytes_.size() - N, value);
    return *this;
  }

  Bytes bytes_;
};

inline Bytes query_body(std::string_view statement, ByteView variables = {}, std::string_view schema = "db") {
  return LogFields{}
      .u4(8)
      .u4(0)
      .u1(schema.size())
      .u2(0)
      .u2(variables.size())
      .bytes(variables)
      .text(schema)
      .u1(0)
      .text(statement);
}

/// What servers put before it, and the XID.
inline Bytes ddl_variables(std::uint64_t xid) {
  return LogFields{}
      .u1(0)
      .u4(0)
      .u1(1)
      .u8(0)
      .u1(6)
      .u1(3)
      .text("std")
      .u1(3)
      .u4(0)
      .u1(4)
      .filler(6)
      .u1(5)
      .u1(6)
      .text("SYSTEM")
      .u1(12)
      .u1(2)
      .text("a")
      .u1(0)
      .text("b")
      .u1(0)
      .u1(13)
      .filler(3)
      .u1(17)
      .u8(xid);
}

/// `committed_us` is the commit time; 0 for an event without one.
inline Bytes gtid_body(const binlog::Gtid& gtid, std::int64_t committed_us = 0) {
  LogFields fields;
  fields.u1(1).bytes(gtid.uuid).u8(static_cast<std::uint64_t>(gtid.number)).u1(2).u8(0).u8(1);
  const auto time = static_cast<std::uint64_t>(committed_us);
  if (committed_us != 0) fields.u4(time).u2(time >> 32).u1(time >> 48);
  return fields;
}

inline binlog::Gtid make_gtid(std::int64_t number, std::string_view tag = {}) {
  binlog::Gtid gtid{.tag = std::string{tag}, .number = number};
  for (std::size_t i = 0; i < gtid.uuid.size(); ++i) gtid.uuid[i] = static_cast<std::uint8_t>(0x11 * i);
  return gtid;
}

inline Bytes tagged_gtid_body(const binlog::Gtid& gtid, std::int64_t committed_us = 0) {
  Bytes fields;
  binlog::append_varint(fields, 0);
  binlog::append_varint(fields, 1);
  binlog::append_varint(fields, 1);
  for (const std::uint8_t byte : gtid.uuid) binlog::append_varint(fields, byte);
  binlog::append_varint(fields, 2);
  binlog::append_signed_varint(fields, gtid.number);
  binlog::append_varint(fields, 3);
  binlog::append_varint(fields, gtid.tag.size());
  append(fields, as_bytes(gtid.tag));
  binlog::append_varint(fields, 4);  // last_committed, which nobody reads
  binlog::append_signed_varint(fields, 7);
  if (committed_us != 0) {
    binlog::append_varint(fields, 6);
    binlog::append_varint(fields, static_cast<std::uint64_t>(committed_us));
  }
  Bytes body;
  binlog::append_varint(body, 1);
  binlog::append_varint(body, fields.size() + 3);
  binlog::append_varint(body, 0);
  append(body, fields);
  return body;
}

inline Bytes xa_prepare_body(const binlog::Xid& xid, bool one_phase = false) {
  return LogFields{}
      .u1(one_phase ? 1 : 0)
      .u4(xid.format_id)
      .u4(xid.gtrid.size())
      .u4(xid.bqual.size())
      .text(xid.gtrid)
      .text(xid.bqual);
}

class BinlogBuilder {
 public:
  explicit BinlogBuilder(binlog::Checksum checksum = binlog::Checksum::crc32) : checksum_(checksum) {
    append(bytes_, binlog::kMagic);
    Bytes version(50);
    std::ranges::copy(std::string_view{"9.7.4"}, version.begin());
    add(binlog::EventType::format_description,
        LogFields{}.u2(4).bytes(version).u4(0).u1(19).filler(42).u1(static_cast<std::uint8_t>(checksum)));
    set_in_use();
  }

  /// Adds an event. Returns where it begins.
  std::size_t add(binlog::EventType type, const Bytes& body) {
    const std::size_t offset = bytes_.size();
    const bool sealed = checksum_ == binlog::Checksum::crc32 || type == binlog::EventType::format_description;
    append(bytes_, event(type, body, sealed ? binlog::kChecksumBytes : 0, offset));
    if (!sealed) return offset;
    const std::uint32_t sum = binlog::event_checksum(0, ByteView{bytes_}.subspan(offset));
    append(bytes_, Bytes(LogFields{}.u4(sum)));
    return offset;
  }

  BinlogBuilder& query(std::string_view statement) {
    add(binlog::EventType::query, query_body(statement));
    return *this;
  }
  BinlogBuilder& gtid(const binlog::Gtid& gtid, std::int64_t committed_us = 0) {
    if (gtid.tag.empty())
      add(binlog::EventType::gtid, gtid_body(gtid, committed_us));
    else
      add(binlog::EventType::gtid_tagged, tagged_gtid_body(gtid, committed_us));
    return *this;
  }
  BinlogBuilder& xid(std::uint64_t number) {
    add(binlog::EventType::xid, LogFields{}.u8(number));
    return *this;
  }
  BinlogBuilder& xa_prepare(const binlog::Xid& xid, bool one_phase = false) {
    add(binlog::EventType::xa_prepare, xa_prepare_body(xid, one_phase));
    return *this;
  }
  /// A transaction with a row event in it, whose type is nobody's business.
  BinlogBuilder& transaction(std::uint64_t number, std::size_t row_bytes = 30) {
    query("BEGIN");
    add(binlog::EventType{30}, Bytes(row_bytes, 0xAB));
    return xid(number);
  }
  BinlogBuilder& ddl(std::uint64_t number) {
    add(binlog::EventType::query, query_body("CREATE TABLE t (id INT)", ddl_variables(number)));
    return *this;
  }

  /// An event as it stands inside of a payload.
  static Bytes event(binlog::EventType type, const Bytes& body, std::size_t checksum_bytes = 0,
                     std::size_t offset = 0) {
    const std::size_t size = binlog::kEventHeaderBytes + body.size() + checksum_bytes;
    Bytes bytes = encode(binlog::EventHeader{.type = type,
                                             .server_id = 1,
                                             .size_bytes = static_cast<std::uint32_t>(size),
                                             .end_position = static_cast<std::uint32_t>(offset + size)});
    append(bytes, body);
    return bytes;
  }

  /// These events, compressed.
  BinlogBuilder& payload(ByteView events) {
    add(binlog::EventType::transaction_payload, payload_body(events));
    return *this;
  }
  static Bytes payload_body(ByteView events) {
    Bytes compressed(::ZSTD_compressBound(events.size()));
    compressed.resize(::ZSTD_compress(compressed.data(), compressed.size(), events.data(), events.size(), 3));
    return LogFields{}.bytes(payload_fields(0, events.size(), compressed.size())).bytes(compressed);
  }
  static Bytes payload_fields(std::uint8_t compression, std::size_t plain_bytes, std::size_t payload_bytes) {
    return LogFields{}
        .u1(2)
        .u1(compression < 251 ? 1 : 3)
        .bytes(compression < 251 ? Bytes{compression} : Bytes{0xFC, compression, 0})
        .u1(3)
        .u1(9)
        .u1(0xFE)
        .u8(plain_bytes)
        .u1(1)
        .u1(9)
        .u1(0xFE)
        .u8(payload_bytes)
        .u1(0);
  }

  /// As long as a server has the file open.
  void set_in_use(bool in_use = true) { bytes_[binlog::kMagic.size() + binlog::kEventFlagsOffset] = in_use ? 1 : 0; }

  [[nodiscard]] const Bytes& bytes() const { return bytes_; }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

 private:
  binlog::Checksum checksum_;
  Bytes bytes_;
};

/// A file that is in memory; `bytes` must outlive it.
inline binlog::ByteSource source_of(ByteView bytes) {
  return {.size_bytes = bytes.size(), .read = [bytes](std::uint64_t offset, MutableBytes into) -> Result<> {
            if (offset > bytes.size() || into.size() > bytes.size() - offset)
              return Error{Errc::truncated, "read behind the end"};
            std::ranges::copy(bytes.subspan(offset, into.size()), into.begin());
            return {};
          }};
}

}  // namespace donord::testing
