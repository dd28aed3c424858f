#include "source/check.hpp"
#include "source/report_json.hpp"
#include "source/report_text.hpp"

namespace donord {

std::string check_json(const CheckReport& report) {
  const DatadirSurvey& survey = report.survey;
  ReportJson json{{"kind", "check"},
                  {"path", survey.options.datadir.string()},
                  {"servable", report.servable()},
                  {"in_use", report.in_use()},
                  {"server_version", survey.server_version},
                  {"shutdown", name_of(survey.shutdown)},
                  {"checkpoint_lsn", to_json(survey.redo.checkpoint)},
                  {"end_lsn", to_json(survey.redo.end)},
                  {"data_bytes", survey.data_bytes()},
                  {"milliseconds", report.duration.count()},
                  {"pages", to_json(report.pages())},
                  {"files", ReportJson::array()},
                  {"problems", ReportJson::array()}};
  for (std::size_t i = 0; i < report.files.size(); ++i) {
    ReportJson file = to_json(survey.files[i]);
    add_to_json(file, report.files[i]);
    json["files"].push_back(std::move(file));
  }
  for (const Error& problem : report.problems) json["problems"].push_back(to_json(problem));
  return dump(json);
}

}  // namespace donord
