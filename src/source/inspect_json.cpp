#include "source/inspect.hpp"
#include "source/report_json.hpp"
#include "source/report_text.hpp"

namespace donord {

namespace {

ReportJson strings_of(const std::vector<std::filesystem::path>& paths) {
  ReportJson json = ReportJson::array();
  for (const std::filesystem::path& path : paths) json.push_back(path.string());
  return json;
}

ReportJson encryption_of(const innodb::EncryptionInfo& info, bool key_at_hand) {
  return {{"master_key_id", info.master_key_id}, {"server_uuid", info.server_uuid}, {"key_at_hand", key_at_hand}};
}

ReportJson describe(const TablespaceFile& file) {
  ReportJson json = to_json(file);
  json["allocated_bytes"] = file.stamp.allocated_bytes;
  if (!file.is_tablespace()) return json;
  json["flags"] = file.flags.value();
  json["page_size"] = file.format.logical_bytes;
  json["physical_page_size"] = file.format.physical_bytes;
  json["compression"] = name_of(file.compression);
  json["encrypted"] = file.encrypted();
  if (file.encryption_info) json["encryption"] = encryption_of(*file.encryption_info, file.cipher != nullptr);
  json["features"] = features_of(file);
  if (!file.page0) return json;
  json["page0_restored"] = file.replaced_page0 != nullptr;
  json["header_pages"] = file.page0->fsp.size_pages;
  json["server_version"] = innodb::version_text(file.page0->server_version());
  return json;
}

/// `key_at_hand` is not known of a file that stands alone.
ReportJson describe(const std::filesystem::path& path, std::uint64_t size_bytes,
                    const Result<innodb::RedoFileStart>& start, bool key_at_hand) {
  ReportJson json{{"path", path.string()}, {"size_bytes", size_bytes}};
  if (!start) {
    json["problem"] = to_json(start.error());
    return json;
  }
  const innodb::RedoFileHeader& header = start->header;
  json["format"] = header.format;
  json["uuid"] = header.uuid;
  json["creator"] = header.creator;
  json["flags"] = header.flags;
  json["start_lsn"] = header.start_lsn.value();
  for (const std::optional<Lsn>& slot : start->checkpoints) json["checkpoints"].push_back(to_json(slot));
  if (const auto info = encryption_info_of(*start); info && *info)
    json["encryption"] = encryption_of(**info, key_at_hand);
  else if (info)
    json["encryption"] = {{"problem", to_json(info->error())}};
  return json;
}

ReportJson describe(const RedoAnalysis& analysis) {
  ReportJson json{{"records", analysis.counts.records},
                  {"groups", analysis.counts.groups},
                  {"complete_until_lsn", analysis.complete_until.value()},
                  {"dynamic_metadata_records", analysis.dynamic_metadata_records},
                  {"index_load_records", analysis.index_load_records},
                  {"key_records", analysis.encryption_writes.size()},
                  {"tablespaces", ReportJson::array()}};
  for (const auto& [id, space] : analysis.spaces)
    json["tablespaces"].push_back({{"space_id", id.value()},
                                   {"first_lsn", space.first.value()},
                                   {"path", space.path},
                                   {"created", space.created},
                                   {"dropped", space.deleted}});
  return json;
}

ReportJson describe(const CrashDecisions& decisions) {
  const DecidedTransactions& decided = decisions.decided;
  ReportJson json{{"count", decisions.prepared},        {"binary_log", nullptr},
                  {"committed", decided.committed},     {"kept", decided.prepared},
                  {"rolled_back", decided.rolled_back}, {"undecided", decided.undecided},
                  {"gtid_logs", decided.gtid_logs}};
  if (decisions.binary_log) json["binary_log"] = decisions.binary_log->string();
  if (decisions.warning) json["warning"] = to_json(*decisions.warning);
  return json;
}

ReportJson describe(const Result<DoublewriteReport>& doublewrite) {
  if (!doublewrite) return {{"problem", to_json(doublewrite.error())}};
  return {{"files", strings_of(doublewrite->files)},
          {"copies", doublewrite->copies},
          {"copies_since_checkpoint", doublewrite->copies_since_checkpoint}};
}

ReportJson describe(const DatadirReport& report) {
  const DatadirSurvey& survey = report.survey;
  ReportJson json{{"kind", "datadir"},
                  {"path", survey.options.datadir.string()},
                  {"servable", survey.problems.empty()},
                  {"in_use", survey.in_use},
                  {"options", ReportJson::array()},
                  {"notes", survey.options.notes},
                  {"server_version", survey.server_version},
                  {"page_size", survey.page_size_bytes},
                  {"data_bytes", survey.data_bytes()},
                  {"shutdown", name_of(survey.shutdown)},
                  {"checkpoint_lsn", to_json(survey.redo.checkpoint)},
                  {"end_lsn", to_json(survey.redo.end)},
                  {"clean_shutdown_lsn", to_json(survey.flush_lsn)},
                  {"recovery", survey.crash ? describe(survey.crash->analysis()) : ReportJson(nullptr)},
                  {"prepared_transactions", survey.decisions ? describe(*survey.decisions) : ReportJson(nullptr)},
                  {"doublewrite", describe(report.doublewrite)},
                  {"keyring_file", nullptr},
                  {"fingerprint", fingerprint_of(survey)},
                  {"files", ReportJson::array()},
                  {"ignored_files", survey.ignored_files},
                  {"redo_files", ReportJson::array()},
                  {"problems", ReportJson::array()}};
  if (report.keyring_file) json["keyring_file"] = report.keyring_file->string();
  for (const OptionSetting& setting : survey.options.settings)
    json["options"].push_back({{"name", setting.name}, {"value", setting.value}, {"origin", setting.origin}});
  for (std::size_t i = 0; i < survey.files.size(); ++i) {
    ReportJson file = describe(survey.files[i]);
    if (i < report.pages.size()) add_to_json(file, report.pages[i]);
    json["files"].push_back(std::move(file));
  }
  for (const RedoSurvey::File& file : survey.redo.files)
    json["redo_files"].push_back(describe(file.path, file.stamp.size_bytes, file.start, survey.redo.cipher != nullptr));
  for (const Error& problem : survey.problems) json["problems"].push_back(to_json(problem));
  return json;
}

ReportJson describe(const TablespaceReport& report) {
  ReportJson json{{"kind", "tablespace"}};
  json.update(describe(report.file));
  add_to_json(json, report.pages);
  json["problems"] = ReportJson::array();
  for (const Error& problem : report.problems) json["problems"].push_back(to_json(problem));
  return json;
}

ReportJson describe(const RedoFileReport& report) {
  ReportJson json{{"kind", "redo_file"}};
  json.update(describe(report.path, report.size_bytes, report.start, false));
  return json;
}

}  // namespace

std::string inspect_json(const InspectReport& report) {
  return dump(std::visit([](const auto& what) { return describe(what); }, report));
}

}  // namespace donord
