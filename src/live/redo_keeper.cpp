#include "live/redo_keeper.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace donord {

namespace {

/// The server frees whole files, the smallest of which are so big.
constexpr std::uint64_t kWorthTelling = std::uint64_t{64} << 10;
/// Whoever waits for the thread must not wait long for a server that hangs.
constexpr std::chrono::seconds kNetworkPatience{5};

UpstreamOptions impatient(UpstreamOptions server) {
  server.connect_timeout = std::min(server.connect_timeout, kNetworkPatience);
  server.read_timeout = std::min(server.read_timeout, kNetworkPatience);
  server.write_timeout = std::min(server.write_timeout, kNetworkPatience);
  return server;
}

}  // namespace

RedoKeeper::RedoKeeper(UpstreamOptions server, RedoKeeperOptions options)
    : server_(impatient(std::move(server))), options_(options), reader_{Lsn{}, Clock::now()} {
  attach();
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

RedoKeeper::~RedoKeeper() {
  leave();
}

void RedoKeeper::read_until(Lsn lsn) {
  const std::lock_guard lock{mutex_};
  reader_ = {std::max(reader_.lsn, lsn), Clock::now()};
}

void RedoKeeper::leave() {
  thread_.request_stop();
}

RedoKeeper::Reader RedoKeeper::reader() const {
  const std::lock_guard lock{mutex_};
  return reader_;
}

void RedoKeeper::pause(const std::stop_token& stop) const {
  std::unique_lock lock{mutex_};
  wake_.wait_for(lock, stop, options_.step, [] { return false; });
}

void RedoKeeper::run(const std::stop_token& stop) {
  try {
    keep(stop);
  } catch (const std::exception& thrown) {
    log::error("live.redo_not_kept", {{"error", thrown.what()}});
  }
  consumer_.reset();
}

void RedoKeeper::keep(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const Reader now = reader();
    const bool reads = Clock::now() - now.seen < options_.patience;
    if (consumer_ && !reads)
      let_go(Error{Errc::timeout, "the redo was not read for too long", "is a disk of donord full, or does it hang?"});
    else if (consumer_)
      advance(now.lsn);
    else if (reads && Clock::now() - tried_ >= options_.retry)
      attach();
    pause(stop);
  }
}

void RedoKeeper::attach() {
  tried_ = Clock::now();
  Result<RedoConsumer> consumer = RedoConsumer::attach(server_);
  if (!consumer) return let_go(consumer.error());
  log::info("live.redo_kept", {{"server", server_.name()}, {"from", consumer->kept_from().value()}});
  consumer_.emplace(std::move(*consumer));
  told_ = Clock::now();
  complained_ = false;
}

void RedoKeeper::advance(Lsn lsn) {
  const bool read_on = lsn >= consumer_->kept_from() + kWorthTelling;
  if (!read_on && Clock::now() - told_ < options_.sign) return;
  if (const Result<> done = consumer_->advance(lsn); !done) return let_go(done.error());
  told_ = Clock::now();
}

/// Once, not for every attempt.
void RedoKeeper::let_go(const Error& why) {
  consumer_.reset();
  tried_ = Clock::now();
  if (!std::exchange(complained_, true))
    log::warn("live.redo_not_kept", {{"error", why.what},
                                     {"hint", why.hint},
                                     {"meaning", "redo that is written faster than it is read ends running clones"}});
}

}  // namespace donord
