#include "fault/fault_points.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace donord {
namespace {

constexpr auto kSendAttributes = std::to_array<std::string_view>({"stage", "message", "task"});

constexpr auto kPoints = std::to_array<FaultPoint>({
    {"archive.write", {}},
    {"catalog.begin", {}},
    {"catalog.commit", {}},
    {"live.tail", {}},
    {"net.send", kSendAttributes},
    {"tracker.append", {}},
});

std::string names(const auto& things, auto projection) {
  std::vector<std::string_view> words;
  words.reserve(std::size(things));
  for (const auto& thing : things) words.push_back(std::invoke(projection, thing));
  return words.empty() ? "none" : fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace

std::span<const FaultPoint> fault_points() {
  return kPoints;
}

Result<> check_points(const FaultRules& rules) {
  for (const FaultRule& rule : rules.rules) {
    const auto* const point = std::ranges::find(kPoints, rule.point, &FaultPoint::name);
    if (point == kPoints.end())
      return Error{Errc::usage, fmt::format("fault rule '{}': there is no fault point {}", rule.text, rule.point),
                   fmt::format("there are: {}", names(kPoints, &FaultPoint::name))};
    for (const FaultMatch& match : rule.matches)
      if (std::ranges::find(point->attributes, match.key) == point->attributes.end())
        return Error{Errc::usage, fmt::format("fault rule '{}': {} carries no {}", rule.text, rule.point, match.key),
                     fmt::format("it carries: {}", names(point->attributes, std::identity{}))};
  }
  return {};
}

}  // namespace donord
