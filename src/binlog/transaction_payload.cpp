#include "binlog/transaction_payload.hpp"

#include <algorithm>
#include <memory>
#include <zstd.h>

#include "base/codec.hpp"

namespace donord::binlog {

namespace {

constexpr std::size_t kMaxFieldsBytes = 256;  // three fields of at most 19 bytes; a newer server may have more
constexpr std::size_t kReadBytes = std::size_t{1} << 20;

enum class Compression : std::uint8_t { zstd = 0, none = 255 };
enum class Field : std::uint8_t { end = 0, payload_bytes = 1, compression = 2, plain_bytes = 3 };

struct PayloadFields {
  std::uint64_t payload_bytes = 0;
  std::uint64_t compression = static_cast<std::uint64_t>(Compression::none);
  std::uint64_t plain_bytes = 0;
  std::size_t fields_bytes = 0;
};

Error malformed(std::string_view what) {
  return Error{Errc::malformed, fmt::format("TRANSACTION_PAYLOAD event: {}", what)};
}

Result<PayloadFields> decode_fields(ByteView body) {
  Cursor in{body};
  PayloadFields fields;
  for (;;) {
    const std::uint64_t type = in.lenenc("type");
    if (in.failed() || type == static_cast<std::uint64_t>(Field::end)) break;
    const std::uint64_t value_bytes = in.lenenc("length");
    const std::size_t begin = in.position();
    if (type == static_cast<std::uint64_t>(Field::payload_bytes))
      fields.payload_bytes = in.lenenc("payload_bytes");
    else if (type == static_cast<std::uint64_t>(Field::compression))
      fields.compression = in.lenenc("compression");
    else if (type == static_cast<std::uint64_t>(Field::plain_bytes))
      fields.plain_bytes = in.lenenc("plain_bytes");
    else
      in.take("value", value_bytes);
    if (!in.failed() && in.position() - begin != value_bytes) in.fail(Errc::malformed, "length", "it is another");
  }
  if (in.failed()) return in.finish().error().within("TRANSACTION_PAYLOAD event");
  fields.fields_bytes = in.position();
  return fields;
}

/// Cuts what is poured into it into events.
class EventCutter {
 public:
  EventCutter(std::uint64_t plain_bytes, std::size_t body_limit_bytes, const PayloadVisitor& visitor)
      : left_bytes_(plain_bytes), body_limit_bytes_(body_limit_bytes), visitor_(visitor) {}

  Result<> pour(ByteView bytes) {
    if (bytes.size() > left_bytes_) return malformed("there is more in it than it says");
    left_bytes_ -= bytes.size();
    while (!bytes.empty()) {
      const std::uint64_t whole = header_ ? header_->size_bytes : kEventHeaderBytes;
      const ByteView part = bytes.first(std::min<std::uint64_t>(bytes.size(), whole - seen_bytes_));
      keep(part);
      seen_bytes_ += part.size();
      bytes = bytes.subspan(part.size());
      if (Result<> done = advance(); !done) return done;
    }
    return {};
  }

  /// All was poured, and nothing is left of the last event.
  [[nodiscard]] bool finished() const { return left_bytes_ == 0 && seen_bytes_ == 0; }

 private:
  void keep(ByteView part) {
    const std::size_t limit = kEventHeaderBytes + body_limit_bytes_;
    const std::size_t room = limit - std::min(kept_.size(), limit);
    append(kept_, part.first(std::min(part.size(), room)));
  }

  Result<> advance() {
    if (!header_ && seen_bytes_ == kEventHeaderBytes) {
      Decoder in{kept_};
      EventHeader::layout(in, header_.emplace());
      if (header_->size_bytes < kEventHeaderBytes) return malformed("an event in it that is shorter than its header");
    }
    if (!header_ || seen_bytes_ < header_->size_bytes) return {};
    Result<> visited = visitor_(*header_, ByteView{kept_}.subspan(kEventHeaderBytes));
    header_.reset();
    kept_.clear();
    seen_bytes_ = 0;
    return visited;
  }

  std::uint64_t left_bytes_;
  const std::size_t body_limit_bytes_;
  const PayloadVisitor& visitor_;
  std::optional<EventHeader> header_;
  Bytes kept_;
  std::uint64_t seen_bytes_ = 0;  // of the current event
};

struct FreeStream {
  void operator()(ZSTD_DStream* stream) const { ::ZSTD_freeDStream(stream); }
};

class Decompressor {
 public:
  explicit Decompressor(EventCutter& cutter)
      : stream_(::ZSTD_createDStream()), plain_(::ZSTD_DStreamOutSize()), cutter_(cutter) {
    if (stream_ == nullptr) throw std::bad_alloc{};
  }

  Result<> pour(ByteView compressed) {
    ZSTD_inBuffer in{compressed.data(), compressed.size(), 0};
    bool more = false;  // the output was full, so that something may be left inside
    while (in.pos < in.size || more) {
      ZSTD_outBuffer out{plain_.data(), plain_.size(), 0};
      left_ = ::ZSTD_decompressStream(stream_.get(), &out, &in);
      if (::ZSTD_isError(left_) != 0) return malformed(::ZSTD_getErrorName(left_));
      if (Result<> poured = cutter_.pour(ByteView{plain_}.first(out.pos)); !poured) return poured;
      more = out.pos == out.size && left_ != 0;
    }
    return {};
  }

  [[nodiscard]] bool finished() const { return left_ == 0; }

 private:
  std::unique_ptr<ZSTD_DStream, FreeStream> stream_;
  Bytes plain_;
  EventCutter& cutter_;
  std::size_t left_ = 0;
};

}  // namespace

Result<> visit_payload(const LogWalk& log, const Event& event, std::size_t body_limit_bytes,
                       const PayloadVisitor& visitor) {
  const Result<Bytes> start = log.body(event, kMaxFieldsBytes);
  if (!start) return start.error();
  const Result<PayloadFields> fields = decode_fields(*start);
  if (!fields) return fields.error();
  if (fields->payload_bytes != event.body_bytes - fields->fields_bytes) return malformed("its size is not the event's");
  const bool plain = fields->compression == static_cast<std::uint64_t>(Compression::none);
  if (!plain && fields->compression != static_cast<std::uint64_t>(Compression::zstd))
    return Error{Errc::unsupported_version,
                 fmt::format("TRANSACTION_PAYLOAD event with compression {}", fields->compression)};

  EventCutter cutter{plain ? fields->payload_bytes : fields->plain_bytes, body_limit_bytes, visitor};
  Decompressor decompressor{cutter};
  Bytes part;
  const std::uint64_t end = event.body_offset() + event.body_bytes;
  for (std::uint64_t at = event.body_offset() + fields->fields_bytes; at < end; at += part.size()) {
    part.resize(std::min<std::uint64_t>(kReadBytes, end - at));
    if (Result<> read = log.read(at, part); !read) return read;
    if (Result<> poured = plain ? cutter.pour(part) : decompressor.pour(part); !poured) return poured;
  }
  if (!decompressor.finished() || !cutter.finished()) return malformed("there is less in it than it says");
  return {};
}

}  // namespace donord::binlog
