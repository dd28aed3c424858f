#include "server/clone_connection.hpp"

#include <algorithm>
#include <atomic>

#include "base/log.hpp"
#include "server/error_map.hpp"

namespace donord {

namespace asio = boost::asio;

namespace {

/// Commands carry locators, which grow with the number of chunks: 4 MiB of bitmap is a clone of 2 PiB.
constexpr std::size_t kMaxCommandBytes = 8 * 1024 * 1024;
/// Small messages are gathered up to this size.
constexpr std::size_t kGatherBytes = 64 * 1024;
/// Keep-alives for which a master waits for a COM_REINIT after a worker was lost, before it is closed to ask for one.
constexpr int kLostWorkerWaits = 2;
/// A clone may begin late, because of DDL; so often it is looked whether somebody is still there to get it.
constexpr auto kGoneLook = std::chrono::milliseconds{500};
constexpr auto kPausePoll = std::chrono::milliseconds{10};

Error wrong_rpc(std::string_view what) {
  return Error{Errc::malformed, fmt::format("Wrong Clone RPC: {}", what)};
}

ErrorResponse to_response(const Error& error) {
  MysqlError mysql = to_mysql_error(error);
  return {mysql.number, std::move(mysql.message)};
}

void log_changes(const CloneSession& session, CloneState before, const std::vector<FileChange>& changes) {
  if (changes.empty()) return;
  log::info("clone.files_changed",
            {{"clone", session.key()}, {"before", to_string(before)}, {"changes", changes.size()}});
}

}  // namespace

CloneConnection::CloneConnection(std::shared_ptr<ServerContext> context, PacketStream& stream, const ClientInfo& client)
    : context_(std::move(context)), stream_(stream), client_(client) {}

asio::awaitable<Result<>> CloneConnection::run() {
  changed_ = std::make_shared<AsyncEvent>(co_await asio::this_coro::executor);
  Result<> served;
  std::exception_ptr thrown;
  try {
    served = co_await serve();
  } catch (...) {
    thrown = std::current_exception();
  }
  if (session_) {
    session_->remove_waiter(changed_);
    if (!exited_ && task_) session_->on_lost(*task_, served ? "internal error" : served.error().what);
  }
  if (thrown) std::rethrow_exception(thrown);
  co_return served;
}

asio::awaitable<Result<>> CloneConnection::serve() {
  while (!exited_) {
    Result<Bytes> payload =
        co_await stream_.read_command(kMaxCommandBytes, command_limit(), context_->options.packet_limit);
    if (!payload) co_return payload.error();
    if (Result<> done = co_await on_command(std::move(*payload)); !done) co_return done;
  }
  co_return Result<>{};
}

/// A recipient's ACK connection may be silent for the whole clone; one that has begun or joined a clone goes on soon.
Duration CloneConnection::command_limit() const {
  const ServerOptions& options = context_->options;
  if (!task_ || executed_) return options.idle_limit;
  return task_->task == CloneTaskId{0} ? Duration{options.init_to_execute_limit}
                                       : Duration{options.attach_to_execute_limit};
}

asio::awaitable<Result<>> CloneConnection::on_command(Bytes payload) {
  if (payload.empty()) co_return co_await respond_error(wrong_rpc("empty command"));
  const auto code = static_cast<CloneCommand>(payload[0]);
  switch (code) {
    case CloneCommand::init:
    case CloneCommand::attach:
    case CloneCommand::reinit: {
      Result<InitCommand> command = decode<InitCommand>(payload);
      if (!command) co_return co_await respond_error(command.error().within("Wrong Clone RPC"));
      if (task_) co_return co_await respond_error(wrong_rpc("clone has begun already"));
      if (code == CloneCommand::init) co_return co_await on_init(std::move(*command));
      if (code == CloneCommand::attach) co_return co_await on_attach(std::move(*command));
      co_return co_await on_reinit(std::move(*command));
    }
    case CloneCommand::execute:
      if (payload.size() != 1 || !task_) co_return co_await respond_error(wrong_rpc("COM_EXECUTE before COM_INIT"));
      co_return co_await on_execute();
    case CloneCommand::ack: {
      Result<AckCommand> command = decode<AckCommand>(payload);
      if (!command) co_return co_await respond_error(command.error().within("Wrong Clone RPC"));
      co_return co_await on_ack(std::move(*command));
    }
    case CloneCommand::exit:
      co_return co_await on_exit();
  }
  co_return co_await respond_error(wrong_rpc(fmt::format("unknown command {}", payload[0])));
}

// ---- COM_INIT, COM_ATTACH, COM_REINIT

asio::awaitable<Result<>> CloneConnection::on_init(InitCommand command) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  std::atomic<bool> gone = false;
  const auto pending = start_on(context_->begin_pool, executor, [this, &command, &gone] {
    return context_->factory.begin(client_, command, [&gone] { return gone.load(); });
  });
  bool done = false;
  while (!done) {
    done = co_await pending->wait_for(kGoneLook);
    if (!done) gone = stream_.transport().peer_is_gone();
  }
  Result<NewClone> begun = co_await pending->get();
  if (!begun) {
    log::warn("clone.refused", {{"conn", client_.id}, {"peer", client_.peer}, {"error", begun.error().what}});
    co_return co_await respond_error(begun.error());
  }
  std::vector<Bytes> messages = std::move(begun->parameters);
  const TaskHandle master = begun->session->with_machine([&](DonorMachine& machine) {
    messages.push_back(machine.locs());
    return machine.master();
  });
  messages.push_back(complete_response());
  join(std::move(begun->session), master);
  co_return co_await respond(std::move(messages));
}

