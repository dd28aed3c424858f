#include "fault/fault_rules.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>

namespace donord {
namespace {

constexpr std::string_view kBlanks = " \t\r";
constexpr std::array<std::string_view, 7> kMatchKeys = {"stage",     "message", "task", "connection",
                                                        "direction", "file",    "user"};

struct ActionName {
  std::string_view name;
  FaultKind kind;
};
constexpr std::array<ActionName, 5> kActions = {{{"error", FaultKind::error},
                                                 {"disconnect", FaultKind::disconnect},
                                                 {"delay", FaultKind::delay},
                                                 {"pause", FaultKind::pause},
                                                 {"abort", FaultKind::abort}}};

Error usage(std::string_view rule, std::string_view problem) {
  return Error{Errc::usage, fmt::format("fault rule '{}': {}", rule, problem),
               "a rule is: point [key=value ...] action=error|disconnect|delay|pause|abort"};
}

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(kBlanks);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlanks) - from + 1);
}

/// The text before the first of `separators`, which is removed from `text` together with it.
std::string_view next_part(std::string_view& text, std::string_view separators) {
  const std::size_t end = std::min(text.find_first_of(separators), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_point_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  });
}

/// Reads the words of one rule after its point name.
class RuleParser {
 public:
  explicit RuleParser(std::string_view text) { rule_.text = text; }

  Result<FaultRule> parse() {
    std::string_view words = rule_.text;
    const std::string_view point = next_part(words, kBlanks);
    if (!is_point_name(point)) return usage(rule_.text, fmt::format("'{}' is not the name of a fault point", point));
    rule_.point = point;

    while (!words.empty()) {
      const std::string_view word = trimmed(next_part(words, kBlanks));
      if (word.empty()) continue;
      const std::size_t equals = word.find('=');
      if (equals == std::string_view::npos) return usage(rule_.text, fmt::format("'{}' is not key=value", word));
      if (Result<> done = take(word.substr(0, equals), word.substr(equals + 1)); !done) return done.error();
    }
    if (Result<> done = check_whole(); !done) return done.error();
    return std::move(rule_);
  }

 private:
  Result<> take(std::string_view key, std::string_view value) {
    if (!seen_.emplace(key).second) return usage(rule_.text, fmt::format("{} is given twice", key));
    if (std::find(kMatchKeys.begin(), kMatchKeys.end(), key) != kMatchKeys.end()) {
      rule_.matches.push_back({std::string{key}, std::string{value}});
      return {};
    }
    if (key == "after") return take_number(key, value, rule_.after);
    if (key == "times") return take_number(key, value, rule_.times);
    if (key == "seed") return take_number(key, value, rule_.seed);
    if (key == "number") return take_number(key, value, rule_.action.error_number);
    if (key == "ms") {
      std::uint32_t ms = 0;
      Result<> done = take_number(key, value, ms);
      rule_.action.delay = std::chrono::milliseconds{ms};
      return done;
    }
    if (key == "until") {
      rule_.action.until = std::string{value};
      return {};
    }
    if (key == "probability") {
      const std::optional<double> probability = number<double>(value);
      if (!probability || !(*probability > 0.0 && *probability <= 1.0))
        return usage(rule_.text, fmt::format("probability={} is not above 0 and at most 1", value));
      rule_.probability = *probability;
      return {};
    }
    if (key == "action") {
      const auto* const known =
          std::find_if(kActions.begin(), kActions.end(), [&](const ActionName& a) { return a.name == value; });
      if (known == kActions.end()) return usage(rule_.text, fmt::format("unknown action '{}'", value));
      rule_.action.kind = known->kind;
      return {};
    }
    return usage(rule_.text, fmt::format("unknown key '{}'", key));
  }

  template <class T>
  Result<> take_number(std::string_view key, std::string_view value, T& into) {
    const std::optional<T> parsed = number<T>(value);
    if (!parsed) return usage(rule_.text, fmt::format("{}={} is not a number in range", key, value));
    into = *parsed;
    return {};
  }

  [[nodiscard]] bool given(std::string_view key) const { return seen_.count(std::string{key}) > 0; }

  [[nodiscard]] Result<> check_whole() const {
    if (!given("action")) return usage(rule_.text, "action= is missing");
    const FaultKind kind = rule_.action.kind;
    if (given("ms") != (kind == FaultKind::delay)) return usage(rule_.text, "ms= belongs to action=delay");
    if (given("number") && kind != FaultKind::error) return usage(rule_.text, "number= belongs to action=error");
    if (rule_.action.until.empty() == (kind == FaultKind::pause))
      return usage(rule_.text, "until=<path> belongs to action=pause");
    if (given("seed") && !given("probability")) return usage(rule_.text, "seed= belongs to probability=");
    return {};
  }

  FaultRule rule_;
  std::set<std::string> seen_;
};

}  // namespace

Result<FaultRules> FaultRules::parse(std::string_view text) {
  FaultRules rules;
  while (!text.empty()) {
    std::string_view line = trimmed(next_part(text, "\n"));
    if (line.starts_with('#')) continue;
    while (!line.empty()) {
      const std::string_view rule = trimmed(next_part(line, ";"));
      if (rule.empty()) continue;
      Result<FaultRule> parsed = RuleParser{rule}.parse();
      if (!parsed) return parsed.error();
      rules.rules.push_back(std::move(*parsed));
    }
  }
  return rules;
}

}  // namespace donord
