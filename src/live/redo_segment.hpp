#pragma once

// A segment: a file of our own in which redo of a live log is kept after the server has overwritten its own copy. A
// header, then blocks of 512 bytes exactly as the server wrote them, one after the other. Nothing of it is worth
// anything once the process that wrote it has ended: the log has gone on meanwhile.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"

namespace donord {

/// Blocks begin here: a page of the file system, so that writes stay aligned.
inline constexpr std::size_t kRedoSegmentHeaderBytes = 4096;

/// The first 28 bytes of a segment, big-endian; zeros follow up to the first block.
///
///   offset size
///        0    8  "DONORDRS"
///        8    4  version of this layout: 1
///       12    4  uuid of the log
///       16    8  LSN of the first block, a multiple of 512
///       24    4  CRC-32C of bytes 0 to 23
struct RedoSegmentHeader {
  std::uint32_t log_uuid = 0;
  Lsn start_lsn;

  bool operator==(const RedoSegmentHeader&) const = default;
};

using RedoSegmentHeaderBytes = std::array<std::uint8_t, kRedoSegmentHeaderBytes>;

[[nodiscard]] RedoSegmentHeaderBytes encode_redo_segment_header(const RedoSegmentHeader& header);

/// `Errc::malformed` for another magic, `Errc::checksum`, `Errc::unsupported_version`, `Errc::truncated`.
[[nodiscard]] Result<RedoSegmentHeader> decode_redo_segment_header(ByteView bytes);

/// "donord-redo-00000000000016384000.seg": in the order of the log when sorted as text.
[[nodiscard]] std::string redo_segment_name(Lsn start);

/// What a segment is called until its header is written.
[[nodiscard]] std::string temporary_redo_segment_name(Lsn start);

/// Whether a file of this name is one of those two.
[[nodiscard]] bool is_redo_segment_name(std::string_view name);

}  // namespace donord
