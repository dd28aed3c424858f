#pragma once

// Walks the events of a binary log file, as a server does when it starts after a crash. The end of such a file may be
// torn: what is not a whole event with the right checksum ends the walk, as it ends the server's. A server does not
// look further; this walk does: when whole events follow, the file was damaged in the middle, and nobody knows what is
// lost.

#include <cstdint>
#include <functional>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "binlog/event.hpp"

namespace donord::binlog {

/// A file, or what takes its place.
struct ByteSource {
  std::uint64_t size_bytes = 0;
  /// Fills `into`; asked for nothing beyond the size.
  std::function<Result<>(std::uint64_t offset, MutableBytes into)> read;
};

/// Where an event is.
struct Event {
  EventHeader header;
  std::uint64_t offset = 0;
  std::uint64_t body_bytes = 0;  ///< without header and checksum

  [[nodiscard]] std::uint64_t body_offset() const { return offset + kEventHeaderBytes; }
};

class LogWalk {
 public:
  /// Reads magic number and format description. `Errc::unsupported_version` for an encrypted file, `Errc::malformed`
  /// for what is no binary log.
  [[nodiscard]] static Result<LogWalk> open(ByteSource source);

  [[nodiscard]] const FormatDescription& format() const { return format_; }

  /// The next event, the first being the one behind the format description; nothing at the end. `Errc::checksum` names
  /// the place where a file is damaged that goes on behind it.
  [[nodiscard]] Result<std::optional<Event>> next();

  /// The first bytes of an event's body, at most `limit_bytes`.
  [[nodiscard]] Result<Bytes> body(const Event& event, std::size_t limit_bytes) const;
  /// Any bytes of the file, of an event that `next()` gave.
  [[nodiscard]] Result<> read(std::uint64_t offset, MutableBytes into) const { return source_.read(offset, into); }

  /// Behind the last event so far.
  [[nodiscard]] std::uint64_t position() const { return position_; }

 private:
  explicit LogWalk(ByteSource source) : source_(std::move(source)) {}

  /// At most `kWindowBytes`, valid until the next call.
  [[nodiscard]] Result<ByteView> view(std::uint64_t offset, std::size_t count);
  [[nodiscard]] Result<std::optional<Event>> whole_event_at(std::uint64_t offset);
  [[nodiscard]] Result<bool> checksum_fits(const Event& event);
  [[nodiscard]] Result<std::optional<std::uint64_t>> find_event_behind(std::uint64_t offset);

  ByteSource source_;
  FormatDescription format_;
  std::uint64_t position_ = 0;
  Bytes window_;
  std::uint64_t window_offset_ = 0;
};

}  // namespace donord::binlog
