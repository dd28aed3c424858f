#pragma once

// Work that blocks or takes long (disk, digests, compression) runs on a pool of threads and comes back to the
// coroutine that asked for it.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "server/async_event.hpp"

namespace donord {

using WorkerPool = boost::asio::thread_pool;

/// Something that a job on the pool will have produced. Shared between the job and the coroutine that waits.
template <class T>
class Pending {
 public:
  explicit Pending(const boost::asio::any_io_executor& executor) : done_(std::make_shared<AsyncEvent>(executor)) {}

  /// On the pool's thread.
  void set(T value) {
    value_ = std::move(value);
    done_->notify();
  }

  /// On the strand given at construction, once.
  boost::asio::awaitable<T> get() {
    constexpr std::chrono::hours kAnyTime{1};
    bool done = false;
    while (!done) done = co_await done_->wait_for(kAnyTime);
    co_return std::move(*value_);
  }

 private:
  std::shared_ptr<AsyncEvent> done_;
  std::optional<T> value_;
};

/// Runs `job` on the pool; `executor` is the caller's strand. The caller keeps what the job refers to alive.
template <class Job>
auto start_on(WorkerPool& pool, const boost::asio::any_io_executor& executor, Job job) {
  using T = decltype(job());
  auto pending = std::make_shared<Pending<T>>(executor);
  boost::asio::post(pool, [pending, job = std::move(job)]() mutable { pending->set(job()); });
  return pending;
}

}  // namespace donord
