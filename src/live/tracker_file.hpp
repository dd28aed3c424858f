#pragma once

// Keeps what a `PageTracker` knows over a restart of this program: its closed frames, in a file that only grows.
//
//   file    = header, frames
//
//   header: offset size, big-endian
//                0    8  "DONORDPT"
//                8    4  version of this layout: 1
//               12    4  uuid of the log
//               16    4  page size of the instance
//               20    8  LSN at which the first frame begins
//               28    4  CRC-32C of bytes 0 to 27
//
//   each frame:  0    4  length of what follows the checksum
//                4    4  CRC-32C of that
//                8       `TrackedFrame`; it begins where the one before ends
//
// What is guaranteed:
// - A frame whose `save()` returned without an error is on stable storage.
// - `open()` gives the frames up to the first that is not whole, intact and the next one: after a crash all that were
//   saved, after damage fewer, never one with a gap before it. It gives nothing of the file of another log.
// - The file is complete before it gets its name. It is written as a whole when it is new, at the first `save()` after
//   `open()`, when it has become much larger than what it says, and after an error.
// Whether the log still is the one that was tracked, the file cannot know: `PageTracker` compares a group of it.
//
// At a start the file is opened, and a tracker made from its history. If the log still has what lies behind the
// tracker's `parse_from()`, and the tracker knows it again, the epoch goes on. Otherwise a file is created, and a new
// one begins at the newest checkpoint.
//
// One process at a time uses a file. Source: docs/innodb-files.md, "Page tracking files".

#include <cstdint>
#include <filesystem>
#include <optional>

#include "base/file.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "live/frame_history.hpp"
#include "live/page_tracker.hpp"

namespace donord {

/// Whose pages are tracked.
struct TrackedLog {
  std::uint32_t uuid = 0;
  std::uint32_t page_size_bytes = 0;

  bool operator==(const TrackedLog&) const = default;
};

struct TrackerFileHeader {
  static constexpr std::string_view kName = "TrackerFileHeader";
  static constexpr std::size_t kBytes = 32;

  TrackedLog log;
  Lsn start;

  bool operator==(const TrackerFileHeader&) const = default;

  [[nodiscard]] Bytes encode() const;
  /// `Errc::malformed` for another magic, `Errc::checksum`, `Errc::unsupported_version`, `Errc::truncated`.
  [[nodiscard]] static Result<TrackerFileHeader> decode(ByteView bytes);
};

struct OpenedTrackerFile;

class TrackerFile {
 public:
  /// How many bytes may be appended before the file is written anew; it may also double.
  static constexpr std::uint64_t kGrowthBytes = std::uint64_t{16} << 20;

  /// A new file, for an epoch that begins at `start`. Replaces one that is there.
  [[nodiscard]] static Result<TrackerFile> create(std::filesystem::path path, TrackedLog log, Lsn start,
                                                  std::uint64_t growth_bytes = kGrowthBytes);
  /// `Errc::not_found` when there is none, `Errc::conflict` when it is of another log; the errors of the header.
  /// Changes nothing.
  [[nodiscard]] static Result<OpenedTrackerFile> open(const std::filesystem::path& path, TrackedLog log,
                                                      FrameLimits limits = {},
                                                      std::uint64_t growth_bytes = kGrowthBytes);

  /// Adds the frames that the tracker, which goes on with the history of the file, has closed since. Waits for the
  /// disk: not to be called by the thread that feeds the tracker.
  [[nodiscard]] Result<> save(const PageTracker& tracker);
  /// Where the last frame ends that is in the file.
  [[nodiscard]] Lsn saved_until() const { return saved_until_; }

 private:
  TrackerFile(std::filesystem::path path, TrackedLog log, std::uint64_t growth_bytes)
      : path_(std::move(path)), log_(log), growth_bytes_(growth_bytes) {}

  [[nodiscard]] Result<> append(const FrameHistory& history);
  [[nodiscard]] Result<> write_anew(const FrameHistory& history);

  std::filesystem::path path_;
  TrackedLog log_;
  std::uint64_t growth_bytes_;
  UniqueFd fd_;                     // to append; none when the file has to be written anew
  std::uint64_t end_ = 0;           // of the last frame in the file
  std::uint64_t written_anew_ = 0;  // how long the file was when it was last written as a whole
  Lsn saved_until_;
};

/// A file and what is in it.
struct OpenedTrackerFile {
  TrackerFile file;
  FrameHistory history;
  std::optional<Error> damage = {};  ///< why the frames end before the file does: normal after a crash
};

}  // namespace donord
