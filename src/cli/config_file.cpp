#include "cli/config_file.hpp"

#include <sstream>
#include <toml++/toml.h>

#include "base/file.hpp"

namespace donord {
namespace {

constexpr std::uint64_t kMaxConfigBytes = 1024 * 1024;
constexpr std::uint64_t kMaxPasswordBytes = 4096;

Error wrong(const std::filesystem::path& path, const toml::node& node, std::string_view what) {
  return Error{Errc::usage, fmt::format("{}:{}: {}", path.string(), node.source().begin.line, what)};
}

Result<std::string> scalar(const std::filesystem::path& path, std::string_view key, const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
  if (const auto* flag = node.as_boolean()) return std::string{flag->get() ? "true" : "false"};
  return wrong(path, node, fmt::format("{} must be a string, a whole number or true/false", key));
}

Result<> add_option(ConfigFile& file, const std::filesystem::path& path, std::string_view key, const toml::node& node) {
  const auto add = [&](const toml::node& value) -> Result<> {
    const Result<std::string> text = scalar(path, key, value);
    if (!text) return text.error();
    file.arguments.push_back(fmt::format("--{}={}", key, *text));
    return {};
  };
  const toml::array* list = node.as_array();
  if (list == nullptr) return add(node);
  for (const toml::node& element : *list)
    if (Result<> added = add(element); !added) return added;
  return {};
}

Result<Credential> credential_of(const std::filesystem::path& path, const toml::table& table) {
  const auto password = table["password"].value<std::string>();
  const auto hash = table["password-hash"].value<std::string>();
  const auto file = table["password-file"].value<std::string>();
  if (password.has_value() + hash.has_value() + file.has_value() > 1)
    return wrong(path, table, "an account has one of password, password-hash and password-file");
  if (password) return credential_from_password(Secret{std::string_view{*password}});
  if (hash) return credential_from_hash(*hash);
  if (file) {
    const Result<Secret> secret = read_password_file(*file);
    if (!secret) return secret.error();
    return credential_from_password(*secret);
  }
  if (table["allow-empty-password"].value_or(false)) return Credential{NoPassword{}};
  return wrong(path, table, "an account needs a password, password-hash or password-file");
}

Result<ServerAccount> account_of(const std::filesystem::path& path, const toml::table& table) {
  for (const auto& [key, value] : table) {
    constexpr std::string_view kKnown[] = {
        "user", "hosts", "password", "password-hash", "password-file", "clone", "allow-empty-password"};
    if (std::find(std::begin(kKnown), std::end(kKnown), key.str()) == std::end(kKnown))
      return wrong(path, value, fmt::format("an account has no '{}'", key.str()));
  }
  ServerAccount account;
  account.user = table["user"].value_or(std::string{});
  account.allow_empty_password = table["allow-empty-password"].value_or(false);
  account.privilege = table["clone"].value_or(true) ? ClonePrivilege::backup_admin : ClonePrivilege::none;

  std::vector<std::string> hosts;
  if (const toml::array* list = table["hosts"].as_array())
    for (const toml::node& host : *list) hosts.push_back(host.value_or(std::string{}));
  else
    hosts.push_back(table["hosts"].value_or(std::string{"%"}));
  for (const std::string& host : hosts) {
    Result<HostPattern> pattern = HostPattern::parse(host);
    if (!pattern) return wrong(path, table, pattern.error().what);
    account.hosts.push_back(std::move(*pattern));
  }
  Result<Credential> credential = credential_of(path, table);
  if (!credential) return credential.error();
  account.credential = std::move(*credential);
  return account;
}

}  // namespace

Result<Secret> read_password_file(const std::filesystem::path& path) {
  Result<Bytes> content = read_file(path, kMaxPasswordBytes);
  if (!content) return content.error();
  const std::string_view text = as_text(*content);
  Secret secret{text.substr(0, text.find_first_of("\r\n"))};
  wipe(*content);
  if (secret.empty()) return Error{Errc::usage, fmt::format("password file {} is empty", path.string())};
  return secret;
}

Result<ConfigFile> read_config_file(const std::filesystem::path& path) {
  const Result<Bytes> content = read_file(path, kMaxConfigBytes);
  if (!content) return content.error();
  toml::table document;
  try {
    document = toml::parse(as_text(*content), path.string());
  } catch (const toml::parse_error& error) {
    return Error{Errc::usage, fmt::format("{}:{}: {}", path.string(), error.source().begin.line, error.description())};
  }
  ConfigFile file;
  for (const auto& [key, node] : document) {
    if (key.str() != "account") {
      if (Result<> added = add_option(file, path, key.str(), node); !added) return added.error();
      continue;
    }
    const toml::array* accounts = node.as_array();
    if (accounts == nullptr || !accounts->is_array_of_tables())
      return wrong(path, node, "accounts are written as [[account]]");
    for (const toml::node& element : *accounts) {
      Result<ServerAccount> account = account_of(path, *element.as_table());
      if (!account) return account.error();
      file.accounts.push_back(std::move(*account));
    }
  }
  return file;
}

}  // namespace donord
