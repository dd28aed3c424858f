#pragma once

// The frames from one LSN to another. What is long ago is kept coarser: when there are too many frames, two neighbours
// become one, those that are short for their age first, so that the length of a frame stays in proportion to its age.
// Pages are never lost by that, only the knowledge when exactly they changed. When that does not help, the oldest frame
// goes, and the history begins later.

#include <cstddef>
#include <vector>

#include "base/ids.hpp"
#include "live/tracked_frame.hpp"

namespace donord {

struct FrameLimits {
  std::size_t frames = 256;
  std::size_t memory_bytes = std::size_t{64} << 20;
};

class FrameHistory {
 public:
  /// Without frames: begins and ends at `start`.
  explicit FrameHistory(Lsn start, FrameLimits limits = {}) : from_(start), to_(start), limits_(limits) {}

  [[nodiscard]] Lsn from() const { return from_; }
  [[nodiscard]] Lsn to() const { return to_; }
  /// In the order of the log.
  [[nodiscard]] const std::vector<SharedFrame>& frames() const { return frames_; }
  [[nodiscard]] std::vector<SharedFrame> overlapping(Lsn from, Lsn to) const;
  [[nodiscard]] std::size_t memory_bytes() const { return memory_bytes_; }

  /// `frame.from` is `to()`.
  void add(TrackedFrame frame);
  /// Frames that end there or before are not needed any more.
  void forget_before(Lsn lsn);
  /// The history ends with the last group that is marked.
  void end_at_mark();

 private:
  /// To save memory, so many are not merged, but the oldest is dropped: else there would soon be one frame that says
  /// "everything".
  static constexpr std::size_t kFewestFrames = 4;

  void merge_two();
  void drop_oldest();
  void replace(std::vector<SharedFrame>::iterator at, TrackedFrame frame);

  Lsn from_;
  Lsn to_;
  FrameLimits limits_;
  std::vector<SharedFrame> frames_;
  std::size_t memory_bytes_ = 0;  // of all frames
};

}  // namespace donord
