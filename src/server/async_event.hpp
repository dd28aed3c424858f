#pragma once

// A condition that one coroutine waits for and any thread may signal. A signal that comes before the wait is not lost.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <utility>

namespace donord {

class AsyncEvent : public std::enable_shared_from_this<AsyncEvent> {
 public:
  /// `executor` is the strand of the coroutine that waits.
  explicit AsyncEvent(const boost::asio::any_io_executor& executor) : timer_(executor) {}

  /// From any thread.
  void notify() {
    boost::asio::post(timer_.get_executor(), [self = shared_from_this()] {
      self->signalled_ = true;
      self->timer_.cancel();
    });
  }

  /// Lets time pass, on any strand.
  static boost::asio::awaitable<void> pause(std::chrono::steady_clock::duration length) {
    boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor, length};
    co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }

  /// True when signalled, false after `limit`. On the strand only.
  boost::asio::awaitable<bool> wait_for(std::chrono::steady_clock::duration limit) {
    if (!signalled_) {
      timer_.expires_after(limit);
      co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
    co_return std::exchange(signalled_, false);
  }

 private:
  boost::asio::steady_timer timer_;
  bool signalled_ = false;
};

}  // namespace donord
