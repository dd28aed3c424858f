#include "source/keyring_file.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "base/file.hpp"

namespace donord {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::uint64_t kMaxKeyringBytes = 4 << 20;
constexpr std::uint64_t kMaxConfigurationBytes = 64 << 10;
constexpr int kMaxDepth = 4;  // of what is of interest: file, elements, element, value
constexpr std::size_t kMaxNameBytes = 100;
constexpr std::string_view kVersion = "1.0";
constexpr std::string_view kNamePrefix = "INNODBKey-";
constexpr std::string_view kPluginMagic = "Keyring file version:";
constexpr std::string_view kComponent = "component_keyring_file";
constexpr std::string_view kOtherKeyrings = "component_keyring_";
constexpr std::string_view kManifest = "mysqld.my";

Error malformed(const fs::path& path, std::string_view problem) {
  return Error{Errc::malformed, fmt::format("keyring file {}: {}", path.string(), problem),
               "is it the data file of component_keyring_file, and all of it?"};
}

/// The text of the file, in memory for keys.
Result<LockedBytes> read_secret_file(const fs::path& path) {
  const Result<UniqueFd> fd = open_for_reading(path);
  if (!fd) return fd.error();
  struct stat status = {};
  if (::fstat(fd->get(), &status) != 0) return io_error("stat", path, errno);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > kMaxKeyringBytes)
    return Error{Errc::unavailable, fmt::format("keyring file {} has {} bytes, more than the {} allowed", path.string(),
                                                size, kMaxKeyringBytes)};
  LockedBytes text{size};
  if (Result<> read = read_exactly(*fd, path, 0, text.fill()); !read) return read.error();
  return text;
}

/// JSON without what is nested deeper than anything of interest, so that its size is bounded.
Json parse_json(ByteView text) {
  const auto keep = [](int depth, Json::parse_event_t, Json&) { return depth <= kMaxDepth; };
  return Json::parse(text.begin(), text.end(), keep, /*allow_exceptions=*/false);
}

/// A parsed keyring. Its strings are wiped with it; copies that the parser made on its way are not.
class ParsedSecrets {
 public:
  explicit ParsedSecrets(ByteView text) : json_(parse_json(text)) {}
  ParsedSecrets(const ParsedSecrets&) = delete;
  ParsedSecrets& operator=(const ParsedSecrets&) = delete;
  ~ParsedSecrets() { wipe(json_); }

  [[nodiscard]] const Json& json() const { return json_; }

 private:
  static void wipe(Json& json) {  // kMaxDepth bounds the recursion
    if (auto* text = json.get_ptr<std::string*>(); text != nullptr) ::explicit_bzero(text->data(), text->size());
    if (json.is_structured())
      for (Json& member : json) wipe(member);
  }

  Json json_;
};

/// The member of an object, when it is a string.
const std::string* string_member(const Json& object, std::string_view name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
}

std::optional<LockedBytes> from_hex(std::string_view digits, std::size_t bytes) {
  if (digits.size() != 2 * bytes) return std::nullopt;
  LockedBytes result{bytes};
  for (std::size_t i = 0; i < bytes; ++i) {
    const char* const pair = digits.data() + 2 * i;
    const auto [end, error] = std::from_chars(pair, pair + 2, result.fill()[i], 16);
    if (error != std::errc{} || end != pair + 2) return std::nullopt;
  }
  return result;
}

/// A server writes this file before it writes the keyring, and removes it after. At its next start it replaces the
/// keyring by what is in there, whole or not.
Result<> check_no_backup(const fs::path& path) {
  const fs::path backup = path.string() + ".backup";
  std::error_code error;
  const std::uintmax_t size = fs::file_size(backup, error);
  if (error || size == 0) return {};
  return Error{Errc::conflict,
               fmt::format("keyring file {}: a server was stopped while it wrote it and left {}", path.string(),
                           backup.string()),
               "see which of the two is whole; a server that starts takes the backup. Then remove the backup"};
}

/// A manifest or configuration file: one JSON object.
struct Configuration {
  Json object;

  [[nodiscard]] const std::string* text(std::string_view name) const { return string_member(object, name); }
  [[nodiscard]] bool is_true(std::string_view name) const {
    const auto found = object.find(name);
    return found != object.end() && found->is_boolean() && found->get<bool>();
  }
};

Result<Configuration> read_configuration(const fs::path& path) {
  const Result<Bytes> text = read_file(path, kMaxConfigurationBytes);
  if (!text) return text.error();
  Configuration configuration{parse_json(*text)};
  if (!configuration.object.is_object())
    return Error{Errc::malformed, fmt::format("{} is not a JSON object", path.string()),
                 "mysqld does not start with such a file either"};
  return configuration;
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

fs::path local_configuration(const fs::path& datadir) {
  return datadir / fmt::format("{}.cnf", kComponent);
}

/// `components` lists "file://name", separated by commas.
Result<> check_manifest(const fs::path& path) {
  const Result<Configuration> manifest = read_configuration(path);
  if (!manifest) return manifest.error();
  const std::string* const components = manifest->text("components");
  std::string_view left = components == nullptr ? std::string_view{} : *components;
  while (!left.empty()) {
    std::string_view component = left.substr(0, left.find(','));
    left.remove_prefix(std::min(left.size(), component.size() + 1));
    component.remove_prefix(component.rfind('/') + 1);
    if (component.starts_with(kOtherKeyrings) && component != kComponent)
      return Error{Errc::unsupported_version,
                   fmt::format("{} names the keyring {}, of which the keys cannot be read", path.string(), component),
                   "only keys of component_keyring_file can be: mysqld --keyring-migration-to-component copies them"};
  }
  return {};
}

}  // namespace

