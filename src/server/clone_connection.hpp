#pragma once

// One connection in clone mode: reads the recipient's commands, and after COM_EXECUTE sends what the donor machine
// says.

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>

#include "server/block_pipeline.hpp"
#include "server/client_info.hpp"
#include "server/clone_session.hpp"
#include "server/packet_stream.hpp"
#include "server/server_context.hpp"

namespace donord {

class CloneConnection {
 public:
  /// `stream` and `client` outlive it.
  CloneConnection(std::shared_ptr<ServerContext> context, PacketStream& stream, const ClientInfo& client);

  /// Until COM_EXIT; an error when the connection is of no use any more.
  boost::asio::awaitable<Result<>> run();

 private:
  boost::asio::awaitable<Result<>> serve();
  boost::asio::awaitable<Result<>> on_command(Bytes payload);
  boost::asio::awaitable<Result<>> on_init(InitCommand command);
  boost::asio::awaitable<Result<>> on_attach(InitCommand command);
  boost::asio::awaitable<Result<>> on_reinit(InitCommand command);
  boost::asio::awaitable<Result<>> on_execute();
  boost::asio::awaitable<Result<>> on_ack(AckCommand command);
  boost::asio::awaitable<Result<>> on_exit();

  /// The clone under way that the locator names, if it is this account's.
  [[nodiscard]] Result<std::shared_ptr<CloneSession>> find_clone(const Locator& locator) const;
  void join(std::shared_ptr<CloneSession> session, const TaskHandle& task);
  [[nodiscard]] Duration command_limit() const;

  boost::asio::awaitable<Result<>> stream_states(BlockPipeline& pipeline);
  boost::asio::awaitable<Result<>> wait_for_change(int& silent_waits);
  boost::asio::awaitable<Result<>> pass_fault_point(const DonorAction::Variant& action, bool& disconnect);
  void prepare(CloneState state);

  boost::asio::awaitable<Result<>> respond(std::vector<Bytes> messages);
  boost::asio::awaitable<Result<>> respond_complete();
  boost::asio::awaitable<Result<>> respond_error(const Error& error);

  std::shared_ptr<ServerContext> context_;
  PacketStream& stream_;
  const ClientInfo& client_;
  std::shared_ptr<CloneSession> session_;
  std::optional<TaskHandle> task_;
  bool executed_ = false;
  bool exited_ = false;
  std::shared_ptr<AsyncEvent> changed_;
};

}  // namespace donord
