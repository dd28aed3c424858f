#include "cli/config_file.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <toml++/toml.h>

#include "base/file.hpp"

namespace donord {
namespace {

constexpr std::uint64_t kMaxConfigBytes = 1024 * 1024;
constexpr std::uint64_t kMaxPasswordBytes = 4096;

constexpr std::string_view kAccounts = "account";
constexpr auto kAccountKeys = std::to_array<std::string_view>(
    {"user", "hosts", "password", "password-hash", "password-file", "clone", "allow-empty-password"});

template <class Words>
bool is_one_of(std::string_view word, const Words& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

Error wrong(const std::filesystem::path& path, const toml::node& node, std::string_view what) {
  return Error{Errc::usage, fmt::format("{}:{}: {}", path.string(), node.source().begin.line, what)};
}

Result<std::string> scalar(const std::filesystem::path& path, std::string_view key, const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
  if (const auto* flag = node.as_boolean()) return std::string{flag->get() ? "true" : "false"};
  return wrong(path, node, fmt::format("{} must be a string, a whole number or true/false", key));
}

Error unknown_option(const std::filesystem::path& path, std::string_view key, const toml::node& node) {
  Error error = wrong(path, node, fmt::format("no option '{}'", key));
  if (is_one_of(key, kAccountKeys)) error.what += "; it belongs into [[account]]";
  if (key == "password") error.what += " or a --password-file";
  return error;
}

Result<> add_option(std::vector<std::string>& arguments, const std::filesystem::path& path, std::string_view key,
                    const toml::node& node) {
  const auto add = [&](const toml::node& value) -> Result<> {
    const Result<std::string> text = scalar(path, key, value);
    if (!text) return text.error();
    arguments.push_back(fmt::format("--{}={}", key, *text));
    return {};
  };
  const toml::array* list = node.as_array();
  if (list == nullptr) return add(node);
  for (const toml::node& element : *list)
    if (Result<> added = add(element); !added) return added;
  return {};
}

/// An account of the file, key by key.
class AccountReader {
 public:
  AccountReader(const std::filesystem::path& path, const toml::table& table) : path_(path), table_(table) {}

  Result<ServerAccount> read() const {
    for (const auto& [key, node] : table_)
      if (!is_one_of(key.str(), kAccountKeys))
        return wrong(path_, node, fmt::format("an account has no '{}'", key.str()));
    const Result<std::optional<std::string>> user = text("user");
    if (!user) return user.error();
    if (user->value_or("").empty()) return wrong(path_, table_, "an account needs a user");
    const Result<std::optional<bool>> clone = flag("clone");
    if (!clone) return clone.error();
    const Result<std::optional<bool>> allow_empty_password = flag("allow-empty-password");
    if (!allow_empty_password) return allow_empty_password.error();
    Result<std::vector<HostPattern>> hosts = read_hosts();
    if (!hosts) return hosts.error();
    Result<Credential> credential = read_credential(allow_empty_password->value_or(false));
    if (!credential) return credential.error();
    return ServerAccount{.user = **user,
                         .hosts = std::move(*hosts),
                         .credential = std::move(*credential),
                         .privilege = clone->value_or(true) ? ClonePrivilege::backup_admin : ClonePrivilege::none,
                         .allow_empty_password = allow_empty_password->value_or(false)};
  }

 private:
  template <class T>
  Result<std::optional<T>> value(std::string_view key, std::string_view kind) const {
    const toml::node* const node = table_.get(key);
    if (node == nullptr) return std::optional<T>{};
    if (const toml::value<T>* found = node->as<T>()) return std::optional<T>{found->get()};
    return wrong(path_, *node, fmt::format("{} must be {}", key, kind));
  }
  Result<std::optional<std::string>> text(std::string_view key) const { return value<std::string>(key, "a string"); }
  Result<std::optional<bool>> flag(std::string_view key) const { return value<bool>(key, "true or false"); }

  Result<std::vector<HostPattern>> read_hosts() const {
    const toml::node* const node = table_.get("hosts");
    if (node == nullptr) return std::vector<HostPattern>{*HostPattern::parse("%")};
    std::vector<HostPattern> hosts;
    const auto add = [&](const toml::node& element) -> Result<> {
      const toml::value<std::string>* const host = element.as_string();
      if (host == nullptr) return wrong(path_, element, "hosts must be a string or a list of strings");
      Result<HostPattern> pattern = HostPattern::parse(host->get());
      if (!pattern) return wrong(path_, element, pattern.error().what);
      hosts.push_back(std::move(*pattern));
      return {};
    };
    const toml::array* const list = node->as_array();
    if (list == nullptr) {
      if (Result<> added = add(*node); !added) return added.error();
      return hosts;
    }
    if (list->empty()) return wrong(path_, *node, "hosts is an empty list");
    for (const toml::node& element : *list)
      if (Result<> added = add(element); !added) return added.error();
    return hosts;
  }

  Result<Credential> read_credential(bool allow_empty_password) const {
    const Result<std::optional<std::string>> password = text("password");
    if (!password) return password.error();
    const Result<std::optional<std::string>> hash = text("password-hash");
    if (!hash) return hash.error();
    const Result<std::optional<std::string>> file = text("password-file");
    if (!file) return file.error();
    if (password->has_value() + hash->has_value() + file->has_value() > 1)
      return wrong(path_, table_, "an account has one of password, password-hash and password-file");
    if (*password) return located(credential_from_password(Secret{std::string_view{**password}}));
    if (*hash) return located(credential_from_hash(**hash));
    if (*file) {
      const Result<Secret> secret = read_password_file(**file);
      if (!secret) return secret.error();
      return credential_from_password(*secret);
    }
    if (allow_empty_password) return Credential{NoPassword{}};
    return wrong(path_, table_, "an account needs a password, password-hash or password-file");
  }

  Result<Credential> located(Result<Credential> credential) const {
    if (credential) return credential;
    return wrong(path_, table_, credential.error().what);
  }

  const std::filesystem::path& path_;
  const toml::table& table_;
};

/// What the parser says after the place may quote the file, and so a password without quotes: it is left out.
Result<toml::table> parse_file(const std::filesystem::path& path) {
  const Result<Bytes> content = read_file(path, kMaxConfigBytes);
  if (!content) return content.error();
  try {
    return toml::parse(as_text(*content), path.string());
  } catch (const toml::parse_error& error) {
    const toml::source_position at = error.source().begin;
    const std::string_view description = error.description();
    return Error{Errc::usage, fmt::format("{}:{}: column {}: {}", path.string(), at.line, at.column,
                                          description.substr(0, description.find(':')))};
  }
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

Result<std::vector<std::string>> read_config_arguments(const std::filesystem::path& path,
                                                       std::span<const std::string> wanted,
                                                       std::span<const std::string> other_options) {
  const Result<toml::table> document = parse_file(path);
  if (!document) return document.error();
  std::vector<std::string> arguments;
  for (const auto& [key, node] : *document) {
    if (key.str() == kAccounts) continue;
    if (!is_one_of(key.str(), wanted)) {
      if (is_one_of(key.str(), other_options)) continue;
      return unknown_option(path, key.str(), node);
    }
    if (Result<> added = add_option(arguments, path, key.str(), node); !added) return added.error();
  }
  return arguments;
}

Result<std::vector<ServerAccount>> read_config_accounts(const std::filesystem::path& path) {
  const Result<toml::table> document = parse_file(path);
  if (!document) return document.error();
  std::vector<ServerAccount> accounts;
  const toml::node* const node = document->get(kAccounts);
  if (node == nullptr) return accounts;
  const toml::array* const tables = node->as_array();
  if (tables == nullptr || !tables->is_array_of_tables())
    return wrong(path, *node, "accounts are written as [[account]]");
  for (const toml::node& element : *tables) {
    Result<ServerAccount> account = AccountReader{path, *element.as_table()}.read();
    if (!account) return account.error();
    accounts.push_back(std::move(*account));
  }
  return accounts;
}

}  // namespace donord