Result<std::shared_ptr<CloneSession>> CloneConnection::find_clone(const Locator& locator) const {
  std::shared_ptr<CloneSession> session = context_->clones.find({locator.clone_id, locator.snapshot_id});
  if (!session || session->user() != client_.account.user)
    return Error{Errc::not_found, "Internal error: donord knows no such clone, or it has ended"};
  if (Result<> secure = check_secure(client_, session->view()); !secure) return secure.error();
  return session;
}

void CloneConnection::join(std::shared_ptr<CloneSession> session, const TaskHandle& task) {
  session_ = std::move(session);
  task_ = task;
  session_->add_connection(client_.id, task);
  session_->add_waiter(changed_);
}

asio::awaitable<Result<>> CloneConnection::on_attach(InitCommand command) {
  const Result<Locator> locator = innodb_locator(command.locators);
  if (!locator) co_return co_await respond_error(locator.error().within("Wrong Clone RPC"));
  Result<std::shared_ptr<CloneSession>> found = find_clone(*locator);
  if (!found) co_return co_await respond_error(found.error());
  const std::shared_ptr<CloneSession> session = std::move(*found);

  session->add_waiter(changed_);
  const auto give_up = std::chrono::steady_clock::now() + context_->options.attach_limit;
  const std::uint32_t generation =
      session->with_machine([](DonorMachine& machine) { return machine.master().generation; });
  std::optional<TaskHandle> task;
  std::optional<Error> refusal;
  Bytes locs;
  while (!task && !refusal) {
    session->with_machine([&](DonorMachine& machine) {
      if (machine.attach_refused() || machine.master().generation != generation) {
        refusal = Error{Errc::exhausted, "The clone takes no more connections"};
      } else if (machine.can_attach()) {
        const Result<TaskHandle> attached = machine.attach();
        if (attached)
          task = *attached;
        else
          refusal = attached.error();
        locs = machine.locs();
      }
    });
    const Duration left = give_up - std::chrono::steady_clock::now();
    if (!task && !refusal && left <= Duration{0})
      refusal = Error{Errc::exhausted, "The clone is between two states; attach again"};
    if (!task && !refusal) co_await changed_->wait_for(left);
  }
  session->remove_waiter(changed_);
  if (refusal) co_return co_await respond_error(*refusal);
  join(session, *task);
  std::vector<Bytes> messages;
  messages.push_back(std::move(locs));
  messages.push_back(complete_response());
  co_return co_await respond(std::move(messages));
}

