#pragma once

// Work that blocks or takes long (disk, digests, compression) runs on a pool of threads and comes back to the
// coroutine that asked for it.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "base/result.hpp"
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

  void set_exception(std::exception_ptr thrown) {
    thrown_ = std::move(thrown);
    done_->notify();
  }

  /// Whether `get` has something to give, after `limit` at the latest. On the strand given at construction.
  boost::asio::awaitable<bool> wait_for(std::chrono::steady_clock::duration limit) {
    if (!is_there_) is_there_ = co_await done_->wait_for(limit);
    co_return is_there_;
  }

  /// The value, or the exception of the job. On the strand given at construction, once.
  boost::asio::awaitable<T> get() {
    constexpr std::chrono::hours kAnyTime{1};
    while (!is_there_) is_there_ = co_await done_->wait_for(kAnyTime);
    if (thrown_) std::rethrow_exception(thrown_);
    co_return std::move(*value_);
  }

 private:
  std::shared_ptr<AsyncEvent> done_;
  bool is_there_ = false;  // of the strand
  std::optional<T> value_;
  std::exception_ptr thrown_;
};

/// Runs `job` on the pool; `executor` is the caller's strand. The caller keeps what the job refers to alive.
template <class Job>
auto start_on(WorkerPool& pool, const boost::asio::any_io_executor& executor, Job job) {
  using T = decltype(job());
  auto pending = std::make_shared<Pending<T>>(executor);
  boost::asio::post(pool, [pending, job = std::move(job)]() mutable {
    try {
      pending->set(job());
    } catch (...) {
      pending->set_exception(std::current_exception());
    }
  });
  return pending;
}

/// Runs a job whose caller does not wait for it: what it throws becomes an error.
template <class Job>
[[nodiscard]] Result<> run_guarded(Job job) {
  try {
    return job();
  } catch (const std::exception& thrown) {
    return Error{Errc::io, thrown.what()};
  }
}

}  // namespace donord