Result<KeyringFile> KeyringFile::read(const fs::path& path) {
  if (Result<> whole = check_no_backup(path); !whole) return whole.error();
  const Result<LockedBytes> text = read_secret_file(path);
  if (!text) return text.error();
  return parse(text->reveal(), path);
}

Result<KeyringFile> KeyringFile::parse(ByteView text, fs::path from) {
  KeyringFile keyring;
  keyring.path_ = std::move(from);
  const fs::path& path = keyring.path_;
  if (text.empty()) return keyring;  // a server that has no key yet
  if (as_text(text).starts_with(kPluginMagic))
    return Error{Errc::unsupported_version,
                 fmt::format("keyring file {} is one of the plugin keyring_file, expected component_keyring_file",
                             path.string()),
                 "mysqld --keyring-migration-to-component copies the keys"};

  const ParsedSecrets parsed{text};
  const Json& json = parsed.json();
  if (!json.is_object()) return malformed(path, "it is not a JSON object");
  const std::string* const version = string_member(json, "version");
  if (version == nullptr) return malformed(path, "it has no version");
  if (*version != kVersion)
    return Error{Errc::unsupported_version,
                 fmt::format("keyring file {} has version {:.20}, expected {}", path.string(), *version, kVersion)};
  const auto elements = json.find("elements");
  if (elements == json.end() || !elements->is_array()) return malformed(path, "it has no elements");

  for (const Json& element : *elements) {
    const std::string* const user = element.is_object() ? string_member(element, "user") : nullptr;
    const std::string* const name = element.is_object() ? string_member(element, "data_id") : nullptr;
    const std::string* const data = element.is_object() ? string_member(element, "data") : nullptr;
    if (user == nullptr || name == nullptr || data == nullptr)
      return malformed(path, "an element has no user, data_id or data");
    if (!user->empty() || !name->starts_with(kNamePrefix) || name->size() > kMaxNameBytes) continue;
    std::optional<LockedBytes> key = from_hex(*data, innodb::kMasterKeyBytes);
    if (!key)
      return malformed(path, fmt::format("the data of key {} is not {} hex digits but {} bytes", *name,
                                         2 * innodb::kMasterKeyBytes, data->size()));
    if (!keyring.keys_.try_emplace(*name, std::move(*key)).second)
      return malformed(path, fmt::format("it has key {} twice", *name));
  }
  return keyring;
}

Result<const LockedBytes*> KeyringFile::master_key(std::string_view server_uuid, std::uint32_t id) const {
  const std::string name = fmt::format("{}{}-{}", kNamePrefix, server_uuid, id);
  const auto found = keys_.find(name);
  if (found == keys_.end())
    return Error{Errc::not_found, fmt::format("keyring file {} does not have master key {}", path_.string(), name),
                 "take the keyring file of the server that wrote the directory, as new as the directory"};
  return &found->second;
}

Result<fs::path> configured_keyring_path(const fs::path& configuration, const fs::path& datadir) {
  fs::path source = configuration;
  Result<Configuration> content = read_configuration(source);
  if (content && content->is_true("read_local_config")) {
    source = local_configuration(datadir);
    content = read_configuration(source);
  }
  if (!content) return content.error();
  const std::string* const path = content->text("path");
  if (path == nullptr || path->empty())
    return Error{Errc::malformed, fmt::format("{} names no path of a keyring file", source.string())};
  return datadir / *path;
}

Result<std::optional<fs::path>> find_keyring_of(const fs::path& datadir) {
  if (const fs::path manifest = datadir / kManifest; exists(manifest))
    if (Result<> readable = check_manifest(manifest); !readable) return readable.error();
  const fs::path configuration = local_configuration(datadir);
  if (!is_there(configuration)) return std::optional<fs::path>{};
  Result<fs::path> path = configured_keyring_path(configuration, datadir);
  if (!path) return path.error();
  return std::optional<fs::path>{std::move(*path)};
}

Result<innodb::TablespaceKey> unwrap_with(const KeyringFile* keyring, const innodb::EncryptionInfo& info) {
  if (info.uses_bootstrap_key()) return innodb::unwrap(info, innodb::bootstrap_master_key());
  if (keyring == nullptr)
    return Error{Errc::not_found,
                 fmt::format("master key {} is needed, and there is no keyring", info.master_key_name()),
                 "give --keyring-file: the data file of the server's component_keyring_file"};
  const Result<const LockedBytes*> master_key = keyring->master_key(info.server_uuid, info.master_key_id);
  if (!master_key) return master_key.error();
  return innodb::unwrap(info, **master_key);
}

}  // namespace donord