asio::awaitable<Result<>> CloneConnection::on_reinit(InitCommand command) {
  const Result<Locator> locator = innodb_locator(command.locators);
  if (!locator) co_return co_await respond_error(locator.error().within("Wrong Clone RPC"));
  Result<std::shared_ptr<CloneSession>> found = find_clone(*locator);
  if (!found && found.error().code == Errc::not_found) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const auto pending = start_on(context_->begin_pool, executor,
                                  [this, &locator] { return context_->factory.revive(client_, *locator); });
    found = co_await pending->get();
  }
  if (!found) {
    log::warn("clone.not_resumed", {{"conn", client_.id}, {"peer", client_.peer}, {"error", found.error().what}});
    co_return co_await respond_error(found.error());
  }
  std::shared_ptr<CloneSession> session = std::move(*found);
  Result<CloneSession::Return> back =
      session->reinit(*locator, fmt::format("{}@{}", client_.account.user, client_.peer));
  if (!back) {
    const std::optional<CloneFailure> failure =
        session->with_machine([](DonorMachine& machine) { return machine.failure(); });
    if (!failure) co_return co_await respond_error(back.error());
    co_return co_await respond(std::vector<Bytes>(1, encode(ErrorResponse{failure->number, failure->message})));
  }
  for (const ConnectionId former : back->former) context_->connections.close(former);
  log::info("clone.resumed", {{"conn", client_.id}, {"clone", session->key()}, {"state", to_string(locator->state)}});
  join(std::move(session), back->master);
  std::vector<Bytes> messages;
  messages.push_back(std::move(back->locs));
  messages.push_back(complete_response());
  co_return co_await respond(std::move(messages));
}

// ---- COM_EXECUTE

asio::awaitable<Result<>> CloneConnection::on_execute() {
  executed_ = true;
  session_->with_machine([&](DonorMachine& machine) { machine.execute(*task_); });
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  BlockPipeline pipeline{executor,
                         context_->pool,
                         context_->limits,
                         *session_,
                         *task_,
                         stream_,
                         context_->options.write_limit,
                         context_->options.keep_alive};
  Result<> done;
  std::exception_ptr thrown;
  try {
    done = co_await stream_states(pipeline);
  } catch (const std::exception& exception) {
    thrown = std::current_exception();
    session_->fail(Error{Errc::io, exception.what()});  // others may wait for what this connection was to do
  }
  co_await pipeline.drain();
  if (thrown) std::rethrow_exception(thrown);
  co_return done;
}

asio::awaitable<Result<>> CloneConnection::stream_states(BlockPipeline& pipeline) {
  int silent_waits = 0;
  CloneState secure_state = CloneState::none;  // keys may have come with a state's plan
  for (;;) {
    const DonorAction::Variant action =
        session_->with_machine([&](DonorMachine& machine) { return machine.next(*task_); });
    bool disconnect = std::holds_alternative<DonorAction::Disconnect>(action);
    if (Result<> passed = co_await pass_fault_point(action, disconnect); !passed) co_return passed;
    if (disconnect) {
      std::ignore = co_await pipeline.flush();
      co_return Error{Errc::cancelled, "another connection has taken this one's place"};
    }

    if (const auto* message = std::get_if<DonorAction::Send>(&action)) {
      pipeline.put(message->message);
      if (pipeline.waiting_bytes() < kGatherBytes) continue;
      if (Result<> sent = co_await pipeline.flush(); !sent) co_return sent;
    } else if (const auto* block = std::get_if<DonorAction::SendBlock>(&action)) {
      if (std::exchange(secure_state, block->state) != block->state) {
        if (const Result<> secure = check_secure(client_, session_->view()); !secure) {
          session_->fail(secure.error());
          continue;
        }
      }
      if (Result<> sent = co_await pipeline.put(*block); !sent) co_return sent;
    } else if (const auto* preparation = std::get_if<DonorAction::Prepare>(&action)) {
      const Result<> sent = co_await pipeline.flush();
      if (!sent) co_await pipeline.drain();
      prepare(preparation->state);  // others wait for it even if this connection has broken
      if (!sent) co_return sent;
    } else {
      const Result<> sent = co_await pipeline.flush();
      if (!sent || std::holds_alternative<DonorAction::Finish>(action)) co_return sent;
      if (Result<> waited = co_await wait_for_change(silent_waits); !waited) co_return waited;
      continue;
    }
    silent_waits = 0;
  }
}

asio::awaitable<Result<>> CloneConnection::wait_for_change(int& silent_waits) {
  if (co_await changed_->wait_for(context_->options.keep_alive)) {
    silent_waits = 0;
    co_return Result<>{};
  }
  const bool lost_worker = session_->with_machine([](DonorMachine& machine) { return machine.lost_worker(); });
  if (lost_worker && ++silent_waits >= kLostWorkerWaits)
    co_return Error{Errc::cancelled, "a worker connection was lost; the recipient has to say what it has"};
  Bytes keep_alive;
  stream_.frame_response(keep_alive,
                         session_->with_machine([&](DonorMachine& machine) { return machine.keep_alive(*task_); }));
  co_return co_await stream_.transport().write(asio::buffer(keep_alive), context_->options.write_limit);
}

