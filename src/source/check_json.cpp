#include <nlohmann/json.hpp>

#include "source/check.hpp"
#include "source/inspect.hpp"

namespace donord {

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const std::optional<Lsn>& lsn) {
  return lsn ? Json(lsn->value()) : Json(nullptr);
}

Json json_of(const Error& error) {
  return {{"what", error.what}, {"hint", error.hint}};
}

Json json_of(const PageCounts& pages) {
  return {{"verified", pages.verified},     {"encrypted", pages.encrypted},         {"repaired", pages.repaired},
          {"unverified", pages.unverified}, {"never_written", pages.never_written}, {"damaged", pages.damaged}};
}

Json json_of(const TablespaceFile& file, const FileCheck& check) {
  Json json{{"name", file.name},
            {"path", file.path.string()},
            {"role", name_of(file.role)},
            {"size_bytes", file.stamp.size_bytes}};
  if (file.is_tablespace()) {
    json["space_id"] = file.space.value();
    json["pages"] = json_of(check.pages);
  }
  json["damage"] = Json::array();
  for (const Damage& damage : check.damage) {
    Json one = json_of(damage.error);
    one["page"] = damage.page ? Json(damage.page->value()) : Json(nullptr);
    json["damage"].push_back(std::move(one));
  }
  json["damaged_pages_not_listed"] = check.damaged_pages_not_listed();
  return json;
}

}  // namespace

std::string check_json(const CheckReport& report) {
  const DatadirSurvey& survey = report.survey;
  Json json{{"kind", "check"},
            {"path", survey.options.datadir.string()},
            {"servable", report.servable()},
            {"in_use", report.in_use()},
            {"server_version", survey.server_version},
            {"shutdown", name_of(survey.shutdown)},
            {"checkpoint_lsn", json_of(survey.redo.checkpoint)},
            {"end_lsn", json_of(survey.redo.end)},
            {"data_bytes", survey.data_bytes()},
            {"milliseconds", report.duration.count()},
            {"pages", json_of(report.pages())},
            {"files", Json::array()},
            {"problems", Json::array()}};
  for (std::size_t i = 0; i < report.files.size(); ++i)
    json["files"].push_back(json_of(survey.files[i], report.files[i]));
  for (const Error& problem : report.problems) json["problems"].push_back(json_of(problem));
  // File names are bytes, JSON is UTF-8.
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace donord
