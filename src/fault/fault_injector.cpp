#include "fault/fault_injector.hpp"

#include <algorithm>
#include <csignal>
#include <thread>

#include "base/log.hpp"

namespace donord {
namespace {

constexpr std::chrono::milliseconds kPausePoll{10};

/// splitmix64, by Sebastiano Vigna: the same sequence on every platform, unlike the standard distributions.
std::uint64_t next_random(std::uint64_t& state) {
  state += 0x9E3779B97F4A7C15;
  std::uint64_t mixed = state;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
  return mixed ^ (mixed >> 31);
}

/// In [0, 1).
double next_unit(std::uint64_t& state) {
  return static_cast<double>(next_random(state) >> 11) * 0x1p-53;
}

bool carries(const FaultAttribute& attribute, const FaultMatch& match) {
  if (attribute.key != match.key) return false;
  if (const auto* number = std::get_if<std::uint64_t>(&attribute.value)) return fmt::to_string(*number) == match.value;
  return std::get<std::string_view>(attribute.value) == match.value;
}

}  // namespace

bool FaultInjector::ArmedRule::matches(std::string_view point, std::span<const FaultAttribute> attributes) const {
  if (point != rule.point) return false;
  return std::all_of(rule.matches.begin(), rule.matches.end(), [&](const FaultMatch& match) {
    return std::any_of(attributes.begin(), attributes.end(),
                       [&](const FaultAttribute& attribute) { return carries(attribute, match); });
  });
}

bool FaultInjector::ArmedRule::fires() {
  ++matched;
  if (matched <= rule.after) return false;
  if (rule.times != 0 && fired >= rule.times) return false;
  if (rule.probability < 1.0 && next_unit(random_state) >= rule.probability) return false;
  ++fired;
  return true;
}

void FaultInjector::arm(FaultRules rules) {
  const std::lock_guard lock{mutex_};
  rules_.clear();
  for (FaultRule& rule : rules.rules) {
    const std::uint64_t seed = rule.seed;
    rules_.push_back(ArmedRule{std::move(rule), seed});
  }
  armed_.store(!rules_.empty(), std::memory_order_relaxed);
}

std::optional<FaultAction> FaultInjector::decide(std::string_view point, std::span<const FaultAttribute> attributes) {
  const std::lock_guard lock{mutex_};
  for (ArmedRule& armed : rules_) {
    if (!armed.matches(point, attributes) || !armed.fires()) continue;
    log::warn("fault", {{"point", point}, {"rule", armed.rule.text}});
    if (armed.rule.action.kind == FaultKind::abort) std::raise(SIGKILL);
    return armed.rule.action;
  }
  return std::nullopt;
}

bool FaultInjector::is_paused(const FaultAction& action) const {
  std::error_code ignored;
  return !released_ && !std::filesystem::exists(action.until, ignored);
}

std::vector<FaultRuleReport> FaultInjector::report() const {
  const std::lock_guard lock{mutex_};
  std::vector<FaultRuleReport> reports;
  for (const ArmedRule& armed : rules_) reports.push_back({armed.rule.text, armed.matched, armed.fired});
  return reports;
}

FaultInjector& process_faults() {
  static FaultInjector faults;
  return faults;
}

Result<> fault_point(FaultInjector& faults, std::string_view point, std::initializer_list<FaultAttribute> attributes) {
  const std::optional<FaultAction> action = faults.hit(point, attributes);
  if (!action) return {};
  switch (action->kind) {
    case FaultKind::delay:
      std::this_thread::sleep_for(action->delay);
      return {};
    case FaultKind::pause:
      while (faults.is_paused(*action)) std::this_thread::sleep_for(kPausePoll);
      return {};
    case FaultKind::error:
    case FaultKind::disconnect:
    case FaultKind::abort:
      break;
  }
  return Error{Errc::io, fmt::format("injected fault at {}", point), "a fault rule asked for it"};
}

Result<> fault_point(std::string_view point, std::initializer_list<FaultAttribute> attributes) {
  return fault_point(process_faults(), point, attributes);
}

}  // namespace donord
