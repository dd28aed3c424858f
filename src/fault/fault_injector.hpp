#pragma once

// Fault points: places in the program that can be told at run time to go wrong. Unarmed, a point costs one relaxed
// atomic load. The program that ships is the one that is tested; nothing here depends on the kind of build.

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fault/fault_rules.hpp"

namespace donord {

/// What a hit is about: {"stage", "file_copy"}, {"task", 1u}. Holds views; made and used in one expression.
struct FaultAttribute {
  FaultAttribute(std::string_view k, std::string_view v) : key(k), value(v) {}
  FaultAttribute(std::string_view k, const char* v) : key(k), value(std::string_view{v}) {}
  FaultAttribute(std::string_view k, std::uint64_t v) : key(k), value(v) {}

  std::string_view key;
  std::variant<std::string_view, std::uint64_t> value;
};

/// How often a rule matched and fired: a rule that never matched is most likely misspelt.
struct FaultRuleReport {
  std::string text;
  std::uint64_t matched = 0;
  std::uint64_t fired = 0;
};

/// Decides at every hit of a fault point whether something goes wrong. Thread-safe.
class FaultInjector {
 public:
  FaultInjector() = default;
  explicit FaultInjector(FaultRules rules) { arm(std::move(rules)); }

  /// Replaces the rules; all counts begin again. No rules disarm.
  void arm(FaultRules rules);

  /// The action of the first rule that fires; the rules after it do not see this hit. Never returns `abort`: such a
  /// rule kills the process here.
  [[nodiscard]] std::optional<FaultAction> hit(std::string_view point, std::span<const FaultAttribute> attributes) {
    if (!armed_.load(std::memory_order_relaxed)) return std::nullopt;
    return decide(point, attributes);
  }
  [[nodiscard]] std::optional<FaultAction> hit(std::string_view point,
                                               std::initializer_list<FaultAttribute> attributes = {}) {
    return hit(point, std::span<const FaultAttribute>{attributes.begin(), attributes.size()});
  }

  /// Whether somebody who was told to pause has to wait on.
  [[nodiscard]] bool is_paused(const FaultAction& action) const;
  /// Ends every pause, those to come as well: the program ends.
  void release() { released_ = true; }

  [[nodiscard]] std::vector<FaultRuleReport> report() const;

 private:
  struct ArmedRule {
    FaultRule rule;
    std::uint64_t random_state = 0;
    std::uint64_t matched = 0;
    std::uint64_t fired = 0;

    [[nodiscard]] bool matches(std::string_view point, std::span<const FaultAttribute> attributes) const;
    [[nodiscard]] bool fires();
  };

  [[nodiscard]] std::optional<FaultAction> decide(std::string_view point, std::span<const FaultAttribute> attributes);

  std::atomic<bool> armed_ = false;
  std::atomic<bool> released_ = false;
  mutable std::mutex mutex_;
  std::vector<ArmedRule> rules_;
};

/// The injector of points too deep in the program to be handed one.
[[nodiscard]] FaultInjector& process_faults();

/// A fault point in blocking code: waits for a delay or pause, and returns `Errc::io` for an error or disconnect.
[[nodiscard]] Result<> fault_point(FaultInjector& faults, std::string_view point,
                                   std::initializer_list<FaultAttribute> attributes = {});
[[nodiscard]] Result<> fault_point(std::string_view point, std::initializer_list<FaultAttribute> attributes = {});

}  // namespace donord
