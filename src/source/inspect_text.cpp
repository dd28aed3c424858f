#include <algorithm>

#include "base/units.hpp"
#include "source/inspect.hpp"

namespace donord {

namespace {

std::string lsn_text(const std::optional<Lsn>& lsn) {
  return lsn ? fmt::format("{}", *lsn) : "unknown";
}

std::string space_text(const TablespaceFile& file) {
  return file.is_tablespace() ? fmt::format("{}", file.space) : std::string{"-"};
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

void add_redo_header(std::string& out, const Result<innodb::RedoFileStart>& start, std::string_view indent) {
  if (!start) {
    out += fmt::format("{}cannot be read: {}\n", indent, start.error().what);
    return;
  }
  const innodb::RedoFileHeader& header = start->header;
  out += fmt::format("{}format {}, uuid 0x{:08x}, creator \"{}\", flags {}\n", indent, header.format, header.uuid,
                     header.creator, flags_text(header));
  out += fmt::format("{}start LSN {}, checkpoints {}{}\n", indent, header.start_lsn, checkpoints_text(*start),
                     start->has_encryption_info() ? ", encryption information" : "");
}

std::string text_of(const DatadirSurvey& survey) {
  std::string out = fmt::format("{}\n", survey.options.datadir.string());
  out += fmt::format("  server           {}\n", survey.server_version.empty() ? "unknown" : survey.server_version);
  out += fmt::format("  page size        {}\n", survey.page_size_bytes);
  out += fmt::format("  data             {} in {} files\n", human_size(survey.data_bytes()), survey.files.size());
  out += fmt::format("  shutdown         {}\n", name_of(survey.shutdown));
  out += fmt::format("  LSNs             checkpoint {}, end of the redo log {}, last clean shutdown {}\n",
                     lsn_text(survey.redo.checkpoint), lsn_text(survey.redo.end), lsn_text(survey.flush_lsn));

  for (const OptionSetting& setting : survey.options.settings)
    out += fmt::format("  option           {}\n", to_text(setting));
  for (const std::string& note : survey.options.notes) out += fmt::format("  note             {}\n", note);
  out +=
      fmt::format("\n  {:<16} {:>10} {:>7} {:>10}  {:<28} {}\n", "kind", "space", "flags", "size", "features", "name");
  for (const TablespaceFile& file : survey.files)
    out += fmt::format("  {:<16} {:>10} {:>7} {:>10}  {:<28} {}\n", name_of(file.role), space_text(file),
                       fmt::format("0x{:x}", file.flags.value()), human_size(file.stamp.size_bytes), features_of(file),
                       file.name);

  for (const RedoSurvey::File& file : survey.redo.files) {
    out += fmt::format("\n  {}, {}\n", file.path.string(), human_size(file.stamp.size_bytes));
    add_redo_header(out, file.start, "    ");
  }

  out += survey.problems.empty() ? "\n  can be served\n" : "\n  cannot be served:\n";
  for (const Error& problem : survey.problems) {
    out += fmt::format("  - {}\n", problem.what);
    if (!problem.hint.empty()) out += fmt::format("    {}\n", problem.hint);
  }
  return out;
}

std::string text_of(const TablespaceReport& report) {
  const TablespaceFile& file = report.file;
  const innodb::FirstPage& page0 = *file.page0;
  std::string out = fmt::format("{}\n", file.path.string());
  out += fmt::format("  space            {} ({})\n", file.space, name_of(file.role));
  out += fmt::format("  flags            0x{:x}: {}\n", file.flags.value(), features_of(file));
  out += fmt::format("  page size        {} logical, {} in the file\n", file.format.logical_bytes,
                     file.format.physical_bytes);
  out += fmt::format("  size             {}, {} pages; {} by its header, {} of them in use at some time\n",
                     human_size(file.stamp.size_bytes), file.page_count(), page0.fsp.size_pages,
                     page0.fsp.free_limit_pages);
  out += fmt::format("  allocated        {}\n", human_size(file.stamp.allocated_bytes));
  out += fmt::format("  server           {}\n", innodb::version_text(page0.server_version()));
  if (file.role == FileRole::system) out += fmt::format("  clean shutdown   LSN {}\n", page0.header.flush_lsn);
  out += fmt::format("  newest page      LSN {}\n", report.newest_lsn);
  out += "\n  pages\n";
  for (const auto& [type, count] : report.pages_by_type)
    out += fmt::format("  {:>12} {}\n", count, innodb::name_of(type));
  if (report.never_written_pages > 0) out += fmt::format("  {:>12} never written\n", report.never_written_pages);
  out += fmt::format("  {:>12} damaged\n", report.bad_pages);
  for (const std::string& problem : report.problems) out += fmt::format("  - {}\n", problem);
  return out;
}

std::string text_of(const RedoFileReport& report) {
  std::string out = fmt::format("{}, {}\n", report.path.string(), human_size(report.size_bytes));
  add_redo_header(out, report.start, "  ");
  return out;
}

}  // namespace

std::string inspect_text(const InspectReport& report) {
  return std::visit([](const auto& what) { return text_of(what); }, report);
}

}  // namespace donord
