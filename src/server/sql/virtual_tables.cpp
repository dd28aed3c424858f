#include "server/sql/virtual_tables.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/units.hpp"
#include "server/sql/lexer.hpp"

namespace donord::sql {
namespace {

constexpr std::array<std::string_view, 2> kDatabases = {"information_schema", "performance_schema"};
constexpr std::string_view kPluginVersion = "1.0";

std::vector<Column> texts(std::initializer_list<std::string_view> names) {
  std::vector<Column> columns;
  for (const std::string_view name : names) columns.push_back({std::string{name}, ValueKind::text});
  return columns;
}

void make_numbers(Table& table, std::initializer_list<std::string_view> names) {
  for (Column& column : table.columns)
    if (std::find(names.begin(), names.end(), column.name) != names.end()) column.kind = ValueKind::number;
}

Table plugins_table(const SqlContext& context) {
  Table table{.columns = texts({"PLUGIN_NAME", "PLUGIN_VERSION", "PLUGIN_STATUS", "PLUGIN_TYPE", "PLUGIN_TYPE_VERSION",
                                "PLUGIN_LIBRARY", "PLUGIN_LIBRARY_VERSION", "PLUGIN_AUTHOR", "PLUGIN_DESCRIPTION",
                                "PLUGIN_LICENSE", "LOAD_OPTION"})};
  for (const SqlPlugin& plugin : context.plugins) {
    const TextValue library_version = plugin.library ? TextValue{std::string{kPluginVersion}} : std::nullopt;
    table.rows.push_back({plugin.name, std::string{kPluginVersion}, "ACTIVE", plugin.type, std::string{kPluginVersion},
                          plugin.library, library_version, "donord", plugin.name, "GPL",
                          plugin.library ? "ON" : "FORCE"});
  }
  return table;
}

std::string_view state_of(const SessionRecord& session) {
  switch (session.end.result) {
    case SessionResult::in_progress:
      return "In Progress";
    case SessionResult::completed:
      return "Completed";
    case SessionResult::failed:
    case SessionResult::interrupted:
      return "Failed";
  }
  return "Failed";
}

TextValue time_or_null(const std::optional<std::int64_t>& ms, std::string_view more_digits) {
  if (!ms) return std::nullopt;
  return utc_time(*ms) + std::string{more_digits};
}

/// The columns as on a recipient, seen from the donor: the source is what was served, the destination who got it. What
/// a donor does not know of its recipient (binary log, GTIDs) is empty.
/// Source: docs/wire-and-clone-rpc.md, "performance_schema".
Table clone_status_table(const SqlContext& context) {
  Table table{.columns = texts({"ID", "PID", "STATE", "BEGIN_TIME", "END_TIME", "SOURCE", "DESTINATION", "ERROR_NO",
                                "ERROR_MESSAGE", "BINLOG_FILE", "BINLOG_POSITION", "GTID_EXECUTED"})};
  make_numbers(table, {"ID", "PID", "ERROR_NO", "BINLOG_POSITION"});
  if (!context.last_session) return table;
  const SessionRecord& session = *context.last_session;
  table.rows.push_back({"1", "0", std::string{state_of(session)}, utc_time(session.begin_ms),
                        time_or_null(session.end_ms, ""), session.opened.source, session.opened.host,
                        fmt::to_string(session.end.error_number), session.end.error_text, "", "0", ""});
  return table;
}

struct ProgressRow {
  std::string_view name;
  std::optional<SessionStage> stage;  ///< none: happens on the recipient, out of the donor's sight
};
constexpr std::array<ProgressRow, 7> kProgressRows = {{{"DROP DATA", SessionStage::init},
                                                       {"FILE COPY", SessionStage::file_copy},
                                                       {"PAGE COPY", SessionStage::page_copy},
                                                       {"REDO COPY", SessionStage::redo_copy},
                                                       {"FILE SYNC", SessionStage::done},
                                                       {"RESTART", std::nullopt},
                                                       {"RECOVERY", std::nullopt}}};

std::string per_second(std::uint64_t bytes, std::int64_t ms) {
  if (ms <= 0) return "0";
  return fmt::format("{:.0f}", static_cast<double>(bytes) * 1000.0 / static_cast<double>(ms));
}

TextRow progress_row(const ProgressRow& row, const SessionRecord& session, std::int64_t now_ms) {
  const auto begun = std::find_if(session.stages.begin(), session.stages.end(),
                                  [&](const StageRecord& stage) { return stage.stage == row.stage; });
  if (begun == session.stages.end())
    return {"1", std::string{row.name}, "Not Started", {}, {}, "0", "0", "0", "0", "0", "0"};
  const StageRecord& stage = *begun;
  const StageCounters& counters = stage.counters;
  const std::int64_t took_ms = stage.end_ms.value_or(session.end_ms.value_or(now_ms)) - stage.begin_ms;
  const std::string_view state = stage.end_ms ? "Completed" : state_of(session);
  return {"1",
          std::string{row.name},
          std::string{state},
          time_or_null(stage.begin_ms, "000"),
          time_or_null(stage.end_ms, "000"),
          fmt::to_string(counters.threads),
          fmt::to_string(stage.estimate_bytes),
          fmt::to_string(counters.data_bytes),
          fmt::to_string(counters.network_bytes),
          per_second(counters.data_bytes, took_ms),
          per_second(counters.network_bytes, took_ms)};
}

Table clone_progress_table(const SqlContext& context) {
  Table table{.columns = texts({"ID", "STAGE", "STATE", "BEGIN_TIME", "END_TIME", "THREADS", "ESTIMATE", "DATA",
                                "NETWORK", "DATA_SPEED", "NETWORK_SPEED"})};
  make_numbers(table, {"ID", "THREADS", "ESTIMATE", "DATA", "NETWORK", "DATA_SPEED", "NETWORK_SPEED"});
  if (!context.last_session) return table;
  for (const ProgressRow& row : kProgressRows)
    table.rows.push_back(progress_row(row, *context.last_session, context.now_ms));
  return table;
}

Table name_and_value() {
  return Table{.columns = texts({"VARIABLE_NAME", "VARIABLE_VALUE"})};
}

struct KnownTable {
  std::string_view schema;
  std::string_view name;
  Table (*make)(const SqlContext& context);
};
constexpr std::array<KnownTable, 8> kTables = {{{"information_schema", "PLUGINS", plugins_table},
                                                {"performance_schema", "clone_status", clone_status_table},
                                                {"performance_schema", "clone_progress", clone_progress_table},
                                                {"performance_schema", "global_variables", variables_table},
                                                {"performance_schema", "session_variables", variables_table},
                                                {"performance_schema", "global_status", status_table},
                                                {"performance_schema", "session_status", status_table},
                                                {"performance_schema", "processlist", process_table}}};

}  // namespace

std::span<const std::string_view> databases() {
  return kDatabases;
}

bool is_database(std::string_view name) {
  return std::any_of(kDatabases.begin(), kDatabases.end(),
                     [name](std::string_view known) { return same_word(known, name); });
}

std::optional<Table> virtual_table(std::string_view schema, std::string_view name, const SqlContext& context) {
  const auto* const known = std::find_if(kTables.begin(), kTables.end(), [&](const KnownTable& table) {
    return same_word(table.schema, schema) && same_word(table.name, name);
  });
  if (known == kTables.end()) return std::nullopt;
  Table table = known->make(context);
  table.schema = known->schema;
  table.name = known->name;
  return table;
}

Table variables_table(const SqlContext& context) {
  Table table = name_and_value();
  for (const auto& [name, variable] : context.variables)
    table.rows.push_back({name, variable.value.value_or(std::string{})});
  return table;
}

Table status_table(const SqlContext& context) {
  Table table = name_and_value();
  table.rows = {{"Ssl_cipher", context.tls_cipher},
                {"Ssl_version", context.tls_version},
                {"Threads_connected", fmt::to_string(context.processes.size())},
                {"Threads_running",
                 fmt::to_string(std::count_if(context.processes.begin(), context.processes.end(),
                                              [](const SqlProcess& process) { return process.command != "Sleep"; }))},
                {"Uptime", fmt::to_string(context.uptime.count())}};
  return table;
}

Table process_table(const SqlContext& context) {
  Table table{.columns = texts({"ID", "USER", "HOST", "DB", "COMMAND", "TIME", "STATE", "INFO"})};
  make_numbers(table, {"ID", "TIME"});
  for (const SqlProcess& process : context.processes) {
    if (process.user != context.account.user) continue;
    const TextValue database = process.database.empty() ? TextValue{} : TextValue{process.database};
    table.rows.push_back({fmt::to_string(process.id), process.user, process.host, database, process.command,
                          fmt::to_string(process.time.count()), "", std::nullopt});
  }
  return table;
}

}  // namespace donord::sql
