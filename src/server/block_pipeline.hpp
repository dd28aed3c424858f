#pragma once

// The way of data from the source to the socket: while one batch of blocks is being sent, the pool reads, verifies and,
// for a compressed connection, compresses the next. As long as the page cache has the data, each batch is read and
// verified on the strand, just before it is sent: no thread has to wake another, and the socket takes it out of the
// processor's cache (docs/decisions/0014-cached-data-is-read-where-it-is-sent.md). Two batches are in memory, never
// more, so a recipient that does not read stops the reading, too. Messages leave in the order in which they were put
// in.

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <deque>
#include <memory>

#include "clone/donor_machine.hpp"
#include "server/block_batch.hpp"
#include "server/clone_session.hpp"
#include "server/packet_stream.hpp"
#include "server/rate_limit.hpp"
#include "server/worker_pool.hpp"

namespace donord {

/// Used on the strand of its connection only. Must be drained before it is destroyed.
class BlockPipeline {
 public:
  /// All of them outlive the pipeline; `executor` is the strand.
  BlockPipeline(boost::asio::any_io_executor executor, WorkerPool& pool, RateLimits& limits, CloneSession& session,
                TaskHandle task, PacketStream& stream, Duration write_limit, Duration keep_alive);

  /// A small message; sent with what follows it.
  void put(ByteView message);
  /// A block with its descriptor. Its reading begins when its batch has no room for the next, or with anything else
  /// that is put in, or, if the page cache is expected to have it, when the batch before has been sent. Waits until the
  /// batch before the last has been sent, or the last that was not read ahead.
  boost::asio::awaitable<Result<>> put(const DonorAction::SendBlock& block);
  /// Sends everything.
  boost::asio::awaitable<Result<>> flush();
  /// Waits for the jobs under way, without sending.
  boost::asio::awaitable<void> drain();

  /// Small messages that wait to be sent.
  [[nodiscard]] std::size_t waiting_bytes() const { return queue_.back().messages.size(); }

 private:
  /// What goes out next: messages, then perhaps a batch of blocks.
  struct Outgoing {
    Bytes messages;
    BlockBatch* batch = nullptr;
    std::shared_ptr<Pending<Result<>>> ready;  ///< null: to be read when it is its turn
  };

  void close_batch();
  void start_reading(Outgoing& outgoing);
  boost::asio::awaitable<Result<>> finish_reading(Outgoing& outgoing);
  boost::asio::awaitable<Result<>> send_until(std::size_t entries);
  boost::asio::awaitable<Result<>> send(Outgoing outgoing);
  boost::asio::awaitable<Result<>> wait_for_turn(const BlockBatch& batch, Bytes& messages);

  boost::asio::any_io_executor executor_;
  WorkerPool& pool_;
  RateLimits& limits_;
  CloneSession& session_;
  TaskHandle task_;
  PacketStream& stream_;
  Duration write_limit_;
  Duration keep_alive_;
  std::array<BlockBatch, 2> batches_;
  std::size_t next_batch_ = 0;
  bool expects_cached_ = true;  ///< as the last batch was
  bool failed_ = false;
  std::deque<Outgoing> queue_{1};  ///< the last entry is being filled
};

}  // namespace donord
