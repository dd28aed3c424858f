// donord: a MySQL clone donor without a MySQL server.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

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
    inspect_ = app_.add_subcommand("inspect", "what is in a data directory, tablespace or redo file");
    donord::add_inspect_options(*inspect_, inspect_options_);
    version_ = app_.add_subcommand("version", "print the version");
  }

  int run(std::vector<std::string> arguments) {
    try {
      parse(arguments);
      if (*serve_ && !serve_options_.config.empty()) parse_with_config(arguments);
    } catch (const CLI::ParseError& error) {
      const int code = app_.exit(error);
      return code == 0 ? 0 : static_cast<int>(ExitCode::usage);
    }
    if (*version_) {
      std::cout << "donord " << DONORD_VERSION << '\n';
      return static_cast<int>(ExitCode::ok);
    }
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

  /// The file's options go before those of the command line, of which the last one wins.
  void parse_with_config(const std::vector<std::string>& arguments) {
    std::vector<std::string> names;
    for (const CLI::Option* option : serve_->get_options())
      if (option != serve_->get_help_ptr())
        names.insert(names.end(), option->get_lnames().begin(), option->get_lnames().end());
    const donord::Result<std::vector<std::string>> config = donord::read_config_arguments(serve_options_.config, names);
    if (!config) throw CLI::ValidationError{"--config", config.error().what};
    std::vector<std::string> merged{"serve"};
    merged.insert(merged.end(), config->begin(), config->end());
    merged.insert(merged.end(), arguments.begin() + 1, arguments.end());
    parse(std::move(merged));
  }

  CLI::App app_{"A MySQL clone donor without a MySQL server.", "donord"};
  CLI::App* serve_ = nullptr;
  CLI::App* sessions_ = nullptr;
  CLI::App* inspect_ = nullptr;
  CLI::App* version_ = nullptr;
  donord::ServeOptions serve_options_;
  donord::SessionsOptions sessions_options_;
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
