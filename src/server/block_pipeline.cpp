#include "server/block_pipeline.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "server/async_event.hpp"

namespace donord {

namespace asio = boost::asio;

namespace {

constexpr Duration kLookAround = std::chrono::milliseconds{200};

BlockBatch make_batch(const CloneSession& session, const PacketStream& stream) {
  return {session.block_bytes(), stream.compressed() ? Compression::on : Compression::off};
}

}  // namespace

BlockPipeline::BlockPipeline(asio::any_io_executor executor, WorkerPool& pool, RateLimits& limits,
                             CloneSession& session, TaskHandle task, PacketStream& stream, Duration write_limit,
                             Duration keep_alive)
    : executor_(std::move(executor)),
      pool_(pool),
      limits_(limits),
      session_(session),
      task_(task),
      stream_(stream),
      write_limit_(write_limit),
      keep_alive_(keep_alive),
      batches_{make_batch(session, stream), make_batch(session, stream)} {}

void BlockPipeline::put(ByteView message) {
  close_batch();
  stream_.frame_response(queue_.back().messages, message);
}

asio::awaitable<Result<>> BlockPipeline::put(const DonorAction::SendBlock& block) {
  if (queue_.back().batch != nullptr && !queue_.back().batch->has_room_for(block)) close_batch();
  if (queue_.back().batch == nullptr) {
    // The memory of the batch before the last is free again only when that batch has been sent.
    const std::size_t entries = queue_.front().ready ? batches_.size() : 1;
    if (Result<> sent = co_await send_until(entries); !sent) co_return sent;
    if (queue_.size() == 1) next_batch_ = 0;  // both are free, and this one is in the processor's cache
    BlockBatch& batch = batches_[next_batch_++ % batches_.size()];
    batch.clear();
    queue_.back().batch = &batch;
  }
  queue_.back().batch->add(block);
  co_return Result<>{};
}

/// Its reading begins, unless that is left until it is its turn.
void BlockPipeline::close_batch() {
  if (queue_.back().batch == nullptr) return;
  if (!expects_cached_) start_reading(queue_.back());
  queue_.emplace_back();
}

void BlockPipeline::start_reading(Outgoing& outgoing) {
  outgoing.ready = start_on(pool_, executor_, [this, batch = outgoing.batch] { return batch->read(session_.view()); });
}

/// At its turn. What is cached takes a fraction of a millisecond for a block of usual size, about what the socket takes
/// for it. The other connections of this thread get theirs between two batches: a write ends through the queue of the
/// event loop even if it could be done at once.
asio::awaitable<Result<>> BlockPipeline::finish_reading(Outgoing& outgoing) {
  if (!outgoing.ready && !outgoing.batch->read_if_cached(session_.view())) start_reading(outgoing);
  Result<> read;
  if (outgoing.ready) read = co_await outgoing.ready->get();
  expects_cached_ = outgoing.batch->was_cached();
  co_return read;
}

asio::awaitable<Result<>> BlockPipeline::flush() {
  close_batch();
  if (Result<> sent = co_await send_until(1); !sent) co_return sent;
  if (queue_.back().messages.empty()) co_return Result<>{};
  Outgoing last = std::exchange(queue_.back(), Outgoing{});
  co_return co_await send(std::move(last));
}

asio::awaitable<void> BlockPipeline::drain() {
  for (Outgoing& outgoing : queue_)
    if (outgoing.ready) std::ignore = co_await outgoing.ready->get();
  queue_.clear();
  queue_.emplace_back();
}

/// Sends from the front until at most so many entries are left.
asio::awaitable<Result<>> BlockPipeline::send_until(std::size_t entries) {
  while (queue_.size() > entries) {
    Outgoing outgoing = std::move(queue_.front());
    queue_.pop_front();
    if (Result<> sent = co_await send(std::move(outgoing)); !sent) co_return sent;
  }
  co_return Result<>{};
}

/// What is read ahead waits as well, so that a limit of what is sent is one of what is read. A recipient that waits
/// long gets the messages before the batch, and hears that donord is there.
asio::awaitable<Result<>> BlockPipeline::wait_for_turn(const BlockBatch& batch, Bytes& messages) {
  const TimePoint now = RateLimit::Clock::now();
  const TimePoint turn =
      std::max(limits_.data.take(batch.data_bytes(), now), limits_.network.take(batch.wire_bytes().size(), now));
  TimePoint sign = now + keep_alive_;
  Duration left = turn - now;
  while (left > Duration::zero() && !session_.ended()) {
    co_await AsyncEvent::pause(std::min(left, kLookAround));
    const TimePoint woken = RateLimit::Clock::now();
    left = turn - woken;
    if (woken < sign || left <= Duration::zero()) continue;
    sign = woken + keep_alive_;
    const Bytes alive = session_.with_machine([this](DonorMachine& m) { return m.keep_alive(task_); });
    Bytes due = std::exchange(messages, {});
    stream_.frame_response(due, alive);
    const Result<> sent = co_await stream_.transport().write(asio::buffer(due), write_limit_);
    if (!sent) co_return sent;
  }
  co_return Result<>{};
}

asio::awaitable<Result<>> BlockPipeline::send(Outgoing outgoing) {
  if (outgoing.batch != nullptr) {
    if (const Result<> read = co_await finish_reading(outgoing); !read) {
      log::error("clone.read_failed", {{"clone", session_.key()}, {"error", read.error().what}});
      // What a former connection could not read, nobody waits for.
      if (session_.with_machine([this](DonorMachine& machine) { return machine.has(task_); }))
        session_.fail(read.error());
      failed_ = true;
    }
    if (failed_) outgoing.batch = nullptr;  // nothing behind a hole; the machine says what goes out instead
  }
  if (outgoing.batch != nullptr)
    if (Result<> turn = co_await wait_for_turn(*outgoing.batch, outgoing.messages); !turn) co_return turn;

  std::vector<asio::const_buffer> buffers;
  if (!outgoing.messages.empty()) buffers.push_back(asio::buffer(outgoing.messages));
  if (outgoing.batch == nullptr) co_return co_await stream_.transport().write(std::move(buffers), write_limit_);

  const BlockBatch& batch = *outgoing.batch;
  buffers.push_back(asio::buffer(batch.wire_bytes().data(), batch.wire_bytes().size()));
  const std::uint64_t before = stream_.transport().bytes_sent();
  Result<> sent = co_await stream_.transport().write(std::move(buffers), write_limit_);
  session_.count_network(batch.state(), stream_.transport().bytes_sent() - before);
  if (sent) session_.count_data(batch.state(), batch.data_bytes(), batch.block_count());
  co_return sent;
}

}  // namespace donord
