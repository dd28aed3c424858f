#include "cli/check_command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <unistd.h>

#include "base/log.hpp"
#include "base/units.hpp"
#include "cli/report.hpp"
#include "source/check.hpp"

namespace donord {

namespace {

using Clock = std::chrono::steady_clock;

/// How far the check is, on one line of the terminal that stderr may be.
class ProgressLine {
 public:
  ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() {
    if (drawn_) fmt::print(stderr, "\r\x1b[K");
  }

  void draw(std::uint64_t done_bytes, std::uint64_t total_bytes) {
    constexpr auto kInterval = std::chrono::milliseconds{200};
    const auto now = Clock::now();
    if (!terminal_ || total_bytes == 0 || now - last_ < kInterval) return;
    last_ = now;
    drawn_ = true;
    const auto done = static_cast<double>(done_bytes);
    const double seconds = std::chrono::duration<double>(now - start_).count();
    fmt::print(stderr, "\r\x1b[K{:3.0f}%  {} of {}  {}/s", 100 * done / static_cast<double>(total_bytes),
               human_size(done_bytes), human_size(total_bytes), human_size(static_cast<std::uint64_t>(done / seconds)));
    std::fflush(stderr);
  }

 private:
  const bool terminal_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_;
  bool drawn_ = false;
};

/// When nothing is wrong but what could not be read, nothing is known about the rest.
ExitCode exit_code_of(const CheckReport& report) {
  if (report.in_use()) return ExitCode::unavailable;
  if (report.servable()) return ExitCode::ok;
  const auto unreadable = [](const Error& error) { return error.code == Errc::io || error.code == Errc::denied; };
  const bool only_unreadable =
      std::ranges::all_of(report.problems, unreadable) && std::ranges::all_of(report.files, [&](const FileCheck& file) {
        return file.pages.damaged == 0 && std::ranges::all_of(file.damage, unreadable, &Damage::error);
      });
  return only_unreadable ? ExitCode::failed : ExitCode::not_servable;
}

}  // namespace

void add_check_options(CLI::App& app, PathOptions& options) {
  add_path_options(app, options, "data directory");
  app.footer("Example:\n  donord check /var/lib/mysql\n  donord check --json --keyring-file /etc/mysql/keyring DIR");
}

ExitCode run_check(const PathOptions& options) {
  log::set_level(log::Level::warn);  // the report counts what would be logged
  const Result<DatadirOptions> datadir = to_datadir_options(options);
  if (!datadir) return report(datadir.error());
  const Result<CheckReport> checked = [&datadir] {
    ProgressLine line;
    return check_datadir(*datadir, [&line](std::uint64_t done, std::uint64_t total) { line.draw(done, total); });
  }();
  if (!checked) return report(checked.error());
  const ExitCode printed =
      print_result(options.format == OutputFormat::json ? check_json(*checked) : check_text(*checked));
  return printed == ExitCode::ok ? exit_code_of(*checked) : printed;
}

}  // namespace donord
