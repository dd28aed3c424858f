#pragma once

// Shows the clones under way: on a terminal a bar each, redrawn in place; elsewhere a line each, now and then.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <map>
#include <string>

#include "server/server_context.hpp"

namespace donord {

class ProgressView {
 public:
  explicit ProgressView(ServerContext& context);

  /// Until the server stops accepting work; cancelled with its executor.
  boost::asio::awaitable<void> run();

 private:
  struct Seen {
    std::uint64_t data_bytes = 0;
    double bytes_per_second = 0;
    std::chrono::steady_clock::time_point last_line;
  };

  void draw(const std::vector<CloneProgress>& clones);
  void write_lines(const std::vector<CloneProgress>& clones);
  void measure(const CloneProgress& clone, Seen& seen) const;

  ServerContext& context_;
  bool terminal_;
  std::size_t drawn_lines_ = 0;
  std::map<SessionKey, Seen> seen_;
};

/// "clone 7  clone@10.0.0.5:4711  file_copy  [#####.....]  51%  1.20 GiB of 2.35 GiB  240 MiB/s  4.9s left  4 threads"
[[nodiscard]] std::string progress_line(const CloneProgress& clone, double bytes_per_second, bool with_bar);

}  // namespace donord
