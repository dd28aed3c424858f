#include <algorithm>

#include "base/units.hpp"
#include "source/check.hpp"
#include "source/report_text.hpp"

namespace donord {

namespace {

std::string shutdown_text(const DatadirSurvey& survey) {
  if (!survey.redo.checkpoint || !survey.redo.end) return std::string{name_of(survey.shutdown)};
  const Lsn checkpoint = *survey.redo.checkpoint;
  const Lsn end = *survey.redo.end;
  if (survey.shutdown == Shutdown::clean) return fmt::format("clean, at LSN {}", end);
  return fmt::format("{}; redo from LSN {} to {}, {}", name_of(survey.shutdown), checkpoint, end,
                     human_size(end > checkpoint ? end - checkpoint : 0));
}

std::string rate_text(const CheckReport& report) {
  const auto ms = static_cast<double>(std::max<std::int64_t>(1, report.duration.count()));
  const std::uint64_t bytes = report.survey.data_bytes();
  return fmt::format("{} in {}, {}/s", human_size(bytes), human_duration(report.duration),
                     human_size(static_cast<std::uint64_t>(static_cast<double>(bytes) * 1000 / ms)));
}

std::string row(const PageCounts& pages, std::string_view name) {
  return fmt::format("  {:>10} {:>10} {:>10} {:>10} {:>13} {:>10}  {}\n", pages.verified, pages.encrypted,
                     pages.repaired, pages.unverified, pages.never_written, pages.damaged, name);
}

std::string table_of(const CheckReport& report) {
  std::string out = fmt::format("\n  {:>10} {:>10} {:>10} {:>10} {:>13} {:>10}  pages of\n", "verified", "encrypted",
                                "repaired", "unverified", "never written", "damaged");
  for (std::size_t i = 0; i < report.files.size(); ++i)
    if (const TablespaceFile& file = report.survey.files[i]; file.is_tablespace())
      out += row(report.files[i].pages, file.path.string());
  return out + row(report.pages(), fmt::format("all {} files: {}", report.files.size(), rate_text(report)));
}

std::vector<Error> all_reasons(const CheckReport& report) {
  std::vector<Error> reasons = report.problems;
  for (std::size_t i = 0; i < report.files.size(); ++i)
    std::ranges::move(reasons_of(report.survey.files[i], report.files[i], report.problems),
                      std::back_inserter(reasons));
  return reasons;
}

}  // namespace

std::string check_text(const CheckReport& report) {
  const DatadirSurvey& survey = report.survey;
  std::string out = fmt::format("{}\n", survey.options.datadir.string());
  out += line_of("server", survey.server_version.empty() ? "unknown" : survey.server_version);
  out += line_of("shutdown", shutdown_text(survey));
  if (!report.files.empty()) out += table_of(report);
  out += report.servable() ? "\n  can be served\n" : "\n  cannot be served:\n";
  out += list_of(all_reasons(report));
  if (survey.shutdown == Shutdown::unclean && !survey.crash && report.pages().damaged > 0)
    out +=
        "  pages that were torn by the crash are among the damaged ones, as nothing can be repaired without its log\n";
  return out;
}

}  // namespace donord
