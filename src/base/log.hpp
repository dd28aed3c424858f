#pragma once

// Structured logging: one event, one line on stderr: time, level, event name, key=value pairs. Values with blanks,
// quotes, control characters or bytes that are not UTF-8 are quoted and escaped, and long ones clipped, so that nothing
// a peer sends can forge or flood a line. Passwords, scrambles and row data are never passed in. Thread-safe.

#include <cstddef>
#include <fmt/format.h>
#include <initializer_list>
#include <string>
#include <string_view>

namespace donord::log {

/// error: we failed. warn: the peer misbehaved, or we coped. info: begin and end of things. debug: states and packets.
enum class Level { debug, info, warn, error };

struct Field {
  template <class T>
  Field(std::string_view k, const T& v) : key(k), value(fmt::format("{}", v)) {}

  std::string_view key;
  std::string value;
};

void set_level(Level level);
[[nodiscard]] bool enabled(Level level);

void event(Level level, std::string_view name, std::initializer_list<Field> fields = {});

inline void error(std::string_view name, std::initializer_list<Field> fields = {}) {
  event(Level::error, name, fields);
}
inline void warn(std::string_view name, std::initializer_list<Field> fields = {}) {
  event(Level::warn, name, fields);
}
inline void info(std::string_view name, std::initializer_list<Field> fields = {}) {
  event(Level::info, name, fields);
}
inline void debug(std::string_view name, std::initializer_list<Field> fields = {}) {
  if (enabled(Level::debug)) event(Level::debug, name, fields);
}

inline constexpr std::size_t kMaxValueBytes = 512;

/// `value` as it stands in a log line: bare where that is unambiguous, quoted and escaped otherwise. What is past
/// `kMaxValueBytes` is replaced by "...".
[[nodiscard]] std::string quoted(std::string_view value);

}  // namespace donord::log
