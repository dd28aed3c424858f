#pragma once

// One of mysqld's options as somebody has set it.

#include <cstdint>
#include <fmt/format.h>
#include <span>
#include <string>
#include <string_view>

namespace donord {

/// Who sets an option; a later one goes before an earlier one. For mysqld itself what is persisted goes before its
/// command line. Here the operator has the last word: a directory that was copied or moved keeps its mysqld-auto.cnf.
enum class OptionRank : std::uint8_t { option_file, persisted, given };

struct OptionSetting {
  std::string name;  ///< mysqld's, with underscores: "innodb_undo_directory"
  std::string value;
  OptionRank rank = OptionRank::given;
  std::string origin;  ///< for people: "--innodb-undo-directory", "mysqld-auto.cnf", "/etc/my.cnf line 12"

  bool operator==(const OptionSetting&) const = default;
};

/// "innodb_undo_directory=/undo (/etc/my.cnf line 12)".
[[nodiscard]] inline std::string to_text(const OptionSetting& setting) {
  return fmt::format("{}={} ({})", setting.name, setting.value, setting.origin);
}

/// mysqld's options that say where its files are, or what they must be like, with underscores.
[[nodiscard]] std::span<const std::string_view> location_options();

}  // namespace donord
