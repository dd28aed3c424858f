#include "source/data_file_path.hpp"

#include <algorithm>

#include "base/units.hpp"

namespace donord {

namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

Error refuse(std::string_view text, std::string_view why) {
  return Error{Errc::usage, fmt::format("innodb_data_file_path \"{}\": {}", text, why),
               "give the value that the server uses, such as \"ibdata1:12M;ibdata2:50M:autoextend\""};
}

}  // namespace

Result<std::vector<SystemFileSpec>> parse_data_file_path(std::string_view text) {
  std::vector<SystemFileSpec> files;
  for (const std::string_view entry : split(text, ';')) {
    if (!files.empty() && files.back().autoextend) return refuse(text, "only the last file can be autoextend");
    const std::vector<std::string_view> parts = split(entry, ':');
    if (parts.size() < 2 || parts[0].empty()) return refuse(text, "every file needs a name and a size");

    SystemFileSpec file{.path = parts[0]};
    std::string_view size = parts[1];
    for (const std::string_view raw : {"newraw", "raw"})
      if (size.ends_with(raw)) return refuse(text, "raw devices are not supported");
    const Result<std::uint64_t> bytes = parse_size(size);
    if (!bytes || *bytes == 0) return refuse(text, fmt::format("\"{}\" is not a size", size));
    file.size_bytes = *bytes;

    const auto has = [&parts](std::size_t i, std::string_view word) { return parts.size() > i && parts[i] == word; };
    file.autoextend = has(2, "autoextend");
    const bool has_max = file.autoextend && has(3, "max") && parts.size() == 5 && parse_size(parts[4]);
    if (has_max) file.max_bytes = *parse_size(parts[4]);
    if (parts.size() != (has_max ? 5U : file.autoextend ? 3U : 2U))
      return refuse(text, fmt::format("\"{}\" has an unknown attribute", entry));
    files.push_back(std::move(file));
  }
  return files;
}

Result<> check_size(const SystemFileSpec& spec, const std::filesystem::path& path, std::uint64_t size_bytes) {
  constexpr std::uint64_t kMiB = 1 << 20;
  const auto refuse_size = [&](std::string_view expected, std::uint64_t bytes) {
    return Error{Errc::conflict,
                 fmt::format("{} has {} MiB, innodb_data_file_path says {} {} MiB", path.string(), size_bytes / kMiB,
                             expected, bytes / kMiB),
                 "give innodb_data_file_path as the server has it"};
  };
  if (!spec.autoextend && size_bytes / kMiB != spec.size_bytes / kMiB) return refuse_size("exactly", spec.size_bytes);
  if (size_bytes / kMiB < spec.size_bytes / kMiB) return refuse_size("at least", spec.size_bytes);
  if (spec.max_bytes != 0 && size_bytes / kMiB > spec.max_bytes / kMiB) return refuse_size("at most", spec.max_bytes);
  return {};
}

}  // namespace donord
