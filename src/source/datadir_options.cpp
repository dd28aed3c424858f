#include "source/datadir_options.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "base/units.hpp"

namespace donord {

namespace {

using Set = Result<> (*)(DatadirOptions&, const std::string&);

template <auto kField>
Result<> set_text(DatadirOptions& options, const std::string& value) {
  options.*kField = value;
  return {};
}

Result<> set_data_file_path(DatadirOptions& options, const std::string& value) {
  if (const Result<std::vector<SystemFileSpec>> files = parse_data_file_path(value); !files) return files.error();
  options.innodb_data_file_path = value;
  return {};
}

Result<> set_directories(DatadirOptions& options, const std::string& value) {
  std::vector<std::filesystem::path> directories;
  for (std::string_view rest = value; !rest.empty();) {
    const std::string_view directory = rest.substr(0, rest.find(';'));
    if (!directory.empty()) directories.emplace_back(directory);
    rest.remove_prefix(std::min(rest.size(), directory.size() + 1));
  }
  options.innodb_directories = std::move(directories);
  return {};
}

Result<> set_page_size(DatadirOptions& options, const std::string& value) {
  constexpr std::uint64_t kSmallest = 4096;
  constexpr std::uint64_t kLargest = 65536;
  const Result<std::uint64_t> bytes = parse_size(value);
  if (!bytes || !std::has_single_bit(*bytes) || *bytes < kSmallest || *bytes > kLargest)
    return Error{Errc::usage, fmt::format("innodb_page_size cannot be \"{}\"", value), "it is 4K, 8K, 16K, 32K or 64K"};
  options.innodb_page_size = static_cast<std::uint32_t>(*bytes);
  return {};
}

/// An option more: a field, a row here, a line in docs/command-line.md.
constexpr auto kNames = std::to_array<std::string_view>(
    {"datadir", "innodb_buffer_pool_filename", "innodb_data_file_path", "innodb_data_home_dir", "innodb_directories",
     "innodb_doublewrite_dir", "innodb_log_group_home_dir", "innodb_page_size", "innodb_undo_directory", "log_bin",
     "log_bin_index"});
constexpr std::array<Set, kNames.size()> kSetters = {
    set_text<&DatadirOptions::datadir>,
    set_text<&DatadirOptions::innodb_buffer_pool_filename>,
    set_data_file_path,
    set_text<&DatadirOptions::innodb_data_home_dir>,
    set_directories,
    set_text<&DatadirOptions::innodb_doublewrite_dir>,
    set_text<&DatadirOptions::innodb_log_group_home_dir>,
    set_page_size,
    set_text<&DatadirOptions::innodb_undo_directory>,
    set_text<&DatadirOptions::log_bin>,
    set_text<&DatadirOptions::log_bin_index>,
};

}  // namespace

std::span<const std::string_view> location_options() {
  return kNames;
}

const OptionSetting* DatadirOptions::setting(std::string_view name) const {
  const auto found = std::ranges::find(settings, name, &OptionSetting::name);
  return found == settings.end() ? nullptr : &*found;
}

Result<> apply_setting(DatadirOptions& options, OptionSetting setting) {
  const auto row = std::ranges::find(kNames, setting.name);
  if (row == kNames.end()) return Error{Errc::not_found, fmt::format("no location option {}", setting.name)};
  const auto before = std::ranges::find(options.settings, setting.name, &OptionSetting::name);
  if (before != options.settings.end() && before->rank > setting.rank) return {};

  const Set set = kSetters[static_cast<std::size_t>(row - kNames.begin())];
  if (Result<> done = set(options, setting.value); !done) return done.error().within(setting.origin);
  if (before != options.settings.end())
    *before = std::move(setting);
  else
    options.settings.push_back(std::move(setting));
  return {};
}

}  // namespace donord
