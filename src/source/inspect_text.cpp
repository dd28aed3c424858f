#include <algorithm>
#include <map>
#include <tuple>

#include "base/units.hpp"
#include "source/inspect.hpp"
#include "source/report_text.hpp"

namespace donord {

namespace {

std::string lsn_text(const std::optional<Lsn>& lsn) {
  return lsn ? fmt::format("{}", *lsn) : "unknown";
}

std::string space_text(const TablespaceFile& file) {
  return file.is_tablespace() ? fmt::format("{}", file.space) : std::string{"-"};
}

std::string key_text(const innodb::EncryptionInfo& info) {
  return fmt::format("master key {} of server {}", info.master_key_id, info.server_uuid);
}

std::string checkpoints_text(const innodb::RedoFileStart& start) {
  std::string text;
  for (const std::optional<Lsn>& slot : start.checkpoints)
    text += fmt::format("{}{}", text.empty() ? "" : ", ",
                        !slot            ? "damaged"
                        : *slot == Lsn{} ? "none"
                                         : fmt::format("{}", *slot));
  return text;
}

std::string redo_header_text(const Result<innodb::RedoFileStart>& start, std::string_view indent) {
  if (!start) return fmt::format("{}cannot be read: {}\n", indent, start.error().what);
  const innodb::RedoFileHeader& header = start->header;
  std::string out = fmt::format("{}format {}, uuid 0x{:08x}, creator \"{}\", flags {}\n", indent, header.format,
                                header.uuid, header.creator, flags_text(header));
  out += fmt::format("{}start LSN {}, checkpoints {}\n", indent, header.start_lsn, checkpoints_text(*start));
  if (const auto info = encryption_info_of(*start))
    out += fmt::format("{}encrypted: {}\n", indent, *info ? key_text(**info) : info->error().what);
  return out;
}

/// What the files are encrypted with: there are few master keys, and the key of each file hangs on one of them.
std::string encryption_text(const DatadirSurvey& survey) {
  std::map<std::tuple<std::string, bool>, std::uint64_t> files_by_key;
  for (const TablespaceFile& file : survey.files)
    if (file.encryption_info) ++files_by_key[{key_text(*file.encryption_info), file.cipher != nullptr}];
  std::string out;
  for (const auto& [key, count] : files_by_key)
    out += line_of("encryption", fmt::format("{} files by {}, {}", count, std::get<0>(key),
                                             std::get<1>(key) ? "keys at hand" : "keys not at hand"));
  if (survey.redo.files.empty() || !survey.redo.files.back().start) return out;
  if (const auto info = encryption_info_of(*survey.redo.files.back().start))
    out += line_of("", fmt::format("the redo log by {}, {}", *info ? key_text(**info) : info->error().what,
                                   survey.redo.cipher ? "key at hand" : "key not at hand"));
  return out;
}

std::string recovery_text(const RedoAnalysis& analysis) {
  const auto count = [&analysis](bool RedoSpace::*what) {
    return std::ranges::count_if(analysis.spaces, [what](const auto& space) { return space.second.*what; });
  };
  std::string out =
      line_of("recovery", fmt::format("{} redo records in {} groups, complete until LSN {}", analysis.counts.records,
                                      analysis.counts.groups, analysis.complete_until));
  out += line_of("", fmt::format("{} tablespaces changed, {} created, {} dropped", analysis.spaces.size(),
                                 count(&RedoSpace::created), count(&RedoSpace::deleted)));
  return out + line_of("", fmt::format("{} records of dynamic metadata, {} of unlogged index builds, {} with keys",
                                       analysis.dynamic_metadata_records, analysis.index_load_records,
                                       analysis.encryption_writes.size()));
}

std::string decisions_text(const CrashDecisions& decisions) {
  const DecidedTransactions& decided = decisions.decided;
  std::string out = line_of("prepared", fmt::format("{} transactions", decisions.prepared));
  if (decisions.warning) out += line_of("", decisions.warning->what) + line_of("", decisions.warning->hint);
  if (!decisions.binary_log) return out;
  out += line_of("",
                 fmt::format("{} committed, {} kept and {} rolled back by {}, {} not in it", decided.committed,
                             decided.prepared, decided.rolled_back, decisions.binary_log->string(), decided.undecided));
  return out + line_of("", fmt::format("{} undo logs added for its GTIDs", decided.gtid_logs));
}

std::string doublewrite_text(const Result<DoublewriteReport>& doublewrite) {
  if (!doublewrite) return line_of("doublewrite", doublewrite.error().what);
  std::string out = line_of(
      "doublewrite", fmt::format("{} files with {} copies of pages, {} since the checkpoint", doublewrite->files.size(),
                                 doublewrite->copies, doublewrite->copies_since_checkpoint));
  for (const std::filesystem::path& path : doublewrite->files) out += line_of("", path.string());
  return out;
}

std::string redo_text(const RedoSurvey& redo) {
  if (!redo.checkpoint || !redo.end || *redo.end < *redo.checkpoint) return "";
  return line_of("redo", fmt::format("{} from the checkpoint to the end", human_size(*redo.end - *redo.checkpoint)));
}

std::string pages_text(const FileCheck& check) {
  const PageCounts& pages = check.pages;
  std::string out;
  for (const auto& [type, count] : check.types) out += fmt::format("  {:>12} {}\n", count, innodb::name_of(type));
  if (pages.never_written > 0) out += fmt::format("  {:>12} never written\n", pages.never_written);
  if (pages.encrypted > 0) out += fmt::format("  {:>12} encrypted\n", pages.encrypted);
  if (pages.unverified > 0) out += fmt::format("  {:>12} encrypted, the key is not at hand\n", pages.unverified);
  if (pages.repaired > 0) out += fmt::format("  {:>12} torn, in the doublewrite files\n", pages.repaired);
  return out + fmt::format("  {:>12} damaged\n", pages.damaged);
}

std::string census_text(const DatadirReport& report) {
  std::string out;
  for (std::size_t i = 0; i < report.pages.size(); ++i) {
    const TablespaceFile& file = report.survey.files[i];
    if (!file.is_tablespace()) continue;
    out += fmt::format("\n  pages of {}, newest LSN {}\n", file.path.string(), report.pages[i].newest_lsn);
    out += pages_text(report.pages[i]) + list_of(reasons_of(file, report.pages[i]));
  }
  return out;
}

std::string text_of(const DatadirReport& report) {
  const DatadirSurvey& survey = report.survey;
  std::string out = fmt::format("{}\n", survey.options.datadir.string());
  out += line_of("server", survey.server_version.empty() ? "unknown" : survey.server_version);
  out += line_of("page size", fmt::format("{}", survey.page_size_bytes));
  out += line_of("data", fmt::format("{} in {} files", human_size(survey.data_bytes()), survey.files.size()));
  out += line_of("shutdown", name_of(survey.shutdown));
  out += line_of("LSNs",
                 fmt::format("checkpoint {}, end of the redo log {}, last clean shutdown {}",
                             lsn_text(survey.redo.checkpoint), lsn_text(survey.redo.end), lsn_text(survey.flush_lsn)));
  out += redo_text(survey.redo);
  if (survey.crash) out += recovery_text(survey.crash->analysis());
  if (survey.decisions) out += decisions_text(*survey.decisions);
  out += doublewrite_text(report.doublewrite);
  if (report.keyring_file) out += line_of("keyring", report.keyring_file->string());
  out += encryption_text(survey);
  for (const OptionSetting& setting : survey.options.settings) out += line_of("option", to_text(setting));
  for (const std::string& note : survey.options.notes) out += line_of("note", note);
  for (const std::string& ignored : survey.ignored_files) out += line_of("ignored", ignored);

  out +=
      fmt::format("\n  {:<16} {:>10} {:>7} {:>10}  {:<28} {}\n", "kind", "space", "flags", "size", "features", "name");
  for (const TablespaceFile& file : survey.files)
    out += fmt::format("  {:<16} {:>10} {:>7} {:>10}  {:<28} {}\n", name_of(file.role), space_text(file),
                       fmt::format("0x{:x}", file.flags.value()), human_size(file.stamp.size_bytes), features_of(file),
                       file.name);
  out += census_text(report);

  for (const RedoSurvey::File& file : survey.redo.files) {
    out += fmt::format("\n  {}, {}\n", file.path.string(), human_size(file.stamp.size_bytes));
    out += redo_header_text(file.start, "    ");
  }
  out += survey.problems.empty() ? "\n  can be served\n" : "\n  cannot be served:\n";
  return out + list_of(survey.problems);
}

std::string text_of(const TablespaceReport& report) {
  const TablespaceFile& file = report.file;
  const innodb::FirstPage& page0 = *file.page0;
  std::string out = fmt::format("{}\n", file.path.string());
  out += line_of("space", fmt::format("{} ({})", file.space, name_of(file.role)));
  out += line_of("flags", fmt::format("0x{:x}: {}", file.flags.value(), features_of(file)));
  if (file.encryption_info)
    out += line_of("encryption",
                   fmt::format("{}, key {}at hand", key_text(*file.encryption_info), file.cipher ? "" : "not "));
  out += line_of("page size",
                 fmt::format("{} logical, {} in the file", file.format.logical_bytes, file.format.physical_bytes));
  out += line_of("size", fmt::format("{}, {} pages; {} by its header, {} of them in use at some time",
                                     human_size(file.stamp.size_bytes), file.page_count(), page0.fsp.size_pages,
                                     page0.fsp.free_limit_pages));
  out += line_of("allocated", human_size(file.stamp.allocated_bytes));
  out += line_of("server", innodb::version_text(page0.server_version()));
  if (file.role == FileRole::system) out += line_of("clean shutdown", fmt::format("LSN {}", page0.header.flush_lsn));
  out += line_of("newest page", fmt::format("LSN {}", report.pages.newest_lsn));
  return out + "\n  pages\n" + pages_text(report.pages) + list_of(report.problems) +
         list_of(reasons_of(file, report.pages, report.problems));
}

std::string text_of(const RedoFileReport& report) {
  return fmt::format("{}, {}\n", report.path.string(), human_size(report.size_bytes)) +
         redo_header_text(report.start, "  ");
}

}  // namespace

std::string inspect_text(const InspectReport& report) {
  return std::visit([](const auto& what) { return text_of(what); }, report);
}

}  // namespace donord
