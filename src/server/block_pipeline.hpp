#pragma once

// The way of data from the source to the socket: while one block is being sent, the pool reads, verifies and, for a
// compressed connection, compresses the next. Two blocks are in memory, never more, so a recipient that does not read
// stops the reading, too. Messages leave in the order in which they were put in.

#include <array>
#include <boost/asio/awaitable.hpp>
#include <deque>
#include <memory>
#include <optional>

#include "clone/donor_machine.hpp"
#include "protocol/deflate.hpp"
#include "server/clone_session.hpp"
#include "server/packet_stream.hpp"
#include "server/worker_pool.hpp"

namespace donord {

/// Used on the strand of its connection only. Must be drained before it is destroyed.
class BlockPipeline {
 public:
  /// All of them outlive the pipeline.
  BlockPipeline(WorkerPool& pool, CloneSession& session, PacketStream& stream, Duration write_limit);

  /// A small message; sent with what follows it.
  void put(ByteView message);
  /// A block with its descriptor: its reading begins now. Waits until the block before the last has been sent.
  boost::asio::awaitable<Result<>> put(const DonorAction::SendBlock& block);
  /// Sends everything.
  boost::asio::awaitable<Result<>> flush();
  /// Waits for the jobs under way, without sending.
  boost::asio::awaitable<void> drain();

  /// Small messages that wait to be sent.
  [[nodiscard]] std::size_t waiting_bytes() const { return queue_.back().messages.size(); }

 private:
  /// A data message on its way.
  struct Job {
    Block block;
    CloneState state = CloneState::none;
    Bytes packet;  ///< packet header, response code, and room for one block; kept
    Bytes frames;  ///< compressed connections: the packet as it goes out
    std::unique_ptr<Deflater> deflater;

    [[nodiscard]] MutableBytes data();
    /// The packet as a whole.
    [[nodiscard]] ByteView framed() const;
  };
  /// What goes out next: messages, then perhaps a block with its descriptor.
  struct Outgoing {
    Bytes messages;
    Bytes descriptor;
    Job* job = nullptr;
    std::shared_ptr<Pending<Result<>>> ready;
  };

  boost::asio::awaitable<Result<>> send_until(std::size_t entries);
  boost::asio::awaitable<Result<>> send(Outgoing outgoing);
  [[nodiscard]] Result<> read(Job& job) const;

  WorkerPool& pool_;
  CloneSession& session_;
  PacketStream& stream_;
  Duration write_limit_;
  std::array<Job, 2> jobs_;
  std::size_t next_job_ = 0;
  std::deque<Outgoing> queue_{1};  ///< the last entry is being filled
};

}  // namespace donord
