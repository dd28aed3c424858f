#include "cli/source_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "source/source_defaults.hpp"

namespace donord {

namespace {

constexpr std::string_view kDatadir = "datadir";

/// "innodb_undo_directory" is "--innodb-undo-directory" here.
std::string flag_of(std::string_view name) {
  std::string flag = fmt::format("--{}", name);
  std::ranges::replace(flag, '_', '-');
  return flag;
}

}  // namespace

void add_location_options(CLI::App& app, SourceOptions& options) {
  for (const std::string_view name : location_options()) {
    if (name == kDatadir) continue;  // each subcommand has its own way to be given one
    app.add_option_function<std::string>(
           flag_of(name), [&options, name](const std::string& value) { options.locations[std::string{name}] = value; },
           "as mysqld's")
        ->group("Source");
  }
  app.add_option("--source-defaults-file", options.defaults_file,
                 "my.cnf of the server that the data directory belongs to: where its files are, when not given here")
      ->group("Source");
  app.add_option("--source-defaults-group-suffix", options.defaults_group_suffix,
                 "as mysqld's --defaults-group-suffix: read [mysqldSUFFIX], too")
      ->group("Source");
  app.add_option("--keyring-file", options.keyring_file,
                 "data file of component_keyring_file, for encrypted tablespaces and redo; absent: the one that the "
                 "data directory names")
      ->group("Source");
  app.add_flag("--without-binary-log", options.without_binary_log,
               "after a crash, let recipients roll back what the server would commit by its binary log")
      ->group("Source");
  app.add_option("--map-path", options.path_maps,
                 "FROM=TO: files below FROM, outside of the data directory, are called TO... for recipients")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false)  // what follows is another argument
      ->group("Source");
}

Result<DatadirOptions> to_datadir_options(const SourceOptions& options) {
  DatadirOptions result{.verify_pages = options.verify_pages == "no" ? PageVerification::off : PageVerification::on};
  result.datadir = options.datadir;
  result.keyring_file = options.keyring_file;
  if (options.without_binary_log) result.binary_log = BinaryLogUse::ignored;
  if (!options.defaults_file.empty()) {
    Result<> added = add_option_file(result, {options.defaults_file, options.defaults_group_suffix});
    if (!added) return added.error();
  } else if (!options.defaults_group_suffix.empty()) {
    return Error{Errc::usage, "--source-defaults-group-suffix belongs to --source-defaults-file"};
  }
  for (const auto& [name, value] : options.locations)
    if (Result<> applied = apply_setting(result, {.name = name, .value = value, .origin = flag_of(name)}); !applied)
      return applied.error();
  for (const std::string& rule : options.path_maps)
    if (Result<> added = result.path_map.add(rule); !added) return added.error();
  return result;
}

}  // namespace donord
