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

constexpr std::string_view kFileName = "mysqld-auto.cnf";

void note_override(DatadirOptions& options, const OptionSetting& given, const std::string& persisted) {
  if (given.rank != OptionRank::given || given.value == persisted) return;
  options.notes.push_back(fmt::format("{}; a server would use {} of {}", to_text(given), persisted, kFileName));
}

}  // namespace

Result<> add_persisted_options(DatadirOptions& options) {
  const std::filesystem::path path = options.datadir / kFileName;
  const Result<Bytes> content = read_file(path, kMaxFileBytes);
  if (!content && content.error().code == Errc::not_found) return {};
  if (!content) return content.error();
  if (content->empty()) return {};
  const Json json = Json::parse(content->begin(), content->end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded())
    return Error{Errc::malformed, fmt::format("{} is not JSON", path.string()),
                 "mysqld does not start with such a file either: restore or remove it"};

  for (const std::string_view name : location_options()) {
    const std::optional<std::string> value = find_value(json, name);
    if (!value || name == "datadir") continue;  // it is in the datadir
    if (const OptionSetting* const before = options.setting(name)) note_override(options, *before, *value);
    Result<> applied = apply_setting(
        options,
        {.name = std::string{name}, .value = *value, .rank = OptionRank::persisted, .origin = std::string{kFileName}});
    if (!applied) return applied;
  }
  return {};
}

}  // namespace donord
