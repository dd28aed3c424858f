#include "cli/source_options.hpp"

#include <CLI/CLI.hpp>

namespace donord {

void add_location_options(CLI::App& app, SourceOptions& options) {
  app.add_option("--innodb-data-home-dir", options.innodb_data_home_dir, "as mysqld's")->group("Source");
  app.add_option("--innodb-data-file-path", options.innodb_data_file_path, "as mysqld's")->group("Source");
  app.add_option("--innodb-undo-directory", options.innodb_undo_directory, "as mysqld's")->group("Source");
  app.add_option("--innodb-log-group-home-dir", options.innodb_log_group_home_dir, "as mysqld's")->group("Source");
  app.add_option("--innodb-directories", options.innodb_directories, "as mysqld's: directories separated by ';'")
      ->group("Source");
}

DatadirOptions to_datadir_options(const SourceOptions& options) {
  DatadirOptions result{.datadir = options.datadir,
                        .innodb_data_home_dir = options.innodb_data_home_dir,
                        .innodb_undo_directory = options.innodb_undo_directory,
                        .innodb_log_group_home_dir = options.innodb_log_group_home_dir,
                        .verify_pages = options.verify_pages == "no" ? PageVerification::off : PageVerification::on};
  if (!options.innodb_data_file_path.empty()) result.innodb_data_file_path = options.innodb_data_file_path;
  for (const std::string& directory : CLI::detail::split(options.innodb_directories, ';'))
    if (!directory.empty()) result.innodb_directories.emplace_back(directory);
  return result;
}

}  // namespace donord
