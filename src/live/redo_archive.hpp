#pragma once

// Redo of a live log, kept until nobody needs it: the server reuses its own files long before a clone has ended.
//
// Blocks go in at the end, one after the other, and lie in segments (`redo_segment.hpp`) in a directory of their own. A
// clone pins the LSN from which on it needs them. What is not pinned stays as long as there is room, or until it is
// trimmed; whole segments go at a time. When pins keep too much, the oldest ones are broken: one clone fails, not all.
//
// Nothing is synced: what is here is worthless after a restart, and is removed by the next `open()` if the destructor
// did not. It is as confidential as the server's own log, hence the mode 0600; encrypted blocks stay encrypted.
//
// One thread appends; everything else is for any thread, at any time.

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/redo_block.hpp"
#include "live/redo_pin.hpp"

namespace donord {

/// The least that an archive can be allowed: some of the pieces in which a log is read.
inline constexpr std::uint64_t kMinRedoArchiveBytes = std::uint64_t{4} << 20;

struct RedoArchiveOptions {
  std::filesystem::path directory;  ///< made if it is not there; its parent has to be
  std::uint64_t max_bytes = std::uint64_t{10} << 30;
  std::uint64_t segment_bytes = std::uint64_t{64} << 20;  ///< of blocks; a quarter of `max_bytes` at most is used
};

class RedoArchive {
 public:
  /// Takes the directory for itself: `Errc::unavailable` when another process has it. Removes segments that a former
  /// process left, nothing else. `Errc::usage` for a limit that is too low.
  [[nodiscard]] static Result<std::unique_ptr<RedoArchive>> open(RedoArchiveOptions options, std::uint32_t log_uuid);

  RedoArchive(const RedoArchive&) = delete;
  RedoArchive& operator=(const RedoArchive&) = delete;
  ~RedoArchive();

  /// Whole blocks, as they stand in the log, the first one anywhere, then without a gap. The last one may be short; it
  /// stays in memory and gives way to the block that comes next under its LSN. That an encrypted block is not torn only
  /// the caller can know.
  ///
  /// Breaks the oldest pins when there is no room otherwise. `Errc::exhausted`: these blocks alone are more than the
  /// limit. `Errc::io`: the disk is full, or broken; what was there before stays readable. `Errc::conflict`: the blocks
  /// do not follow. `Errc::checksum`: they are not the blocks of these LSNs. Nothing was taken then.
  [[nodiscard]] Result<> append(Lsn from, ByteView blocks);

  /// Fills `into`, whole blocks, from the block at `from` on: an `innodb::RedoRead`. Number, epoch and checksum of
  /// every block are verified (`Errc::checksum`), those of encrypted blocks as far as that goes without the key.
  /// `Errc::not_found` for what is no longer there, `Errc::truncated` beyond the end.
  [[nodiscard]] Result<> read(Lsn from, MutableBytes into) const;

  /// `Errc::not_found` when the block that has this LSN is gone already.
  [[nodiscard]] Result<RedoPin> pin(Lsn lsn);

  /// Nobody is going to need anything before `lsn` but those who pinned it: segments before both are removed.
  void trim(Lsn lsn);

  /// The first block that is there, and the end of the last one; both 0 as long as there is none.
  [[nodiscard]] Lsn start() const;
  [[nodiscard]] Lsn end() const;
  /// What the segments take, or will when everything is written.
  [[nodiscard]] std::uint64_t bytes() const;

 private:
  struct Segment {
    Lsn start;
    Lsn end;  ///< behind the last full block
  };
  struct Part {  ///< of a read, out of one file
    Segment segment;
    Lsn from;
    MutableBytes into;
  };

  RedoArchive(RedoArchiveOptions options, std::uint32_t log_uuid, UniqueFd directory_lock);

  [[nodiscard]] Result<std::size_t> check(Lsn from, ByteView blocks) const;
  [[nodiscard]] Result<> make_room(std::uint64_t new_bytes);
  [[nodiscard]] Result<> append_full(ByteView blocks);
  [[nodiscard]] Result<> begin_segment(Lsn start);
  [[nodiscard]] Result<> write_buffer();
  [[nodiscard]] Result<std::vector<Part>> copy_from_memory(Lsn from, MutableBytes into) const;
  [[nodiscard]] Result<> read_part(const Part& part) const;
  void remove_before(Lsn lsn, std::uint64_t more_than_bytes, std::vector<Segment>& removed);
  void unlink(const std::vector<Segment>& segments) const;
  [[nodiscard]] std::filesystem::path path_of(const Segment& segment) const;
  [[nodiscard]] std::uint64_t bytes_locked() const;

  RedoArchiveOptions options_;
  std::uint32_t log_uuid_;
  UniqueFd directory_lock_;
  RedoPins pins_;
  UniqueFd newest_;  ///< the last segment; only `append()` touches it

  // Others than `append()` only remove segments, and not the last one.
  mutable std::mutex mutex_;
  std::deque<Segment> segments_;                 ///< oldest first, without gaps
  Lsn written_;                                  ///< everything before it is in the files
  Bytes buffer_;                                 ///< full blocks from there on
  std::optional<innodb::RedoBlockBytes> short_;  ///< the block behind them
};

}  // namespace donord
