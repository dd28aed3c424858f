#include "source/path_map.hpp"

#include <algorithm>
#include <filesystem>

namespace donord {

namespace {

/// Without ".", "..", doubled and trailing slashes.
std::string normalised(std::string_view text) {
  std::string path = std::filesystem::path{text}.lexically_normal().generic_string();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

Error refuse(std::string_view rule, std::string_view why) {
  return Error{Errc::usage, fmt::format("path map \"{}\": {}", rule, why),
               "write FROM=TO, such as /data1=/data2, or /data1=. for the recipient's data directory"};
}

}  // namespace

bool is_within(std::string_view name, std::string_view directory) {
  if (directory == "/") return name.starts_with('/');
  return name.starts_with(directory) && (name.size() == directory.size() || name[directory.size()] == '/');
}

Result<> PathMap::add(std::string_view rule) {
  const std::size_t equals = rule.find('=');
  if (equals == std::string_view::npos) return refuse(rule, "there is no '='");
  const std::string_view from = rule.substr(0, equals);
  const std::string_view to = rule.substr(equals + 1);
  if (!from.starts_with('/')) return refuse(rule, "FROM must be an absolute path");
  if (to.empty()) return refuse(rule, "TO is empty");
  if (rule.find('\0') != std::string_view::npos) return refuse(rule, "a path cannot have a NUL");
  Rule parsed{normalised(from), normalised(to)};
  if (is_within(parsed.to, "..")) return refuse(rule, "TO leads out of the recipient's data directory");
  if (std::ranges::find(rules_, parsed.from, &Rule::from) != rules_.end())
    return refuse(rule, "there is another rule for this FROM");
  rules_.push_back(std::move(parsed));
  return {};
}

const PathMap::Rule* PathMap::rule_for(std::string_view name) const {
  const Rule* longest = nullptr;
  for (const Rule& rule : rules_)
    if (is_within(name, rule.from) && (longest == nullptr || rule.from.size() > longest->from.size())) longest = &rule;
  return longest;
}

std::optional<std::string> PathMap::map(std::string_view name) const {
  const Rule* const rule = rule_for(name);
  if (rule == nullptr) return std::nullopt;
  const std::string_view rest = name.substr(rule->from.size());
  const std::string mapped = normalised(fmt::format("{}/{}", rule->to, rest));
  return mapped.starts_with('/') ? mapped : "./" + mapped;
}

}  // namespace donord
