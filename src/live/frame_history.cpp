#include "live/frame_history.hpp"

#include <algorithm>
#include <limits>

namespace donord {

std::vector<SharedFrame> FrameHistory::overlapping(Lsn from, Lsn to) const {
  const auto begin = std::ranges::upper_bound(frames_, from, {}, &TrackedFrame::to);
  const auto end = std::ranges::lower_bound(frames_, to, {}, &TrackedFrame::from);
  return begin < end ? std::vector<SharedFrame>{begin, end} : std::vector<SharedFrame>{};
}

void FrameHistory::add(TrackedFrame frame) {
  to_ = frame.to;
  memory_bytes_ += frame.memory_bytes();
  frames_.push_back(std::make_shared<const TrackedFrame>(std::move(frame)));
  while (frames_.size() > 1 && (frames_.size() > limits_.frames || memory_bytes_ > limits_.memory_bytes)) {
    if (frames_.size() > limits_.frames || frames_.size() > kFewestFrames)
      merge_two();
    else
      drop_oldest();
  }
}

void FrameHistory::forget_before(Lsn lsn) {
  while (!frames_.empty() && frames_.front()->to <= lsn) drop_oldest();
}

void FrameHistory::merge_two() {
  auto best = frames_.begin();
  double best_proportion = std::numeric_limits<double>::infinity();
  for (auto at = frames_.begin(); at + 1 != frames_.end(); ++at) {
    const Lsn from = (*at)->from;
    const double proportion = static_cast<double>(at[1]->to - from) / static_cast<double>(to_ - from);
    if (proportion < best_proportion) {
      best = at;
      best_proportion = proportion;
    }
  }
  TrackedFrame merged = **best;
  merged.append(*best[1]);
  replace(best, std::move(merged));
  memory_bytes_ -= best[1]->memory_bytes();
  frames_.erase(best + 1);
}

void FrameHistory::replace(std::vector<SharedFrame>::iterator at, TrackedFrame frame) {
  memory_bytes_ -= (*at)->memory_bytes();
  memory_bytes_ += frame.memory_bytes();
  *at = std::make_shared<const TrackedFrame>(std::move(frame));
}

void FrameHistory::end_at_mark() {
  if (frames_.empty()) return;
  TrackedFrame last = *frames_.back();
  last.end_at_mark();
  to_ = last.to;
  replace(frames_.end() - 1, std::move(last));
}

void FrameHistory::drop_oldest() {
  from_ = frames_.front()->to;
  memory_bytes_ -= frames_.front()->memory_bytes();
  frames_.erase(frames_.begin());
}

}  // namespace donord
