#include "catalog/session_record.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace donord {
namespace {

constexpr std::array<std::string_view, 5> kStageWords = {"init", "file_copy", "page_copy", "redo_copy", "done"};
constexpr std::array<std::string_view, 4> kResultWords = {"in_progress", "completed", "failed", "interrupted"};

}  // namespace

std::string_view to_string(SessionStage stage) {
  return kStageWords.at(static_cast<std::size_t>(stage));
}

std::optional<SessionStage> session_stage(std::int64_t stored) {
  if (stored < 0 || stored >= std::ssize(kStageWords)) return std::nullopt;
  return static_cast<SessionStage>(stored);
}

std::string_view to_string(SessionResult result) {
  return kResultWords.at(static_cast<std::size_t>(result));
}

std::optional<SessionResult> session_result(std::string_view word) {
  const auto* const known = std::find(kResultWords.begin(), kResultWords.end(), word);
  if (known == kResultWords.end()) return std::nullopt;
  return static_cast<SessionResult>(known - kResultWords.begin());
}

std::uint64_t SessionRecord::data_bytes() const {
  return std::accumulate(stages.begin(), stages.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const StageRecord& stage) { return sum + stage.counters.data_bytes; });
}

std::uint64_t SessionRecord::network_bytes() const {
  return std::accumulate(
      stages.begin(), stages.end(), std::uint64_t{0},
      [](std::uint64_t sum, const StageRecord& stage) { return sum + stage.counters.network_bytes; });
}

}  // namespace donord
