#pragma once

// Numbers in text result sets.

#include <charconv>
#include <concepts>
#include <optional>

#include "protocol/result_set.hpp"

namespace donord {

/// Absent unless the whole value is a number that fits.
template <std::unsigned_integral Number>
[[nodiscard]] std::optional<Number> number_of(const TextValue& text) {
  Number value{};
  if (!text) return std::nullopt;
  const char* const last = text->data() + text->size();
  const auto [end, error] = std::from_chars(text->data(), last, value);
  if (error != std::errc{} || end != last) return std::nullopt;
  return value;
}

}  // namespace donord
