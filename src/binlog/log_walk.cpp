#include "binlog/log_walk.hpp"

#include <algorithm>

#include "base/codec.hpp"

namespace donord::binlog {

namespace {

constexpr std::size_t kWindowBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxFormatDescriptionBytes = 1024;
/// A group commit writes less at once.
constexpr std::uint64_t kLookAheadBytes = std::uint64_t{256} << 20;
constexpr std::uint8_t kHighestType = 63;  // there are some 42

EventHeader decode_header(ByteView bytes) {
  Decoder in{bytes.first(kEventHeaderBytes)};
  EventHeader header;
  EventHeader::layout(in, header);
  return header;
}

}  // namespace

Result<LogWalk> LogWalk::open(ByteSource source) {
  LogWalk walk{std::move(source)};
  constexpr std::size_t kStartBytes = kMagic.size() + kEventHeaderBytes;
  if (walk.source_.size_bytes < kStartBytes)
    return Error{Errc::malformed,
                 fmt::format("it has {} bytes, which is less than a binary log begins with", walk.source_.size_bytes)};
  const Result<ByteView> start = walk.view(0, kStartBytes);
  if (!start) return start.error();
  if (std::ranges::equal(start->first(kMagic.size()), kEncryptedMagic))
    return Error{Errc::unsupported_version, "it is encrypted (binlog_encryption)"};
  if (!std::ranges::equal(start->first(kMagic.size()), kMagic)) return Error{Errc::malformed, "it is no binary log"};

  const EventHeader header = decode_header(start->subspan(kMagic.size()));
  if (header.type != EventType::format_description || header.size_bytes < kEventHeaderBytes ||
      header.size_bytes > kMaxFormatDescriptionBytes || header.size_bytes > walk.source_.size_bytes - kMagic.size())
    return Error{Errc::malformed, "it does not begin with a format description"};
  const Result<ByteView> event = walk.view(kMagic.size(), header.size_bytes);
  if (!event) return event.error();
  Result<FormatDescription> format = decode_format_description(event->subspan(kEventHeaderBytes));
  if (!format) return format.error();
  walk.format_ = std::move(*format);
  const Event first{header, kMagic.size(), header.size_bytes - kEventHeaderBytes - walk.format_.checksum_bytes()};
  const Result<bool> fits = walk.checksum_fits(first);
  if (!fits) return fits.error();
  if (!*fits) return Error{Errc::checksum, "the checksum of its format description is wrong"};
  walk.position_ = kMagic.size() + header.size_bytes;
  return walk;
}

Result<std::optional<Event>> LogWalk::next() {
  Result<std::optional<Event>> event = whole_event_at(position_);
  if (!event) return event;
  if (*event) {
    position_ += (*event)->header.size_bytes;
    return event;
  }
  if (position_ == source_.size_bytes) return event;
  const Result<std::optional<std::uint64_t>> behind = find_event_behind(position_);
  if (!behind) return behind.error();
  if (*behind)
    return Error{Errc::checksum,
                 fmt::format("it is damaged at position {}: it goes on behind it, at {}", position_, **behind)};
  return event;
}

Result<Bytes> LogWalk::body(const Event& event, std::size_t limit_bytes) const {
  Bytes bytes(std::min<std::uint64_t>(event.body_bytes, limit_bytes));
  if (Result<> read = source_.read(event.body_offset(), bytes); !read) return read.error();
  return bytes;
}

Result<ByteView> LogWalk::view(std::uint64_t offset, std::size_t count) {
  if (offset < window_offset_ || offset + count > window_offset_ + window_.size()) {
    window_.resize(std::min<std::uint64_t>(kWindowBytes, source_.size_bytes - offset));
    window_offset_ = offset;
    if (Result<> read = source_.read(offset, window_); !read) {
      window_.clear();
      return read.error();
    }
  }
  return ByteView{window_}.subspan(offset - window_offset_, count);
}

Result<std::optional<Event>> LogWalk::whole_event_at(std::uint64_t offset) {
  const std::uint64_t left = source_.size_bytes - offset;
  const std::size_t least = kEventHeaderBytes + format_.checksum_bytes();
  if (left < least) return std::optional<Event>{};
  const Result<ByteView> start = view(offset, kEventHeaderBytes);
  if (!start) return start.error();
  const EventHeader header = decode_header(*start);
  if (header.size_bytes < least || header.size_bytes > left) return std::optional<Event>{};
  const Event event{header, offset, header.size_bytes - least};
  const Result<bool> fits = checksum_fits(event);
  if (!fits) return fits.error();
  return *fits ? std::optional{event} : std::nullopt;
}

Result<bool> LogWalk::checksum_fits(const Event& event) {
  if (format_.checksum == Checksum::none) return true;
  std::uint32_t sum = 0;
  const std::uint64_t end = event.offset + event.header.size_bytes - kChecksumBytes;
  for (std::uint64_t at = event.offset; at < end;) {
    const Result<ByteView> part = view(at, std::min<std::uint64_t>(end - at, kWindowBytes));
    if (!part) return part.error();
    if (at == event.offset && event.header.type == EventType::format_description) {
      Bytes start{part->begin(), part->end()};
      store_le<2>(start.data() + kEventFlagsOffset, event.header.flags & ~kInUseFlag);
      sum = event_checksum(sum, start);
    } else {
      sum = event_checksum(sum, *part);
    }
    at += part->size();
  }
  const Result<ByteView> stored = view(end, kChecksumBytes);
  if (!stored) return stored.error();
  return load_le<kChecksumBytes>(stored->data()) == sum;
}

/// An event says where it ends, so that one is found wherever it begins.
Result<std::optional<std::uint64_t>> LogWalk::find_event_behind(std::uint64_t offset) {
  const std::uint64_t stop = std::min(
      source_.size_bytes - std::min<std::uint64_t>(source_.size_bytes, kEventHeaderBytes), offset + kLookAheadBytes);
  for (std::uint64_t at = offset + 1; at <= stop; ++at) {
    const Result<ByteView> start = view(at, kEventHeaderBytes);
    if (!start) return start.error();
    const EventHeader header = decode_header(*start);
    const bool possible = header.size_bytes >= kEventHeaderBytes &&
                          header.end_position == static_cast<std::uint32_t>(at + header.size_bytes) &&
                          static_cast<std::uint8_t>(header.type) <= kHighestType;
    if (!possible) continue;
    const Result<std::optional<Event>> event = whole_event_at(at);
    if (!event) return event.error();
    if (*event) return std::optional{at};
  }
  return std::optional<std::uint64_t>{};
}

}  // namespace donord::binlog
