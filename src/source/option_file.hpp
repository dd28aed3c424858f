#pragma once

// MySQL's option files (my.cnf), read as mysqld 9.7 reads them:
//
//   [mysqld]                        # a group; its name in any case, what follows ']' is ignored
//   innodb-undo-directory = /undo   # comment; '-' and '_' are the same in names, which have to be whole
//   datadir = "/with # and spaces"  # quotes around the whole value are taken off
//   loose_innodb_data_home_dir=/a\sb   # \b \t \n \r \s \" \' \\ in values; other backslashes stay
//   ; comment
//   !include /etc/mysql/more.cnf
//   !includedir /etc/mysql/conf.d   # all *.cnf in it, by name
//
// Of an option that is given several times the last one counts, in the order of reading.

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace donord {

struct OptionLine {
  std::string group;  ///< as `group_name` makes it
  std::string name;   ///< with underscores, without "loose_"
  std::optional<std::string> value;
  std::filesystem::path file;
  std::size_t line = 0;

  /// "/etc/my.cnf line 12".
  [[nodiscard]] std::string place() const;
};

struct OptionFile {
  std::vector<OptionLine> lines;   ///< options of all groups, in the order of reading
  std::vector<std::string> notes;  ///< included files that mysqld passes over: absent, writable by everyone, too deep
};

/// The name of a group as it is compared: in lower case.
[[nodiscard]] std::string group_name(std::string_view text);

/// Reads a file and what it includes, together up to 4 MiB. Errors name file and line: `Errc::usage` for what mysqld
/// would not start with, and for inclusions relative to the directory that it is started in.
[[nodiscard]] Result<OptionFile> read_option_file(const std::filesystem::path& path);

}  // namespace donord
