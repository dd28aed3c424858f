#include <nlohmann/json.hpp>

#include "source/inspect.hpp"

namespace donord {

namespace {

using Json = nlohmann::ordered_json;

Json lsn_json(const std::optional<Lsn>& lsn) {
  return lsn ? Json(lsn->value()) : Json(nullptr);
}

Json json_of(const Error& error) {
  return {{"what", error.what}, {"hint", error.hint}};
}

Json json_of(const TablespaceFile& file) {
  Json json{{"name", file.name},
            {"path", file.path.string()},
            {"role", name_of(file.role)},
            {"size_bytes", file.stamp.size_bytes},
            {"allocated_bytes", file.stamp.allocated_bytes}};
  if (!file.is_tablespace()) return json;
  json["space_id"] = file.space.value();
  json["flags"] = file.flags.value();
  json["page_size"] = file.format.logical_bytes;
  json["physical_page_size"] = file.format.physical_bytes;
  json["compression"] = name_of(file.compression);
  json["encrypted"] = file.encrypted();
  json["features"] = features_of(file);
  if (!file.page0) return json;
  json["header_pages"] = file.page0->fsp.size_pages;
  json["server_version"] = innodb::version_text(file.page0->server_version());
  return json;
}

Json json_of(const std::filesystem::path& path, std::uint64_t size_bytes, const Result<innodb::RedoFileStart>& start) {
  Json json{{"path", path.string()}, {"size_bytes", size_bytes}};
  if (!start) {
    json["problem"] = json_of(start.error());
    return json;
  }
  const innodb::RedoFileHeader& header = start->header;
  json["format"] = header.format;
  json["uuid"] = header.uuid;
  json["creator"] = header.creator;
  json["flags"] = header.flags;
  json["start_lsn"] = header.start_lsn.value();
  for (const std::optional<Lsn>& slot : start->checkpoints) json["checkpoints"].push_back(lsn_json(slot));
  json["encryption_info"] = start->has_encryption_info();
  return json;
}

Json json_of(const DatadirSurvey& survey) {
  Json json{{"kind", "datadir"},
            {"path", survey.options.datadir.string()},
            {"servable", survey.problems.empty()},
            {"options", Json::array()},
            {"notes", survey.options.notes},
            {"server_version", survey.server_version},
            {"page_size", survey.page_size_bytes},
            {"data_bytes", survey.data_bytes()},
            {"shutdown", name_of(survey.shutdown)},
            {"checkpoint_lsn", lsn_json(survey.redo.checkpoint)},
            {"end_lsn", lsn_json(survey.redo.end)},
            {"clean_shutdown_lsn", lsn_json(survey.flush_lsn)},
            {"fingerprint", fingerprint_of(survey)},
            {"files", Json::array()},
            {"redo_files", Json::array()},
            {"problems", Json::array()}};
  for (const OptionSetting& setting : survey.options.settings)
    json["options"].push_back({{"name", setting.name}, {"value", setting.value}, {"origin", setting.origin}});
  for (const TablespaceFile& file : survey.files) json["files"].push_back(json_of(file));
  for (const RedoSurvey::File& file : survey.redo.files)
    json["redo_files"].push_back(json_of(file.path, file.stamp.size_bytes, file.start));
  for (const Error& problem : survey.problems) json["problems"].push_back(json_of(problem));
  return json;
}

Json json_of(const TablespaceReport& report) {
  Json json{{"kind", "tablespace"}};
  json.update(json_of(report.file));
  json["newest_lsn"] = report.newest_lsn.value();
  json["pages"] = Json::object();
  for (const auto& [type, count] : report.pages_by_type) json["pages"][innodb::name_of(type)] = count;
  json["never_written_pages"] = report.never_written_pages;
  json["encrypted_pages"] = report.encrypted_pages;
  json["bad_pages"] = report.bad_pages;
  json["problems"] = report.problems;
  return json;
}

Json json_of(const RedoFileReport& report) {
  Json json{{"kind", "redo_file"}};
  json.update(json_of(report.path, report.size_bytes, report.start));
  return json;
}

}  // namespace

std::string inspect_json(const InspectReport& report) {
  const Json json = std::visit([](const auto& what) { return json_of(what); }, report);
  // File names are bytes, JSON is UTF-8.
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace donord
