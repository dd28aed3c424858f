#pragma once

// Values and how SQL compares them: three-valued logic, numbers as numbers, text without regard to the case of ASCII
// letters (the default collation ignores accents too; no name here has any).

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace donord::sql {

enum class ValueKind { text, number };

/// One value in text form. None is NULL, whatever the kind.
struct Value {
  std::optional<std::string> text = {};
  ValueKind kind = ValueKind::text;
};

/// None: SQL's UNKNOWN.
using Truth = std::optional<bool>;

[[nodiscard]] Value number_value(std::string text);
[[nodiscard]] Value text_value(std::string text);
/// 1, 0 or NULL.
[[nodiscard]] Value value_of(Truth truth);
/// A number other than zero; a text counts by the number it begins with.
[[nodiscard]] Truth truth_of(const Value& value);

/// None when one of them is NULL. Two texts compare as text, anything else as numbers.
[[nodiscard]] std::optional<std::partial_ordering> compare(const Value& a, const Value& b);

/// `%` stands for any characters, `_` for one, `\` takes the meaning from the next. Takes time in proportion to the
/// product of the lengths at worst.
[[nodiscard]] bool like(std::string_view text, std::string_view pattern);

}  // namespace donord::sql
