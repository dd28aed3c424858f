#include "source/persisted_options.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "base/file.hpp"

namespace donord {

namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kMaxFileBytes = 1 << 20;
constexpr int kMaxDepth = 4;

/// The member "Value" of the object `name`. Servers differ in the groups they put such objects into, so all are tried.
std::optional<std::string> find_value(const Json& json, std::string_view name, int depth = 0) {
  if (!json.is_object() || depth > kMaxDepth) return std::nullopt;
  if (const auto found = json.find(name); found != json.end() && found->is_object())
    if (const auto value = found->find("Value"); value != found->end() && value->is_string())
      return value->get<std::string>();
  for (const Json& member : json)
    if (std::optional<std::string> value = find_value(member, name, depth + 1)) return value;
  return std::nullopt;
}

std::vector<std::filesystem::path> split_directories(std::string_view text) {
  std::vector<std::filesystem::path> directories;
  while (!text.empty()) {
    const std::string_view directory = text.substr(0, text.find(';'));
    if (!directory.empty()) directories.emplace_back(directory);
    text.remove_prefix(std::min(text.size(), directory.size() + 1));
  }
  return directories;
}

}  // namespace

Result<std::vector<std::string>> add_persisted_options(DatadirOptions& options) {
  std::vector<std::string> added;
  const std::filesystem::path path = options.datadir / "mysqld-auto.cnf";
  const Result<Bytes> content = read_file(path, kMaxFileBytes);
  if (!content && content.error().code == Errc::not_found) return added;
  if (!content) return content.error();
  if (content->empty()) return added;
  const Json json = Json::parse(content->begin(), content->end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded())
    return Error{Errc::malformed, fmt::format("{} is not JSON", path.string()),
                 "mysqld does not start with such a file either: restore or remove it"};

  const auto take = [&](std::string_view name, bool open, const auto& use) {
    const std::optional<std::string> value = open ? find_value(json, name) : std::nullopt;
    if (!value || value->empty()) return;
    use(*value);
    added.push_back(fmt::format("{}={}", name, *value));
  };
  const auto take_directory = [&](std::string_view name, std::filesystem::path& directory) {
    take(name, directory.empty(), [&directory](const std::string& value) { directory = value; });
  };
  take_directory("innodb_data_home_dir", options.innodb_data_home_dir);
  take("innodb_data_file_path", options.innodb_data_file_path == kDefaultDataFilePath,
       [&options](const std::string& value) { options.innodb_data_file_path = value; });
  take_directory("innodb_undo_directory", options.innodb_undo_directory);
  take_directory("innodb_log_group_home_dir", options.innodb_log_group_home_dir);
  take("innodb_directories", options.innodb_directories.empty(),
       [&options](const std::string& value) { options.innodb_directories = split_directories(value); });
  return added;
}

}  // namespace donord
