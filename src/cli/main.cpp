// donord: a MySQL clone donor without a MySQL server.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "cli/check_command.hpp"
#include "cli/config_file.hpp"
#include "cli/inspect_command.hpp"
#include "cli/serve_command.hpp"
#include "cli/sessions_command.hpp"

namespace {

using donord::ExitCode;

class CommandLine {
 public:
  CommandLine() {
    app_.require_subcommand(1);
    app_.fallthrough(false);
    serve_ = app_.add_subcommand("serve", "serve a data directory to MySQL recipients");
    donord::add_serve_options(*serve_, serve_options_);
    sessions_ = app_.add_subcommand("sessions", "list, show or watch the clones that the catalog knows");
    donord::add_sessions_options(*sessions_, sessions_options_);
    check_ = app_.add_subcommand("check", "verify every page of a data directory: can it be served?");
    donord::add_check_options(*check_, check_options_);
    inspect_ = app_.add_subcommand("inspect", "what is in a data directory, tablespace or redo file");
    donord::add_inspect_options(*inspect_, inspect_options_);
    version_ = app_.add_subcommand("version", "print the version");
  }

  int run(const std::vector<std::string>& arguments) {
    try {
      parse(arguments);
      parse_with_config(arguments);
    } catch (const CLI::ParseError& error) {
      const int code = app_.exit(error);
      return code == 0 ? 0 : static_cast<int>(ExitCode::usage);
    }
    if (*version_) {
      std::cout << "donord " << DONORD_VERSION << '\n';
      return static_cast<int>(ExitCode::ok);
    }
    if (*check_) return static_cast<int>(donord::run_check(check_options_));
    if (*inspect_) return static_cast<int>(donord::run_inspect(inspect_options_));
    if (*sessions_) return static_cast<int>(run_sessions());
    return static_cast<int>(donord::run_serve(serve_options_));
  }

 private:
  ExitCode run_sessions() const {
    if (sessions_->got_subcommand("list")) return donord::run_sessions_list(sessions_options_);
    if (sessions_->got_subcommand("show")) return donord::run_sessions_show(sessions_options_);
    return donord::run_sessions_watch(sessions_options_);
  }

  void parse(std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    app_.parse(std::move(arguments));
  }

  /// What was asked for, down to the last level: "sessions list".
  [[nodiscard]] std::vector<CLI::App*> command() {
    std::vector<CLI::App*> levels{&app_};
    while (!levels.back()->get_subcommands().empty()) levels.push_back(levels.back()->get_subcommands().front());
    return levels;
  }

  static std::vector<std::string> option_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options())
      if (option != app.get_help_ptr())
        names.insert(names.end(), option->get_lnames().begin(), option->get_lnames().end());
    return names;
  }

  /// The file's options go before those of the command line, of which the last one wins.
  void parse_with_config(const std::vector<std::string>& arguments) {
    const std::vector<CLI::App*> levels = command();
    const CLI::App& asked = *levels.back();
    const CLI::Option* const config = asked.get_option_no_throw("--config");
    if (config == nullptr || config->count() == 0) return;
    const donord::Result<std::vector<std::string>> from_file =
        donord::read_config_arguments(config->as<std::string>(), option_names(asked), option_names(*serve_));
    if (!from_file) throw CLI::ValidationError{"--config", from_file.error().what};
    std::vector<std::string> merged = arguments;
    merged.insert(merged.begin() + static_cast<std::ptrdiff_t>(levels.size() - 1), from_file->begin(),
                  from_file->end());
    parse(std::move(merged));
  }

  CLI::App app_{"A MySQL clone donor without a MySQL server.", "donord"};
  CLI::App* serve_ = nullptr;
  CLI::App* sessions_ = nullptr;
  CLI::App* check_ = nullptr;
  CLI::App* inspect_ = nullptr;
  CLI::App* version_ = nullptr;
  donord::ServeOptions serve_options_;
  donord::SessionsOptions sessions_options_;
  donord::PathOptions check_options_;
  donord::InspectOptions inspect_options_;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    return CommandLine{}.run({argv + 1, argv + argc});
  } catch (const std::exception& bug) {
    std::cerr << "donord: " << bug.what() << '\n';
    return static_cast<int>(ExitCode::failed);
  }
}
