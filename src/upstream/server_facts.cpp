#include "upstream/server_facts.hpp"

#include "upstream/text_number.hpp"

namespace donord {

namespace {

using Values = std::map<std::string, std::string, std::less<>>;

/// Both tables may be read by every account.
constexpr std::string_view kVariables =
    "SELECT LOWER(variable_name), variable_value FROM performance_schema.global_variables WHERE variable_name IN ("
    "'version', 'server_uuid', 'datadir', 'innodb_page_size', 'innodb_data_home_dir', 'innodb_data_file_path', "
    "'innodb_undo_directory', 'innodb_log_group_home_dir', 'innodb_directories', 'innodb_doublewrite_dir', "
    "'innodb_buffer_pool_filename', 'innodb_redo_log_capacity', 'innodb_redo_log_encrypt', 'log_bin', 'gtid_mode', "
    "'pid_file')";
constexpr std::string_view kStatus =
    "SELECT LOWER(variable_name), variable_value FROM performance_schema.global_status WHERE variable_name IN ("
    "'Uptime', 'Innodb_redo_log_enabled', 'Innodb_redo_log_uuid')";
constexpr std::string_view kPid = "SELECT thread_os_id FROM performance_schema.threads WHERE name = 'thread/sql/main'";
constexpr std::string_view kKeyring =
    "SELECT LOWER(status_key), status_value FROM performance_schema.keyring_component_status";

constexpr std::string_view kPlaces[] = {
    "innodb_data_home_dir", "innodb_data_file_path",       "innodb_undo_directory", "innodb_log_group_home_dir",
    "innodb_directories",   "innodb_buffer_pool_filename", "innodb_doublewrite_dir"};

Result<Values> read_values(UpstreamConnection& connection, std::string_view statement) {
  Result<std::vector<TextRow>> rows = connection.query(statement, 2);
  if (!rows) return rows.error();
  Values values;
  for (TextRow& row : *rows)
    if (row[0]) values.insert_or_assign(std::move(*row[0]), row[1].value_or(""));
  return values;
}

std::string text(const Values& values, std::string_view name) {
  const auto found = values.find(name);
  return found == values.end() ? std::string{} : found->second;
}

bool is_on(std::string_view value) {
  return value == "ON" || value == "1";
}

/// What an account without the right to it, or a server without the table, leaves unknown.
template <class T>
Result<std::optional<T>> if_possible(Result<std::optional<T>> found) {
  if (found || (found.error().code != Errc::denied && found.error().code != Errc::unsupported_version)) return found;
  return std::optional<T>{};
}

Result<std::optional<std::uint64_t>> read_pid(UpstreamConnection& connection) {
  const Result<std::vector<TextRow>> rows = connection.query(kPid, 1);
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<std::uint64_t>{};
  return number_of<std::uint64_t>(rows->front()[0]);
}

Result<std::optional<KeyringComponent>> read_keyring(UpstreamConnection& connection) {
  const Result<Values> values = read_values(connection, kKeyring);
  if (!values) return values.error();
  if (values->empty()) return std::optional<KeyringComponent>{};
  return std::optional{KeyringComponent{.name = text(*values, "component_name"),
                                        .status = text(*values, "component_status"),
                                        .data_file = text(*values, "data_file")}};
}

}  // namespace

Result<ServerFacts> read_server_facts(UpstreamConnection& connection) {
  const Result<Values> variables = read_values(connection, kVariables);
  if (!variables) return variables.error();
  const Result<Values> status = read_values(connection, kStatus);
  if (!status) return status.error();
  Result<std::optional<std::uint64_t>> pid = if_possible(read_pid(connection));
  if (!pid) return pid.error();
  Result<std::optional<KeyringComponent>> keyring = if_possible(read_keyring(connection));
  if (!keyring) return keyring.error();

  const auto page_size = number_of<std::uint32_t>(text(*variables, "innodb_page_size"));
  if (!page_size || !variables->contains("server_uuid"))
    return Error{Errc::unsupported_version, fmt::format("{}: a server of version '{}' that is not MySQL 8.0 or newer",
                                                        connection.options().name(), connection.server_version())};
  ServerFacts facts{.version = text(*variables, "version"),
                    .server_uuid = text(*variables, "server_uuid"),
                    .datadir = text(*variables, "datadir"),
                    .page_size_bytes = *page_size,
                    .uptime_seconds = number_of<std::uint64_t>(text(*status, "uptime")).value_or(0),
                    .redo_log_uuid = number_of<std::uint32_t>(text(*status, "innodb_redo_log_uuid")),
                    .redo_log_encrypt = is_on(text(*variables, "innodb_redo_log_encrypt")),
                    .log_bin = is_on(text(*variables, "log_bin")),
                    .gtid_mode = text(*variables, "gtid_mode"),
                    .pid_file = text(*variables, "pid_file"),
                    .pid = *pid,
                    .keyring = std::move(*keyring)};
  facts.redo_log_capacity_bytes = number_of<std::uint64_t>(text(*variables, "innodb_redo_log_capacity")).value_or(0);
  facts.redo_log_enabled = text(*status, "innodb_redo_log_enabled") != "OFF";  // absent before 8.0.21: always on
  for (const std::string_view place : kPlaces)
    if (variables->contains(place)) facts.locations.emplace(place, text(*variables, place));
  return facts;
}

}  // namespace donord
