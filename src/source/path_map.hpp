#pragma once

// Files outside of the datadir (DATA DIRECTORY, external general tablespaces) have absolute names, and a recipient
// creates them at the very same path. A path map gives them other names on the wire: it is how a copy gets its own
// places, and how a directory that is mounted elsewhere gets the names that its server knew.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace donord {

class PathMap {
 public:
  struct Rule {
    std::string from;  ///< an absolute directory or file, normalised
    std::string to;    ///< absolute, or relative to the recipient's datadir: "." for the datadir itself

    bool operator==(const Rule&) const = default;
  };

  /// "FROM=TO". `Errc::usage` says what is wrong with it.
  [[nodiscard]] Result<> add(std::string_view rule);

  /// The name for `name` by the rule whose FROM is the longest that `name` equals or lies below: an absolute path, or
  /// one that begins with "./". Nothing for a name without a rule, as relative names are.
  [[nodiscard]] std::optional<std::string> map(std::string_view name) const;

  [[nodiscard]] const std::vector<Rule>& rules() const { return rules_; }

 private:
  [[nodiscard]] const Rule* rule_for(std::string_view name) const;

  std::vector<Rule> rules_;
};

/// True when `name` is `directory` or lies below it, path component by path component. Both are normalised.
[[nodiscard]] bool is_within(std::string_view name, std::string_view directory);

}  // namespace donord