/// May take long; the machine hears of it when it is done, and keep-alives go on meanwhile.
void CloneConnection::prepare(CloneState state) {
  asio::post(context_->pool, [session = session_, state] {
    const Result<> prepared = run_guarded([&]() -> Result<> {
      if (state == CloneState::page_copy) {
        Result<PagePlan> plan = session->view().begin_page_copy();
        if (!plan) return plan.error();
        log_changes(*session, state, plan->changes);
        session->with_machine([&](DonorMachine& machine) { machine.on_pages(std::move(*plan)); });
        return {};
      }
      Result<PagePlan> late = session->view().late_pages();
      if (!late) return late.error();
      if (!late->empty()) {
        log_changes(*session, state, late->changes);
        session->with_machine([&](DonorMachine& machine) { machine.on_late_pages(std::move(*late)); });
        return {};
      }
      Result<RedoPlan> redo = session->view().begin_redo_copy();
      if (!redo) return redo.error();
      log_changes(*session, state, redo->changes);
      session->with_machine([&](DonorMachine& machine) { machine.on_redo(std::move(*redo)); });
      return {};
    });
    if (!prepared) session->fail(prepared.error());
  });
}

/// The one place that every message of a clone's stream passes: here rules can delay, cut, or kill.
asio::awaitable<Result<>> CloneConnection::pass_fault_point(const DonorAction::Variant& action, bool& disconnect) {
  const bool is_block = std::holds_alternative<DonorAction::SendBlock>(action);
  if (!is_block && !std::holds_alternative<DonorAction::Send>(action)) co_return Result<>{};
  const CloneState state = session_->with_machine([](DonorMachine& machine) { return machine.state(); });
  const std::optional<FaultAction> fault = context_->faults.hit(
      "net.send",
      {{"stage", to_string(state)}, {"message", is_block ? "data" : "control"}, {"task", task_->task.value()}});
  if (!fault) co_return Result<>{};
  log::warn("fault", {{"conn", client_.id}, {"point", "net.send"}, {"stage", to_string(state)}});
  switch (fault->kind) {
    case FaultKind::delay:
      co_await AsyncEvent::pause(fault->delay);
      break;
    case FaultKind::pause:
      while (context_->faults.is_paused(*fault)) co_await AsyncEvent::pause(kPausePoll);
      break;
    case FaultKind::error: {
      const std::uint32_t number = fault->error_number == 0 ? 1105 : fault->error_number;
      session_->with_machine([&](DonorMachine& machine) { machine.fail({number, "Injected fault"}); });
      break;
    }
    case FaultKind::disconnect:
    case FaultKind::abort:
      disconnect = true;
      break;
  }
  co_return Result<>{};
}

// ---- COM_ACK, COM_EXIT

asio::awaitable<Result<>> CloneConnection::on_ack(AckCommand command) {
  const Result<Locator> locator = decode<Locator>(command.locator.locator);
  if (!locator) co_return co_await respond_error(locator.error().within("Wrong Clone RPC"));
  const Result<std::shared_ptr<CloneSession>> found = find_clone(*locator);
  if (!found) co_return co_await respond_error(found.error());
  const Result<> taken = (*found)->with_machine([&](DonorMachine& machine) { return machine.on_ack(command); });
  if (!taken) co_return co_await respond_error(taken.error().within("Wrong Clone RPC"));
  if (command.error != 0)
    log::warn("clone.recipient_failed", {{"conn", client_.id}, {"clone", (*found)->key()}, {"error", command.error}});
  co_return co_await respond_complete();
}

asio::awaitable<Result<>> CloneConnection::on_exit() {
  exited_ = true;
  if (task_) session_->on_exit(*task_);
  return respond_complete();
}

// ---- writing

asio::awaitable<Result<>> CloneConnection::respond(std::vector<Bytes> messages) {
  Bytes framed;
  for (const Bytes& message : messages) stream_.frame_response(framed, message);
  co_return co_await stream_.transport().write(asio::buffer(framed), context_->options.write_limit);
}

asio::awaitable<Result<>> CloneConnection::respond_complete() {
  return respond(std::vector<Bytes>(1, complete_response()));
}

asio::awaitable<Result<>> CloneConnection::respond_error(const Error& error) {
  return respond(std::vector<Bytes>(1, encode(to_response(error))));
}

}  // namespace donord
