#pragma once

// What a directory or a file is, without a server: for `donord inspect`. Nothing is refused; a crashed, running or
// encrypted instance is described as far as it can be read, with what is wrong with it.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "innodb/page_header.hpp"
#include "source/datadir_survey.hpp"

namespace donord {

/// A single tablespace file, all its pages looked at.
struct TablespaceReport {
  TablespaceFile file;
  std::map<innodb::PageType, std::uint64_t> pages_by_type;  ///< as stored; without those never written
  std::uint64_t never_written_pages = 0;
  std::uint64_t encrypted_pages = 0;
  std::uint64_t bad_pages = 0;
  Lsn newest_lsn;                     ///< of any good page
  std::vector<std::string> problems;  ///< the first of them
};

/// A single redo file.
struct RedoFileReport {
  std::filesystem::path path;
  std::uint64_t size_bytes = 0;
  Result<innodb::RedoFileStart> start = innodb::RedoFileStart{};
};

using InspectReport = std::variant<DatadirSurvey, TablespaceReport, RedoFileReport>;

/// `options.datadir` is a datadir, a tablespace file or a redo file. The error says why it is none of them.
[[nodiscard]] Result<InspectReport> inspect(const DatadirOptions& options);

/// For people: several lines.
[[nodiscard]] std::string inspect_text(const InspectReport& report);
/// For programs: one JSON object; its member "kind" is "datadir", "tablespace" or "redo_file".
[[nodiscard]] std::string inspect_json(const InspectReport& report);

/// "shared, sdi", "zip 8192, encrypted"; "-" for none.
[[nodiscard]] std::string features_of(const TablespaceFile& file);
/// "file full", "redo logging disabled"; "-" for none.
[[nodiscard]] std::string flags_text(const innodb::RedoFileHeader& header);
/// "clean", "unclean", "unknown".
[[nodiscard]] std::string_view name_of(Shutdown shutdown);

}  // namespace donord
