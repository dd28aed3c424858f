#include "base/log.hpp"

#include <algorithm>
#include <memory>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace donord::log {
namespace {

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made = std::make_shared<spdlog::logger>("donord", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_formatter(
        std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc));
    made->flush_on(spdlog::level::debug);
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

/// The length of the UTF-8 character at the front; 0 when it is a control character (C0, DEL or C1) or not UTF-8.
std::size_t printable_bytes(std::string_view text) {
  const auto byte = [text](std::size_t i) { return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0; };
  const auto within = [](int value, int lowest, int highest) { return value >= lowest && value <= highest; };
  const int lead = byte(0);
  if (lead < 0x80) return within(lead, 0x20, 0x7E) ? 1 : 0;
  if (!within(lead, 0xC2, 0xF4)) return 0;
  const std::size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // Where longer forms of shorter characters, surrogates, and what is beyond U+10FFFF would be; C2 80-9F is C1.
  const int lowest = lead == 0xC2 || lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const int highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (!within(byte(1), lowest, highest)) return 0;
  for (std::size_t i = 2; i < size; ++i)
    if (!within(byte(i), 0x80, 0xBF)) return 0;
  return size;
}

/// The first bytes of a long value, no UTF-8 character cut in two.
std::string_view clipped(std::string_view value) {
  if (value.size() <= kMaxValueBytes) return value;
  std::size_t end = kMaxValueBytes;
  while (end > kMaxValueBytes - 3 && (static_cast<std::uint8_t>(value[end]) & 0xC0) == 0x80) --end;
  return value.substr(0, end);
}

}  // namespace

void set_level(Level level) {
  logger().set_level(spdlog_level(level));
}

bool enabled(Level level) {
  return logger().should_log(spdlog_level(level));
}

void event(Level level, std::string_view name, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  std::string line{name};
  for (const Field& field : fields) line += fmt::format(" {}={}", field.key, quoted(field.value));
  logger().log(spdlog_level(level), spdlog::string_view_t{line.data(), line.size()});
}

std::string quoted(std::string_view value) {
  const std::string_view shown = clipped(value);
  std::string out;
  bool bare = !shown.empty();
  for (std::size_t at = 0; at < shown.size();) {
    const char c = shown[at];
    const std::size_t bytes = printable_bytes(shown.substr(at));
    if (bytes == 0 || c == ' ' || c == '"' || c == '\\' || c == '=') bare = false;
    if (bytes == 0)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else if (c == '"' || c == '\\')
      (out += '\\') += c;
    else
      out += shown.substr(at, bytes);
    at += std::max<std::size_t>(bytes, 1);
  }
  if (shown.size() < value.size()) out += "...";
  return bare ? out : '"' + out + '"';
}

}  // namespace donord::log
