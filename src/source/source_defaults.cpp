#include "source/source_defaults.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "source/option_file.hpp"
#include "source/tablespace_file.hpp"

namespace donord {

namespace {

constexpr std::string_view kServerGroup = "mysqld";
constexpr std::string_view kDatadir = "datadir";
constexpr std::string_view kLogBin = "log_bin";

bool is_location(std::string_view name) {
  return std::ranges::find(location_options(), name) != location_options().end();
}

/// "skip_", "disable_", "enable_" and "maximum_" make something else of an option's value. "skip_log_bin" is no more
/// than that: what a server left that had a log counts none the less.
bool is_location_with_prefix(std::string_view name) {
  constexpr auto kPrefixes = std::to_array<std::string_view>({"skip_", "disable_", "enable_", "maximum_"});
  return std::ranges::any_of(kPrefixes, [name](std::string_view prefix) {
    return name.starts_with(prefix) && name.substr(prefix.size()) != kLogBin && is_location(name.substr(prefix.size()));
  });
}

/// "9.7" of the server that the directory belongs to; empty when it cannot be told.
std::string series_of(const std::filesystem::path& datadir) {
  const Result<TablespaceFile> dictionary = identify_tablespace({datadir / "mysql.ibd", "./mysql.ibd"});
  if (!dictionary || dictionary->page0->server_version() == 0) return {};
  const std::string version = innodb::version_text(dictionary->page0->server_version());
  return version.substr(0, version.rfind('.'));
}

class Groups {
 public:
  Groups(const OptionFile& file, const SourceDefaults& defaults, bool with_datadir)
      : file_(file), suffix_(group_name(defaults.group_suffix)), with_datadir_(with_datadir) {}

  /// Applies the options of a server of `series`; without one those that count for all.
  Result<> apply(DatadirOptions& options, const std::string& series) const {
    for (const OptionLine& line : file_.lines)
      if (counts(line.group, series))
        if (Result<> applied = apply(options, line); !applied) return applied;
    return {};
  }

  /// Groups of some series that say something about places.
  bool has_series() const {
    return std::ranges::any_of(file_.lines, [](const OptionLine& line) {
      return line.group.starts_with(fmt::format("{}-", kServerGroup)) && is_location(line.name);
    });
  }

 private:
  bool counts(std::string_view group, const std::string& series) const {
    const auto is = [&](const std::string& name) { return group == name || group == name + suffix_; };
    return is(std::string{kServerGroup}) || is("server") ||
           (!series.empty() && is(fmt::format("{}-{}", kServerGroup, series)));
  }

  Result<> apply(DatadirOptions& options, const OptionLine& line) const {
    const auto refuse = [&line](std::string_view what) {
      return Error{Errc::usage, fmt::format("{}: {} {}", line.place(), line.name, what)};
    };
    if (is_location_with_prefix(line.name)) return refuse("is no way to say where files are");
    if (!is_location(line.name) || (line.name == kDatadir && !with_datadir_)) return {};
    if (!line.value && line.name == kLogBin) return {};  // in the datadir, under mysqld's own name
    if (!line.value) return refuse("has no value");
    if (line.name == kDatadir && !line.value->starts_with('/')) return refuse("is not an absolute path");
    return apply_setting(
        options, {.name = line.name, .value = *line.value, .rank = OptionRank::option_file, .origin = line.place()});
  }

  const OptionFile& file_;
  const std::string suffix_;
  const bool with_datadir_;
};

}  // namespace

Result<> add_option_file(DatadirOptions& options, const SourceDefaults& defaults) {
  const Result<OptionFile> file = read_option_file(defaults.file);
  if (!file) return file.error();
  std::ranges::copy(file->notes, std::back_inserter(options.notes));

  const Groups groups{*file, defaults, options.datadir.empty()};
  DatadirOptions any_series = options;
  if (Result<> applied = groups.apply(any_series, ""); !applied) return applied;
  if (any_series.datadir.empty())
    return Error{Errc::usage, fmt::format("{} says no datadir for [mysqld] or [server]", defaults.file.string()),
                 "give the data directory"};
  const std::string series = series_of(any_series.datadir);
  if (series.empty() && groups.has_series())
    options.notes.push_back(
        fmt::format("{}: groups such as [mysqld-9.7] are left out, since the version of {} cannot be told",
                    defaults.file.string(), any_series.datadir.string()));
  return groups.apply(options, series);
}

}  // namespace donord
