#include <algorithm>

#include "base/units.hpp"
#include "source/check.hpp"
#include "source/inspect.hpp"

namespace donord {

namespace {

std::string rate_text(const CheckReport& report) {
  const auto ms = std::max<std::int64_t>(1, report.duration.count());
  const std::uint64_t bytes = report.survey.data_bytes();
  return fmt::format(
      "{} in {}, {}/s", human_size(bytes), human_duration(report.duration),
      human_size(static_cast<std::uint64_t>(static_cast<double>(bytes) * 1000 / static_cast<double>(ms))));
}

std::string row(const PageCounts& pages, std::string_view name) {
  return fmt::format("  {:>10} {:>10} {:>10} {:>10} {:>13} {:>10}  {}\n", pages.verified, pages.encrypted,
                     pages.repaired, pages.unverified, pages.never_written, pages.damaged, name);
}

std::string shutdown_text(const DatadirSurvey& survey) {
  if (!survey.redo.checkpoint || !survey.redo.end) return std::string{name_of(survey.shutdown)};
  const Lsn checkpoint = *survey.redo.checkpoint;
  const Lsn end = *survey.redo.end;
  if (survey.shutdown == Shutdown::clean) return fmt::format("clean, at LSN {}", end);
  return fmt::format("{}; redo from LSN {} to {}, {}", name_of(survey.shutdown), checkpoint, end,
                     human_size(end > checkpoint ? end - checkpoint : 0));
}

void add_pages(std::string& out, const CheckReport& report) {
  out += fmt::format("\n  {:>10} {:>10} {:>10} {:>10} {:>13} {:>10}  pages of\n", "verified", "encrypted", "repaired",
                     "unverified", "never written", "damaged");
  for (std::size_t i = 0; i < report.files.size(); ++i)
    if (const TablespaceFile& file = report.survey.files[i]; file.is_tablespace())
      out += row(report.files[i].pages, file.path.string());
  out += row(report.pages(), fmt::format("all {} files: {}", report.files.size(), rate_text(report)));
}

void add_reason(std::string& out, const Error& reason, std::string& last_hint) {
  out += fmt::format("  - {}\n", reason.what);
  if (!reason.hint.empty() && reason.hint != last_hint) out += fmt::format("    {}\n", reason.hint);
  last_hint = reason.hint;
}

void add_reasons(std::string& out, const CheckReport& report) {
  std::string last_hint;
  for (const Error& problem : report.problems) add_reason(out, problem, last_hint);
  for (std::size_t i = 0; i < report.files.size(); ++i) {
    const FileCheck& file = report.files[i];
    for (const Damage& damage : file.damage) {
      const bool known = std::ranges::find(report.problems, damage.error.what, &Error::what) != report.problems.end();
      if (!known) add_reason(out, damage.error, last_hint);
    }
    if (const std::uint64_t more = file.damaged_pages_not_listed(); more > 0)
      out += fmt::format("  - {}: {} more damaged pages\n", report.survey.files[i].path.string(), more);
  }
}

}  // namespace

std::string check_text(const CheckReport& report) {
  const DatadirSurvey& survey = report.survey;
  std::string out = fmt::format("{}\n", survey.options.datadir.string());
  out += fmt::format("  server           {}\n", survey.server_version.empty() ? "unknown" : survey.server_version);
  out += fmt::format("  shutdown         {}\n", shutdown_text(survey));
  if (!report.files.empty()) add_pages(out, report);
  out += report.servable() ? "\n  can be served\n" : "\n  cannot be served:\n";
  add_reasons(out, report);
  return out;
}

}  // namespace donord
