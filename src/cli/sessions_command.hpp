#pragma once

// `donord sessions list|show|watch`: the clones that the catalog knows.

#include <cstdint>
#include <filesystem>
#include <string>

#include "cli/exit_codes.hpp"
#include "cli/output_format.hpp"

namespace CLI {
class App;
}

namespace donord {

struct SessionsOptions {
  std::filesystem::path catalog;
  std::filesystem::path config;
  OutputFormat format = OutputFormat::text;
  std::uint64_t session = 0;
  std::uint32_t limit = 100;
  std::string result;
  std::string user;
  std::uint32_t interval_seconds = 1;
};

/// The subcommands `list`, `show` and `watch`; parsing fills `options`, which must outlive `app`.
void add_sessions_options(CLI::App& app, SessionsOptions& options);

[[nodiscard]] ExitCode run_sessions_list(const SessionsOptions& options);
[[nodiscard]] ExitCode run_sessions_show(const SessionsOptions& options);
/// Until no session is under way, or a signal.
[[nodiscard]] ExitCode run_sessions_watch(const SessionsOptions& options);

}  // namespace donord
