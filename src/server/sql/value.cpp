#include "server/sql/value.hpp"

#include <algorithm>
#include <charconv>

#include "server/sql/lexer.hpp"

namespace donord::sql {
namespace {

/// The number a text begins with, 0 without one.
double number_in(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\n\r"), text.size()));
  if (text.starts_with('+')) text.remove_prefix(1);
  if (!text.empty() && text.find_first_of("0123456789.-") != 0) return 0.0;  // from_chars knows "inf" and "nan"
  if (text.starts_with("-i") || text.starts_with("-n") || text.starts_with("-I") || text.starts_with("-N")) return 0.0;
  double number = 0.0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

std::size_t character_end(std::string_view text, std::size_t at) {
  ++at;
  while (at < text.size() && continues_character(text[at])) ++at;
  return at;
}

}  // namespace

Value number_value(std::string text) {
  return Value{std::move(text), ValueKind::number};
}

Value text_value(std::string text) {
  return Value{std::move(text), ValueKind::text};
}

Value value_of(Truth truth) {
  if (!truth) return Value{std::nullopt, ValueKind::number};
  return number_value(*truth ? "1" : "0");
}

Truth truth_of(const Value& value) {
  if (!value.text) return std::nullopt;
  return number_in(*value.text) != 0.0;
}

std::optional<std::partial_ordering> compare(const Value& a, const Value& b) {
  if (!a.text || !b.text) return std::nullopt;
  if (a.kind == ValueKind::number || b.kind == ValueKind::number) return number_in(*a.text) <=> number_in(*b.text);
  const int order = lower(*a.text).compare(lower(*b.text));
  return order <=> 0;
}

bool like(std::string_view text, std::string_view pattern) {
  std::size_t t = 0;
  std::size_t p = 0;
  std::size_t after_percent = std::string_view::npos;  // where to go on when the current attempt fails
  std::size_t retry_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      after_percent = ++p;
      retry_text = t;
      continue;
    }
    if (p < pattern.size() && pattern[p] == '_') {
      ++p;
      t = character_end(text, t);
      continue;
    }
    const bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
    const std::size_t literal = escaped ? p + 1 : p;
    if (literal < pattern.size() && same_word(text.substr(t, 1), pattern.substr(literal, 1))) {
      p = literal + 1;
      ++t;
      continue;
    }
    if (after_percent == std::string_view::npos) return false;
    p = after_percent;
    t = ++retry_text;
  }
  return std::all_of(pattern.begin() + static_cast<std::ptrdiff_t>(p), pattern.end(), [](char c) { return c == '%'; });
}

}  // namespace donord::sql
