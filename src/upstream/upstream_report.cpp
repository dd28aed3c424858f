#include "upstream/upstream_report.hpp"

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/printable.hpp"
#include "base/units.hpp"

namespace donord {

namespace {

using Json = nlohmann::ordered_json;

std::string line_of(std::string_view label, std::string_view value) {
  return fmt::format("  {:<16} {}\n", label, printable(value));
}

std::string redo_text(const ServerFacts& facts) {
  std::string text = facts.redo_log_enabled ? "enabled" : "disabled";
  if (facts.redo_log_uuid) text += fmt::format(", uuid 0x{:08x}", *facts.redo_log_uuid);
  if (facts.redo_log_capacity_bytes > 0)
    text += fmt::format(", capacity {}", human_size(facts.redo_log_capacity_bytes));
  return text + (facts.redo_log_encrypt ? ", encrypted" : "");
}

std::string keyring_text(const KeyringComponent& keyring) {
  return fmt::format("{}, {}{}{}", keyring.name, keyring.status, keyring.data_file.empty() ? "" : ", ",
                     keyring.data_file);
}

std::string process_text(const ServerFacts& facts) {
  const std::chrono::seconds up{std::min<std::uint64_t>(facts.uptime_seconds, UINT32_MAX)};
  return fmt::format("{}up for {}, pid file {}", facts.pid ? fmt::format("pid {}, ", *facts.pid) : "",
                     human_duration(up), facts.pid_file);
}

std::string log_status_text(const Result<LogStatus>& status) {
  if (!status) return line_of("logs", status.error().what);
  std::string out =
      line_of("LSNs", fmt::format("checkpoint {}, end of the redo log {}", status->checkpoint, status->lsn));
  if (!status->binary_log_file.empty())
    out += line_of("binary log", fmt::format("{}:{}", status->binary_log_file, status->binary_log_position));
  if (!status->gtid_executed.empty()) out += line_of("GTIDs", status->gtid_executed);
  return out;
}

std::string privileges_text(const PrivilegeCheck& check) {
  if (check.missing.empty()) return "\n  the account has all privileges that donord uses\n";
  std::string out = "\n  the account lacks\n";
  for (const MissingPrivilege& missing : check.missing)
    out += fmt::format("  - {} on {}{}: {}\n    {};\n", missing.privilege, missing.object,
                       missing.required ? "" : " (not required)", missing.purpose,
                       printable(grant_statement(missing, check.account)));
  return out;
}

std::string files_text(const Result<std::vector<UpstreamFile>>& files) {
  if (!files) return "\n" + line_of("files", files.error().what);
  std::string out = fmt::format("\n  {:>10}  {:<40} {}\n", "space", "tablespace", "path");
  for (const UpstreamFile& file : *files)
    out += fmt::format("  {:>10}  {:<40} {}\n", file.space, printable(file.tablespace), printable(file.path));
  return out;
}

std::string comparison_text(const FileComparison& comparison) {
  if (comparison.mismatches.empty())
    return fmt::format("\n  the {} files that were found are those of the server\n", comparison.found);
  std::string out = fmt::format("\n  the {} files that were found are not those of the server\n", comparison.found);
  for (const FileMismatch& mismatch : comparison.mismatches)
    out += fmt::format("  - {}\n", printable(to_text(mismatch)));
  return out;
}

Json json_of(const Error& error) {
  return {{"problem", {{"what", error.what}, {"hint", error.hint}}}};
}

Json json_of(const KeyringComponent& keyring) {
  return {{"component", keyring.name}, {"status", keyring.status}, {"data_file", keyring.data_file}};
}

Json json_of(const Result<LogStatus>& status) {
  if (!status) return json_of(status.error());
  return {{"lsn", status->lsn.value()},
          {"checkpoint_lsn", status->checkpoint.value()},
          {"binary_log_file", status->binary_log_file},
          {"binary_log_position", status->binary_log_position},
          {"gtid_executed", status->gtid_executed}};
}

Json json_of(const PrivilegeCheck& check) {
  Json missing = Json::array();
  for (const MissingPrivilege& one : check.missing)
    missing.push_back({{"privilege", one.privilege},
                       {"object", one.object},
                       {"purpose", one.purpose},
                       {"required", one.required},
                       {"grant", grant_statement(one, check.account)}});
  return missing;
}

Json json_of(const Result<std::vector<UpstreamFile>>& files) {
  if (!files) return json_of(files.error());
  Json json = Json::array();
  for (const UpstreamFile& file : *files)
    json.push_back({{"space_id", file.space.value()}, {"path", file.path}, {"tablespace", file.tablespace}});
  return json;
}

Json json_of(const FileComparison& comparison) {
  Json json = Json::array();
  for (const FileMismatch& mismatch : comparison.mismatches)
    json.push_back({{"kind", name_of(mismatch.kind)},
                    {"space_id", mismatch.space.value()},
                    {"found", mismatch.found},
                    {"server", mismatch.server}});
  return json;
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

}  // namespace

Result<UpstreamReport> read_upstream_report(UpstreamConnection& connection) {
  Result<ServerFacts> facts = read_server_facts(connection);
  if (!facts) return facts.error();
  Result<PrivilegeCheck> privileges = check_privileges(connection);
  if (!privileges) return privileges.error();
  UpstreamReport report{.name = connection.options().name(),
                        .tls = connection.tls(),
                        .facts = std::move(*facts),
                        .privileges = std::move(*privileges),
                        .log_status = read_log_status(connection),
                        .files = list_files(connection)};
  if (connection.lost()) return report.files.error();
  return report;
}

std::string upstream_text(const UpstreamReport& report, const FileComparison* comparison) {
  const ServerFacts& facts = report.facts;
  std::string out = fmt::format("{}\n", printable(report.name));
  out += line_of("server", fmt::format("{}, uuid {}", facts.version, facts.server_uuid));
  out += line_of("connection", report.tls.empty() ? "without TLS" : report.tls);
  out += line_of("account", report.privileges.account);
  out += line_of("process", process_text(facts));
  out += line_of("datadir", facts.datadir);
  for (const auto& [name, value] : facts.locations)
    if (!value.empty()) out += line_of("option", fmt::format("{}={}", name, value));
  out += line_of("page size", fmt::format("{}", facts.page_size_bytes));
  out += line_of("redo log", redo_text(facts));
  if (facts.keyring) out += line_of("keyring", keyring_text(*facts.keyring));
  out += line_of("replication", fmt::format("log_bin={}, gtid_mode={}", facts.log_bin ? "ON" : "OFF", facts.gtid_mode));
  out += log_status_text(report.log_status);
  out += files_text(report.files);
  if (comparison != nullptr) out += comparison_text(*comparison);
  return out + privileges_text(report.privileges);
}

std::string upstream_json(const UpstreamReport& report, const FileComparison* comparison) {
  const ServerFacts& facts = report.facts;
  Json json{{"kind", "server"},
            {"name", report.name},
            {"server_version", facts.version},
            {"server_uuid", facts.server_uuid},
            {"tls", report.tls},
            {"account", report.privileges.account},
            {"pid", or_null(facts.pid)},
            {"pid_file", facts.pid_file},
            {"uptime_seconds", facts.uptime_seconds},
            {"datadir", facts.datadir},
            {"locations", facts.locations},
            {"page_size", facts.page_size_bytes},
            {"redo_log",
             {{"enabled", facts.redo_log_enabled},
              {"uuid", or_null(facts.redo_log_uuid)},
              {"capacity_bytes", facts.redo_log_capacity_bytes},
              {"encrypt", facts.redo_log_encrypt}}},
            {"keyring", facts.keyring ? json_of(*facts.keyring) : Json(nullptr)},
            {"log_bin", facts.log_bin},
            {"gtid_mode", facts.gtid_mode},
            {"log_status", json_of(report.log_status)},
            {"files", json_of(report.files)},
            {"mismatches", comparison != nullptr ? json_of(*comparison) : Json(nullptr)},
            {"missing_privileges", json_of(report.privileges)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace donord
