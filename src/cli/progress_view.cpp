#include "cli/progress_view.hpp"

#include <cstdio>
#include <unistd.h>

#include "base/log.hpp"
#include "base/units.hpp"
#include "server/async_event.hpp"

namespace donord {
namespace {

constexpr auto kDrawInterval = std::chrono::seconds{1};
constexpr auto kLineInterval = std::chrono::seconds{10};
constexpr std::size_t kBarWidth = 24;
/// Weight of the newest second in the rate that is shown.
constexpr double kSmoothing = 0.4;

double fraction_of(const CloneProgress& clone) {
  if (clone.estimate_bytes == 0) return 0;
  return std::min(1.0, static_cast<double>(clone.data_bytes) / static_cast<double>(clone.estimate_bytes));
}

std::string time_left(const CloneProgress& clone, double bytes_per_second) {
  if (bytes_per_second < 1 || clone.data_bytes >= clone.estimate_bytes) return "-";
  const double seconds = static_cast<double>(clone.estimate_bytes - clone.data_bytes) / bytes_per_second;
  return human_duration(std::chrono::milliseconds{static_cast<std::int64_t>(seconds * 1000)});
}

}  // namespace

std::string progress_line(const CloneProgress& clone, double bytes_per_second, bool with_bar) {
  std::string bar;
  if (with_bar) {
    const auto filled = static_cast<std::size_t>(fraction_of(clone) * kBarWidth);
    bar = fmt::format("[{:#<{}}{:.<{}}]  ", "", filled, "", kBarWidth - filled);
  }
  return fmt::format("clone {}  {}  {}  {}{:3.0f}%  {} of {}  {}/s  {} left  {} threads{}", clone.key, clone.recipient,
                     to_string(clone.state), bar, fraction_of(clone) * 100, human_size(clone.data_bytes),
                     human_size(clone.estimate_bytes), human_size(static_cast<std::uint64_t>(bytes_per_second)),
                     time_left(clone, bytes_per_second), clone.connections,
                     clone.connected ? "" : "  (recipient away)");
}

ProgressView::ProgressView(ServerContext& context) : context_(context), terminal_(::isatty(STDOUT_FILENO) == 1) {}

boost::asio::awaitable<void> ProgressView::run() {
  while (!context_.stopping) {
    co_await AsyncEvent::pause(kDrawInterval);
    std::vector<CloneProgress> clones;
    for (const auto& session : context_.clones.all()) {
      clones.push_back(session->progress());
      if (clones.back().ended) clones.pop_back();
    }
    for (const CloneProgress& clone : clones) measure(clone, seen_[clone.key]);
    std::erase_if(seen_, [&](const auto& entry) {
      return std::none_of(clones.begin(), clones.end(), [&](const auto& clone) { return clone.key == entry.first; });
    });
    terminal_ ? draw(clones) : write_lines(clones);
  }
}

void ProgressView::measure(const CloneProgress& clone, Seen& seen) const {
  const double now =
      static_cast<double>(clone.data_bytes - seen.data_bytes) / std::chrono::duration<double>(kDrawInterval).count();
  const bool first = seen.data_bytes == 0;
  seen.bytes_per_second = first ? now : kSmoothing * now + (1 - kSmoothing) * seen.bytes_per_second;
  seen.data_bytes = clone.data_bytes;
}

void ProgressView::draw(const std::vector<CloneProgress>& clones) {
  std::string out;
  if (drawn_lines_ > 0) out += fmt::format("\x1b[{}A", drawn_lines_);
  for (const CloneProgress& clone : clones)
    out += "\x1b[2K" + progress_line(clone, seen_[clone.key].bytes_per_second, true) + "\n";
  for (std::size_t i = clones.size(); i < drawn_lines_; ++i) out += "\x1b[2K\n";
  if (clones.size() < drawn_lines_) out += fmt::format("\x1b[{}A", drawn_lines_ - clones.size());
  drawn_lines_ = clones.size();
  std::fputs(out.c_str(), stdout);
  std::fflush(stdout);
}

void ProgressView::write_lines(const std::vector<CloneProgress>& clones) {
  const auto now = std::chrono::steady_clock::now();
  for (const CloneProgress& clone : clones) {
    Seen& seen = seen_[clone.key];
    if (now - seen.last_line < kLineInterval) continue;
    seen.last_line = now;
    fmt::print("{}\n", progress_line(clone, seen.bytes_per_second, false));
  }
  std::fflush(stdout);
}

}  // namespace donord
