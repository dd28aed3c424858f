#include "live/ddl_block.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "base/log.hpp"

namespace donord {

namespace {

using Clock = std::chrono::steady_clock;

/// DDL that comes while the lock is waited for waits behind it; in between it goes first. So long the server also keeps
/// a session that was given up waiting.
constexpr std::chrono::seconds kSlice{5};
/// For the end of the lock: a thread of the network waits for it.
constexpr std::chrono::seconds kAnswer{5};

Error cannot_block(const Error& error) {
  return Error{Errc::conflict, fmt::format("DDL cannot be held off, as the recipient asks: {}", error.what),
               error.hint.empty() ? "or let the recipient clone with clone_block_ddl = OFF" : error.hint};
}

}  // namespace

DdlBlock::DdlBlock(BackupLock lock, std::chrono::milliseconds sign)
    : lock_(std::move(lock)), thread_([this, sign](const std::stop_token& stop) { run(stop, sign); }) {}

Result<std::unique_ptr<DdlBlock>> DdlBlock::begin(UpstreamOptions server, const Wait& wait,
                                                  std::chrono::milliseconds sign) {
  server.read_timeout = std::min(server.read_timeout, kAnswer);
  const Clock::time_point deadline = Clock::now() + wait.limit;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(deadline - Clock::now());
    Result<BackupLock> lock =
        BackupLock::acquire(server, std::min(left, kSlice), BackupLock::kIdleLimit, wait.given_up);
    if (lock) return std::unique_ptr<DdlBlock>{new DdlBlock{std::move(*lock), sign}};
    if (wait.given_up()) return Error{Errc::cancelled, "the clone was given up while it waited for DDL"};
    if (lock.error().code != Errc::timeout) return cannot_block(lock.error());
    if (left <= kSlice) return lock.error();
  }
}

void DdlBlock::run(const std::stop_token& stop, std::chrono::milliseconds sign) {
  std::mutex mutex;
  std::unique_lock lock{mutex};
  std::condition_variable_any wake;
  Result<> held;
  while (held && !wake.wait_for(lock, stop, sign, [&stop] { return stop.stop_requested(); })) held = lock_.still_held();
  if (!held)
    log::warn("live.ddl_not_blocked", {{"error", held.error().what},
                                       {"hint", held.error().hint},
                                       {"meaning", "the clone goes on; some DDL may end it"}});
}

}  // namespace donord
