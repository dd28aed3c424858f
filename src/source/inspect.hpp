#pragma once

// What a directory or a file is, without a server: for `donord inspect`. Nothing is refused; a crashed, running or
// encrypted instance is described as far as it can be read, with what is wrong with it.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "source/check_pages.hpp"
#include "source/datadir_survey.hpp"

namespace donord {

/// The doublewrite files of an instance.
struct DoublewriteReport {
  std::vector<std::filesystem::path> files;
  std::size_t copies = 0;
  std::size_t copies_since_checkpoint = 0;  ///< of those
};

/// A data directory.
struct DatadirReport {
  DatadirSurvey survey;
  std::optional<std::filesystem::path> keyring_file;  ///< in use, whether it can be read or not
  Result<DoublewriteReport> doublewrite = DoublewriteReport{};
  std::vector<FileCheck> pages;  ///< like `survey.files`; empty if nobody asked
};

/// A single tablespace file, all its pages looked at.
struct TablespaceReport {
  TablespaceFile file;
  FileCheck pages;
  std::vector<Error> problems;  ///< beside those of pages
};

/// A single redo file.
struct RedoFileReport {
  std::filesystem::path path;
  std::uint64_t size_bytes = 0;
  Result<innodb::RedoFileStart> start = innodb::RedoFileStart{};
};

using InspectReport = std::variant<DatadirReport, TablespaceReport, RedoFileReport>;

/// What to look at in a data directory. A single file is always read to its end.
enum class InspectDepth { files, pages };

/// `options.datadir` is a datadir, a tablespace file or a redo file. The error says why it is none of them.
[[nodiscard]] Result<InspectReport> inspect(const DatadirOptions& options, InspectDepth depth = InspectDepth::files);

/// For people: several lines.
[[nodiscard]] std::string inspect_text(const InspectReport& report);
/// For programs: one JSON object; its member "kind" is "datadir", "tablespace" or "redo_file".
[[nodiscard]] std::string inspect_json(const InspectReport& report);

/// "shared, sdi", "zip 8192, encrypted"; "-" for none.
[[nodiscard]] std::string features_of(const TablespaceFile& file);
/// "file full", "redo logging disabled"; "-" for none.
[[nodiscard]] std::string flags_text(const innodb::RedoFileHeader& header);
/// The wrapped key that a redo file has, if any.
[[nodiscard]] std::optional<Result<innodb::EncryptionInfo>> encryption_info_of(const innodb::RedoFileStart& start);

}  // namespace donord
