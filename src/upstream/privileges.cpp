#include "upstream/privileges.hpp"

#include <algorithm>
#include <array>

namespace donord {

namespace {

/// A statement that fails without the privilege, and does nothing with it.
struct Probe {
  std::string_view privilege;
  std::string_view object;
  std::string_view purpose;
  bool required;
  std::string_view statement;
  std::size_t columns;
};

constexpr auto kProbes = std::to_array<Probe>({
    {"BACKUP_ADMIN", "*.*", "LOCK INSTANCE FOR BACKUP, keeping redo, the log status", true, "UNLOCK INSTANCE", 0},
    {"PROCESS", "*.*", "the list of files", true, "SELECT 1 FROM information_schema.files LIMIT 0", 1},
    {"SELECT", "performance_schema.log_status", "the log status", true,
     "SELECT 1 FROM performance_schema.log_status LIMIT 0", 1},
    {"SELECT", "performance_schema.keyring_component_status", "which keyring is in use", false,
     "SELECT 1 FROM performance_schema.keyring_component_status LIMIT 0", 1},
    {"SELECT", "performance_schema.threads", "the server's process id", false,
     "SELECT 1 FROM performance_schema.threads LIMIT 0", 1},
});

/// "it's" is 'it''s'.
std::string quoted_name(std::string_view name) {
  std::string out = "'";
  for (const char c : name) {
    if (c == '\'' || c == '\\') out += c;
    out += c;
  }
  return out + "'";
}

Result<std::string> read_account(UpstreamConnection& connection) {
  const Result<std::vector<TextRow>> rows = connection.query("SELECT CURRENT_USER()", 1);
  if (!rows) return rows.error();
  const std::string account = rows->empty() ? "" : rows->front()[0].value_or("");
  const std::size_t at = account.rfind('@');
  if (at == std::string::npos) return quoted_name(account);
  return fmt::format("{}@{}", quoted_name(account.substr(0, at)), quoted_name(account.substr(at + 1)));
}

}  // namespace

bool PrivilegeCheck::sufficient() const {
  return std::ranges::none_of(missing, &MissingPrivilege::required);
}

Result<PrivilegeCheck> check_privileges(UpstreamConnection& connection) {
  const Result<std::string> account = read_account(connection);
  if (!account) return account.error();
  PrivilegeCheck check{.account = *account, .missing = {}};
  for (const Probe& probe : kProbes) {
    const Result<std::vector<TextRow>> tried = connection.query(probe.statement, probe.columns);
    if (tried) continue;
    if (tried.error().code == Errc::denied)
      check.missing.push_back({.privilege = std::string{probe.privilege},
                               .object = std::string{probe.object},
                               .purpose = std::string{probe.purpose},
                               .required = probe.required});
    else if (tried.error().code != Errc::unsupported_version)  // a table that this server does not have
      return tried.error();
  }
  return check;
}

std::string grant_statement(const MissingPrivilege& missing, std::string_view account) {
  return fmt::format("GRANT {} ON {} TO {}", missing.privilege, missing.object, account);
}

Error privileges_error(const PrivilegeCheck& check) {
  std::string names;
  std::string grants;
  for (const MissingPrivilege& missing : check.missing) {
    if (!missing.required) continue;
    const std::string_view separator = names.empty() ? "" : ", ";
    names += fmt::format("{}{} on {} ({})", separator, missing.privilege, missing.object, missing.purpose);
    grants += fmt::format("{}; ", grant_statement(missing, check.account));
  }
  return Error{
      Errc::denied, fmt::format("the account {} lacks {}", check.account, names),
      fmt::format("on the server: {}", grants.substr(0, grants.size() - std::min(grants.size(), std::size_t{1})))};
}

}  // namespace donord
