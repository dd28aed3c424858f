#include "server/clone_connection.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "protocol/auth/random.hpp"
#include "server/error_map.hpp"

namespace donord {

namespace asio = boost::asio;

namespace {

/// Commands carry locators, which grow with the number of chunks: 4 MiB of bitmap is a clone of 2 PiB.
constexpr std::size_t kMaxCommandBytes = 8 * 1024 * 1024;
/// Small messages are gathered up to this size.
constexpr std::size_t kGatherBytes = 64 * 1024;
/// What a message needs beside the block it carries.
constexpr std::uint32_t kMessageOverhead = 4096;
/// Keep-alives for which a master waits for a COM_REINIT after a worker was lost, before it is closed to ask for one.
constexpr int kLostWorkerWaits = 2;
constexpr auto kPausePoll = std::chrono::milliseconds{10};

/// In front of a block: packet header and response code.
constexpr std::size_t kDataHeadBytes = PacketHeader::kSize + 1;
static_assert(kMaxBlockBytes + 1 < kMaxFragmentBytes, "a data message is one packet");

void begin_data_packet(MutableBytes packet, std::uint32_t data_bytes) {
  const Bytes header = encode(PacketHeader{data_bytes + 1, SequenceId{0}});
  std::copy(header.begin(), header.end(), packet.begin());
  packet[PacketHeader::kSize] = static_cast<std::uint8_t>(CloneResponse::data);
}

std::uint64_t random_nonzero_u64() {
  std::array<std::uint8_t, 8> bytes{};
  std::uint64_t value = 0;
  while (value == 0) {
    fill_random(bytes);
    value = load_le<8>(bytes.data());
  }
  return value;
}

Error wrong_rpc(std::string_view what) {
  return Error{Errc::malformed, fmt::format("Wrong Clone RPC: {}", what)};
}

ErrorResponse to_response(const Error& error) {
  MysqlError mysql = to_mysql_error(error);
  return {mysql.number, std::move(mysql.message)};
}

}  // namespace

CloneConnection::CloneConnection(std::shared_ptr<ServerContext> context, PacketStream& stream, const ClientInfo& client)
    : context_(std::move(context)), stream_(stream), client_(client) {}

MutableBytes CloneConnection::BlockJob::data() {
  return MutableBytes{packet}.subspan(kDataHeadBytes, block.length_bytes);
}

ByteView CloneConnection::BlockJob::framed() const {
  return ByteView{packet}.first(kDataHeadBytes + block.length_bytes);
}

asio::awaitable<Result<>> CloneConnection::run() {
  changed_ = std::make_shared<AsyncEvent>(co_await asio::this_coro::executor);
  const Result<> served = co_await serve();
  if (session_) {
    session_->remove_waiter(changed_);
    if (!exited_) on_lost(served ? "closed" : served.error().what);
  }
  co_return served;
}

void CloneConnection::on_lost(std::string_view reason) {
  if (!task_) return;
  const TaskHandle task = *task_;
  bool was_master = false;
  std::optional<CloneFailure> failure;
  session_->with_machine([&](DonorMachine& machine) {
    was_master = machine.master() == task;
    failure = machine.failure();
    machine.leave(task);
  });
  if (!was_master) return;
  if (failure) return session_->end({SessionResult::failed, failure->number, failure->message});
  log::warn("clone.recipient_away", {{"conn", client_.id}, {"clone", session_->key()}, {"reason", reason}});
  session_->on_master_lost();
}

asio::awaitable<Result<>> CloneConnection::serve() {
  while (!exited_) {
    Result<Bytes> payload = co_await stream_.read_command(kMaxCommandBytes, context_->options.idle_limit);
    if (!payload) co_return payload.error();
    if (Result<> done = co_await on_command(std::move(*payload)); !done) co_return done;
  }
  co_return Result<>{};
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
  const Result<CloneProtocol> negotiated = negotiate(command.version);
  if (!negotiated) co_return co_await respond_error(negotiated.error());
  const std::string_view version = client_.handshake.attribute("_client_version");
  if (*negotiated < CloneProtocol::v3 && version.starts_with("9.")) {
    const Error refusal{Errc::unsupported_version,
                        fmt::format("a recipient of version {} cannot clone with protocol 0x{:04x}", version,
                                    static_cast<std::uint32_t>(*negotiated))};
    co_return co_await respond_error(refusal);
  }

  const auto pending = start_on(context_->pool, co_await asio::this_coro::executor,
                                [this, &command, &negotiated] { return begin_clone(command, *negotiated); });
  Result<std::shared_ptr<CloneSession>> session = co_await pending->get();
  if (!session) {
    log::warn("clone.refused", {{"conn", client_.id}, {"peer", client_.peer}, {"error", session.error().what}});
    co_return co_await respond_error(session.error());
  }
  session_ = std::move(*session);
  session_->set_master_connection(client_.id);
  session_->add_waiter(changed_);
  std::vector<Bytes> messages = parameter_messages(*negotiated, context_->options.parameters);
  session_->with_machine([&](DonorMachine& machine) {
    task_ = machine.master();
    messages.push_back(machine.locs());
  });
  messages.push_back(complete_response());
  co_return co_await respond(std::move(messages));
}

Result<std::shared_ptr<CloneSession>> CloneConnection::begin_clone(const InitCommand& command,
                                                                   CloneProtocol negotiated) {
  const Result<Locator> offered = innodb_locator(command.locators);
  if (!offered) return offered.error().within("Wrong Clone RPC");
  Result<CloneRegistry::Place> place = context_->clones.reserve();
  if (!place) return place.error();
  Result<std::unique_ptr<CloneView>> view = context_->source->begin_clone();
  if (!view) return view.error();

  const SourceIdentity identity = context_->source->identity();
  const HandshakeResponse41& handshake = client_.handshake;
  const Result<SessionKey> key = context_->catalog->begin_session({
      .user = client_.account.user,
      .host = client_.peer,
      .source = identity.description,
      .server_version = context_->options.parameters.version,
      .recipient_version = std::string{handshake.attribute("_client_version")},
      .recipient_os = std::string{handshake.attribute("_os")},
      .recipient_platform = std::string{handshake.attribute("_platform")},
      .capabilities = handshake.effective().value(),
      .tls_version = client_.tls_version,
      .tls_cipher = client_.tls_cipher,
      .compression = client_.compressed() ? "zlib" : "",
  });
  if (!key) return key.error();

  const DonorMachine::Options options{.clone_id = CloneId{random_nonzero_u64()},
                                      .snapshot_id = SnapshotId{random_nonzero_u64()},
                                      .version = negotiated,
                                      .page_size_bytes = identity.page_size_bytes,
                                      .block_bytes = block_bytes(),
                                      .redo_capacity_bytes = (*view)->redo_capacity_bytes()};
  const std::string fingerprint = (*view)->fingerprint();
  const Result<> kept = context_->catalog->session_negotiated(
      *key, {options.clone_id, options.snapshot_id, fingerprint, static_cast<std::uint32_t>(negotiated),
             options.block_bytes / identity.page_size_bytes});
  if (!kept) return kept.error();

  auto session = std::make_shared<CloneSession>(CloneSession::Setup{
      .key = *key,
      .user = client_.account.user,
      .recipient = fmt::format("{}@{}", client_.account.user, client_.peer),
      .fingerprint = fingerprint,
      .options = options,
      .view = std::move(*view),
      .catalog = context_->catalog,
      .run_later = [context = context_.get()](std::function<void()> job) { context->run_later(std::move(job)); }});
  context_->clones.add(std::move(*place), session);
  log::info("clone.begin", {{"conn", client_.id},
                            {"clone", *key},
                            {"recipient", session->progress().recipient},
                            {"version", handshake.attribute("_client_version")},
                            {"tls", client_.tls_version},
                            {"compressed", client_.compressed()},
                            {"bytes", identity.data_bytes}});
  return session;
}

std::uint32_t CloneConnection::block_bytes() const {
  const std::uint32_t page = context_->source->identity().page_size_bytes;
  const std::uint32_t accepted = client_.handshake.hello.max_packet_bytes;
  std::uint32_t bytes = std::max(context_->options.block_bytes, page);
  while (bytes > page && bytes + kMessageOverhead > accepted) bytes /= 2;
  return bytes - bytes % page;
}

Result<std::shared_ptr<CloneSession>> CloneConnection::find_clone(const InitCommand& command, Locator& locator) const {
  Result<Locator> decoded = innodb_locator(command.locators);
  if (!decoded) return decoded.error().within("Wrong Clone RPC");
  locator = std::move(*decoded);
  std::shared_ptr<CloneSession> session = context_->clones.find({locator.clone_id, locator.snapshot_id});
  if (!session || session->user() != client_.account.user)
    return Error{Errc::not_found, "Internal error: donord knows no such clone"};
  return session;
}

asio::awaitable<Result<>> CloneConnection::on_attach(InitCommand command) {
  Locator locator;
  Result<std::shared_ptr<CloneSession>> found = find_clone(command, locator);
  if (!found) co_return co_await respond_error(found.error());
  session_ = std::move(*found);
  session_->add_waiter(changed_);

  const auto give_up = std::chrono::steady_clock::now() + context_->options.attach_limit;
  for (;;) {
    Bytes locs;
    std::optional<Error> refusal;
    session_->with_machine([&](DonorMachine& machine) {
      if (machine.attach_refused()) {
        refusal = Error{Errc::unavailable, "The clone takes no more connections"};
      } else if (machine.can_attach()) {
        const Result<TaskHandle> attached = machine.attach();
        if (attached) {
          task_ = *attached;
          locs = machine.locs();
        } else {
          refusal = attached.error();
        }
      }
    });
    if (!locs.empty()) {
      std::vector<Bytes> messages{std::move(locs), complete_response()};
      co_return co_await respond(std::move(messages));
    }
    const Duration left = give_up - std::chrono::steady_clock::now();
    if (left <= Duration{0}) refusal = Error{Errc::unavailable, "The clone is between two states; attach again"};
    if (refusal) {
      session_->remove_waiter(changed_);
      session_.reset();
      co_return co_await respond_error(*refusal);
    }
    co_await changed_->wait_for(left);
  }
}

asio::awaitable<Result<>> CloneConnection::on_reinit(InitCommand command) {
  Locator locator;
  Result<std::shared_ptr<CloneSession>> found = find_clone(command, locator);
  if (!found && found.error().code == Errc::not_found) {
    const auto pending = start_on(context_->pool, co_await asio::this_coro::executor,
                                  [this, &locator] { return revive_clone(locator); });
    found = co_await pending->get();
  }
  if (!found) {
    log::warn("clone.not_resumed", {{"conn", client_.id}, {"peer", client_.peer}, {"error", found.error().what}});
    co_return co_await respond_error(found.error());
  }
  session_ = std::move(*found);
  Bytes locs;
  std::optional<Error> refusal;
  session_->with_machine([&](DonorMachine& machine) {
    const Result<TaskHandle> master = machine.reinit(locator);
    if (!master) {
      refusal = master.error();
      return;
    }
    task_ = *master;
    locs = machine.locs();
  });
  if (refusal) {
    session_.reset();
    co_return co_await respond_error(*refusal);
  }
  session_->add_waiter(changed_);
  session_->set_master_connection(client_.id);
  session_->on_master_returned(fmt::format("{}@{}", client_.account.user, client_.peer));
  log::info("clone.resumed", {{"conn", client_.id}, {"clone", session_->key()}, {"state", to_string(locator.state)}});
  std::vector<Bytes> messages{std::move(locs), complete_response()};
  co_return co_await respond(std::move(messages));
}

Result<std::shared_ptr<CloneSession>> CloneConnection::revive_clone(const Locator& locator) {
  const Error unknown{Errc::not_found, "Internal error: donord knows no such clone, or it has ended"};
  Result<std::optional<ResumableClone>> known =
      context_->catalog->find_resumable(locator.clone_id, locator.snapshot_id);
  if (!known) return known.error();
  if (!*known || (*known)->user != client_.account.user) return unknown;
  const ResumableClone& clone = **known;

  Result<CloneRegistry::Place> place = context_->clones.reserve();
  if (!place) return place.error();
  Result<std::unique_ptr<CloneView>> view = context_->source->begin_clone();
  if (!view) return view.error();
  if ((*view)->fingerprint() != clone.negotiated.fingerprint)
    return Error{Errc::conflict, "The source has changed since the clone began", "start a new clone"};

  const std::uint32_t page_size = context_->source->identity().page_size_bytes;
  auto session = std::make_shared<CloneSession>(CloneSession::Setup{
      .key = clone.key,
      .user = clone.user,
      .recipient = fmt::format("{}@{}", client_.account.user, client_.peer),
      .fingerprint = clone.negotiated.fingerprint,
      .options = {.clone_id = clone.negotiated.clone_id,
                  .snapshot_id = clone.negotiated.snapshot_id,
                  .version = static_cast<CloneProtocol>(clone.negotiated.protocol_version),
                  .page_size_bytes = page_size,
                  .block_bytes = clone.negotiated.block_pages * page_size,
                  .redo_capacity_bytes = (*view)->redo_capacity_bytes()},
      .view = std::move(*view),
      .catalog = context_->catalog,
      .run_later = [context = context_.get()](std::function<void()> job) { context->run_later(std::move(job)); }});
  context_->clones.add(std::move(*place), session);
  return session;
}

// ---- COM_EXECUTE

asio::awaitable<Result<>> CloneConnection::on_execute() {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  for (BlockJob& job : jobs_) job.packet.resize(kDataHeadBytes + session_->block_bytes());
  session_->with_machine([&](DonorMachine& machine) { machine.execute(*task_); });

  std::deque<Outgoing> queue(1);
  std::size_t next_job = 0;
  int silent_waits = 0;
  for (;;) {
    DonorAction::Variant action = session_->with_machine([&](DonorMachine& machine) { return machine.next(*task_); });
    bool disconnect = std::holds_alternative<DonorAction::Disconnect>(action);
    if (Result<> passed = co_await pass_fault_point(action, disconnect); !passed) co_return passed;
    if (disconnect) {
      std::ignore = co_await flush(queue, 0);
      co_return Error{Errc::cancelled, "another connection has taken this one's place"};
    }

    if (const auto* message = std::get_if<DonorAction::Send>(&action)) {
      stream_.frame_response(queue.back().messages, message->message);
      if (queue.back().messages.size() < kGatherBytes) continue;
      if (Result<> sent = co_await flush(queue, 0); !sent) co_return sent;
    } else if (auto* block = std::get_if<DonorAction::SendBlock>(&action)) {
      // The job of the block before last is free again only when that block has been sent.
      if (Result<> sent = co_await flush(queue, 2); !sent) co_return sent;
      BlockJob& job = jobs_[next_job++ % jobs_.size()];
      job.block = block->block;
      job.state = block->state;
      begin_data_packet(job.packet, job.block.length_bytes);
      stream_.frame_response(queue.back().descriptor, block->descriptor_message);
      start_read(job, queue.back(), executor);
      queue.emplace_back();
    } else if (const auto* preparation = std::get_if<DonorAction::Prepare>(&action)) {
      prepare(preparation->state);
    } else if (std::holds_alternative<DonorAction::Wait>(action)) {
      if (Result<> sent = co_await flush(queue, 0); !sent) co_return sent;
      if (Result<> waited = co_await wait_for_change(silent_waits); !waited) co_return waited;
      continue;
    } else {
      if (Result<> sent = co_await flush(queue, 0); !sent) co_return sent;
      co_return Result<>{};
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
  co_return co_await stream_.transport().write(asio::buffer(keep_alive), write_limit());
}

/// Sends the front of the queue until at most `keep` entries are left; the last entry is being filled and is kept,
/// empty, when everything is sent.
asio::awaitable<Result<>> CloneConnection::flush(std::deque<Outgoing>& queue, std::size_t keep) {
  while (queue.size() > keep && queue.size() > 1) {
    Outgoing outgoing = std::move(queue.front());
    queue.pop_front();
    if (Result<> sent = co_await send_one(std::move(outgoing)); !sent) {
      // Jobs still under way refer to this object.
      for (Outgoing& left : queue)
        if (left.ready) std::ignore = co_await left.ready->get();
      co_return sent;
    }
  }
  if (keep == 0 && !queue.back().messages.empty()) {
    Outgoing outgoing = std::exchange(queue.back(), {});
    co_return co_await send_one(std::move(outgoing));
  }
  co_return Result<>{};
}

asio::awaitable<Result<>> CloneConnection::send_one(Outgoing outgoing) {
  std::vector<asio::const_buffer> buffers;
  if (!outgoing.messages.empty()) buffers.push_back(asio::buffer(outgoing.messages));
  if (outgoing.job == nullptr) co_return co_await stream_.transport().write(std::move(buffers), write_limit());

  const BlockJob& job = *outgoing.job;
  if (const Result<> read = co_await outgoing.ready->get(); !read) {
    log::error("clone.read_failed", {{"conn", client_.id}, {"clone", session_->key()}, {"error", read.error().what}});
    const MysqlError error = to_mysql_error(read.error());
    session_->with_machine([&](DonorMachine& machine) { machine.fail({error.number, error.message}); });
    co_return buffers.empty() ? Result<>{} : co_await stream_.transport().write(std::move(buffers), write_limit());
  }

  buffers.push_back(asio::buffer(outgoing.descriptor));
  const ByteView data = stream_.compressed() ? ByteView{job.frames} : job.framed();
  buffers.push_back(asio::buffer(data.data(), data.size()));
  const std::uint64_t before = stream_.transport().bytes_sent();
  Result<> sent = co_await stream_.transport().write(std::move(buffers), write_limit());
  session_->count_network(job.state, stream_.transport().bytes_sent() - before);
  if (sent) session_->count_data(job.state, job.block.length_bytes);
  co_return sent;
}

void CloneConnection::start_read(BlockJob& job, Outgoing& outgoing, const asio::any_io_executor& executor) {
  outgoing.job = &job;
  outgoing.ready = start_on(context_->pool, executor, [this, &job] { return read_block(job); });
}

/// On the pool's thread.
Result<> CloneConnection::read_block(BlockJob& job) {
  const Block& block = job.block;
  const CloneView& view = session_->view();
  const MutableBytes into = job.data();
  Result<> read;
  if (job.state == CloneState::file_copy)
    read = view.read_file(block.file_index, block.offset_bytes, into);
  else if (job.state == CloneState::page_copy)
    read = view.read_page({block.file_index, block.offset_bytes, block.length_bytes, block.file_size_bytes}, into);
  else
    read = view.read_redo(block.file_index, block.offset_bytes, into);
  if (!read || !stream_.compressed()) return read;
  job.frames.clear();
  append_frames(job.frames, SequenceId{0}, job.framed(), job.deflater);
  return {};
}

/// May take long; the machine hears of it when it is done, and keep-alives go on meanwhile.
void CloneConnection::prepare(CloneState state) {
  asio::post(context_->pool, [session = session_, state] {
    const auto failed = [&](const Error& error) {
      const MysqlError mysql = to_mysql_error(error);
      session->with_machine([&](DonorMachine& machine) { machine.fail({mysql.number, mysql.message}); });
    };
    if (state == CloneState::page_copy) {
      Result<std::vector<PageRef>> pages = session->view().begin_page_copy();
      if (!pages) return failed(pages.error());
      session->with_machine([&](DonorMachine& machine) { machine.on_pages(std::move(*pages)); });
    } else {
      const Result<RedoPlan> redo = session->view().begin_redo_copy();
      if (!redo) return failed(redo.error());
      session->with_machine([&](DonorMachine& machine) { machine.on_redo(*redo); });
    }
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
      while (!std::filesystem::exists(fault->until)) co_await AsyncEvent::pause(kPausePoll);
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
  std::vector<EngineLocator> locators{command.locator};
  Locator locator;
  Result<std::shared_ptr<CloneSession>> found = find_clone(InitCommand{.locators = std::move(locators)}, locator);
  if (!found) co_return co_await respond_error(found.error());
  const Result<> taken = (*found)->with_machine([&](DonorMachine& machine) { return machine.on_ack(command); });
  if (!taken) co_return co_await respond_error(taken.error().within("Wrong Clone RPC"));
  if (command.error != 0)
    log::warn("clone.recipient_failed", {{"conn", client_.id}, {"clone", (*found)->key()}, {"error", command.error}});
  co_return co_await respond_complete();
}

asio::awaitable<Result<>> CloneConnection::on_exit() {
  exited_ = true;
  if (session_ && task_) {
    const TaskHandle task = *task_;
    const bool is_master = task.task == CloneTaskId{0};
    std::optional<SessionEnd> end;
    session_->with_machine([&](DonorMachine& machine) {
      const bool current = machine.master().generation == task.generation;
      machine.leave(task);
      if (!is_master || !current) return;
      if (const auto& failure = machine.failure())
        end = SessionEnd{SessionResult::failed, failure->number, failure->message};
      else if (machine.complete())
        end = SessionEnd{SessionResult::completed};
      else
        end = SessionEnd{SessionResult::failed, 1317, "The recipient gave up"};
    });
    if (end) session_->end(std::move(*end));
  }
  co_return co_await respond_complete();
}

// ---- writing

asio::awaitable<Result<>> CloneConnection::respond(std::vector<Bytes> messages) {
  Bytes framed;
  for (const Bytes& message : messages) stream_.frame_response(framed, message);
  co_return co_await stream_.transport().write(asio::buffer(framed), write_limit());
}

asio::awaitable<Result<>> CloneConnection::respond_complete() {
  return respond(std::vector<Bytes>(1, complete_response()));
}

asio::awaitable<Result<>> CloneConnection::respond_error(const Error& error) {
  return respond(std::vector<Bytes>(1, encode(to_response(error))));
}

}  // namespace donord
