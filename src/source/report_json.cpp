#include "source/report_json.hpp"

namespace donord {

ReportJson to_json(const std::optional<Lsn>& lsn) {
  return lsn ? ReportJson(lsn->value()) : ReportJson(nullptr);
}

ReportJson to_json(const Error& error) {
  return {{"what", error.what}, {"hint", error.hint}};
}

ReportJson to_json(const PageCounts& pages) {
  return {{"verified", pages.verified},     {"encrypted", pages.encrypted},         {"repaired", pages.repaired},
          {"unverified", pages.unverified}, {"never_written", pages.never_written}, {"damaged", pages.damaged}};
}

ReportJson to_json(const TablespaceFile& file) {
  ReportJson json{{"name", file.name},
                  {"path", file.path.string()},
                  {"role", name_of(file.role)},
                  {"size_bytes", file.stamp.size_bytes}};
  if (file.is_tablespace()) json["space_id"] = file.space.value();
  return json;
}

void add_to_json(ReportJson& json, const FileCheck& check) {
  json["pages"] = to_json(check.pages);
  json["page_types"] = ReportJson::object();
  for (const auto& [type, count] : check.types) json["page_types"][innodb::name_of(type)] = count;
  json["newest_lsn"] = check.newest_lsn.value();
  json["damage"] = ReportJson::array();
  for (const Damage& damage : check.damage) {
    ReportJson one{{"page", damage.page ? ReportJson(damage.page->value()) : ReportJson(nullptr)}};
    one.update(to_json(damage.error));
    json["damage"].push_back(std::move(one));
  }
  json["damaged_pages_not_listed"] = check.damaged_pages_not_listed();
}

std::string dump(const ReportJson& json) {
  return json.dump(2, ' ', false, ReportJson::error_handler_t::replace);
}

}  // namespace donord
