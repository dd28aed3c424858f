#pragma once

// The fault points there are. A point that is added to the program is added here; a test compares the two.

#include <span>
#include <string_view>

#include "base/result.hpp"
#include "fault/fault_rules.hpp"

namespace donord {

struct FaultPoint {
  std::string_view name;
  std::span<const std::string_view> attributes;  ///< what its hits carry, and rules can ask for
};

[[nodiscard]] std::span<const FaultPoint> fault_points();

/// `Errc::usage` for a rule that can never match: its point does not exist, or does not carry what the rule asks for.
[[nodiscard]] Result<> check_points(const FaultRules& rules);

}  // namespace donord
