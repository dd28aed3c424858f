#pragma once

// One connection in clone mode: reads the recipient's commands, and after COM_EXECUTE sends what the donor machine
// says.
//
// Data is read (and verified, and compressed) by the worker pool while the block before it is being sent: two blocks
// per connection are in memory, never more, so a recipient that does not read stops the reading too.

#include <array>
#include <boost/asio/awaitable.hpp>
#include <deque>
#include <memory>
#include <optional>

#include "protocol/deflate.hpp"
#include "server/clone_session.hpp"
#include "server/connection.hpp"
#include "server/packet_stream.hpp"
#include "server/server_context.hpp"

namespace donord {

class CloneConnection {
 public:
  CloneConnection(std::shared_ptr<ServerContext> context, PacketStream& stream, const ClientInfo& client);

  /// Until COM_EXIT; an error when the connection is of no use any more.
  boost::asio::awaitable<Result<>> run();

 private:
  /// A data message on its way: read, and on compressed connections compressed, by the pool.
  struct BlockJob {
    Block block;
    CloneState state = CloneState::none;
    Bytes packet;  ///< packet header, response code, and room for one block; kept
    Bytes frames;  ///< compressed connections: the packet as it goes out
    Deflater deflater;

    [[nodiscard]] MutableBytes data();
    /// The packet as a whole.
    [[nodiscard]] ByteView framed() const;
  };
  /// What goes out next: framed messages, then perhaps a block with its descriptor.
  struct Outgoing {
    Bytes messages;
    Bytes descriptor;
    BlockJob* job = nullptr;
    std::shared_ptr<Pending<Result<>>> ready;
  };
  enum class Streaming { finished, closed };

  boost::asio::awaitable<Result<>> serve();
  boost::asio::awaitable<Result<>> on_command(Bytes payload);
  boost::asio::awaitable<Result<>> on_init(InitCommand command);
  boost::asio::awaitable<Result<>> on_attach(InitCommand command);
  boost::asio::awaitable<Result<>> on_reinit(InitCommand command);
  boost::asio::awaitable<Result<>> on_execute();
  boost::asio::awaitable<Result<>> on_ack(AckCommand command);
  boost::asio::awaitable<Result<>> on_exit();

  /// The connection is gone without COM_EXIT.
  void on_lost(std::string_view reason);
  Result<std::shared_ptr<CloneSession>> begin_clone(const InitCommand& command, CloneProtocol negotiated);
  Result<std::shared_ptr<CloneSession>> revive_clone(const Locator& locator);
  Result<std::shared_ptr<CloneSession>> find_clone(const InitCommand& command, Locator& locator) const;
  [[nodiscard]] std::uint32_t block_bytes() const;

  boost::asio::awaitable<Result<>> wait_for_change(int& silent_waits);
  boost::asio::awaitable<Result<>> send_one(Outgoing outgoing);
  boost::asio::awaitable<Result<>> flush(std::deque<Outgoing>& queue, std::size_t keep);
  void start_read(BlockJob& job, Outgoing& outgoing, const boost::asio::any_io_executor& executor);
  Result<> read_block(BlockJob& job);
  void prepare(CloneState state);
  boost::asio::awaitable<Result<>> pass_fault_point(const DonorAction::Variant& action, bool& disconnect);

  boost::asio::awaitable<Result<>> respond(std::vector<Bytes> messages);
  boost::asio::awaitable<Result<>> respond_complete();
  boost::asio::awaitable<Result<>> respond_error(const Error& error);
  [[nodiscard]] Duration write_limit() const { return context_->options.write_limit; }

  std::shared_ptr<ServerContext> context_;
  PacketStream& stream_;
  const ClientInfo& client_;
  std::shared_ptr<CloneSession> session_;
  std::optional<TaskHandle> task_;
  bool exited_ = false;
  std::shared_ptr<AsyncEvent> changed_;
  std::array<BlockJob, 2> jobs_;
};

}  // namespace donord
