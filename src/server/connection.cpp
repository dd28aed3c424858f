#include "server/connection.hpp"

#include "base/log.hpp"
#include "protocol/auth/scramble.hpp"
#include "protocol/auth/server_auth.hpp"
#include "server/clone_connection.hpp"
#include "server/error_map.hpp"
#include "server/sql_front.hpp"
#include "server/sql_session.hpp"

namespace donord {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kMaxHandshakeBytes = 128 * 1024;
/// @@max_allowed_packet.
constexpr std::size_t kMaxCommandBytes = 64 * 1024 * 1024;
constexpr std::size_t kLoggedUserBytes = 96;

/// Takes the connection off the table, however it ends.
struct Registration {
  ConnectionTable& table;
  ConnectionId id;
  ~Registration() { table.remove(id); }
};

}  // namespace

Connection::Connection(std::shared_ptr<ServerContext> context, std::shared_ptr<Transport> transport)
    : context_(std::move(context)),
      stream_(std::move(transport)),
      tls_(context_->tls()),
      login_deadline_(std::chrono::steady_clock::now() + context_->options.login_limit) {
  const auto& peer = stream_.transport().peer();
  client_.address = peer.address().to_string();
  client_.peer = fmt::format("{}:{}", client_.address, peer.port());
}

asio::awaitable<void> Connection::refuse() {
  std::ignore = co_await send_error(1040, "", "Too many connections");
  stream_.transport().close();
}

asio::awaitable<void> Connection::run() {
  const auto self = shared_from_this();
  client_.id = context_->connections.add(stream_.transport().shared_from_this(), context_->options.max_pending_logins);
  log::debug("connection.open", {{"conn", client_.id}, {"peer", client_.peer}});
  const Registration registration{context_->connections, client_.id};
  const Result<> served = co_await serve();
  if (!served && served.error().code != Errc::cancelled)
    log::warn("connection.broken", {{"conn", client_.id}, {"peer", client_.peer}, {"error", served.error().what}});
  else
    log::debug("connection.close", {{"conn", client_.id}});
  stream_.transport().close();
}

asio::awaitable<Result<>> Connection::serve() {
  if (Result<> logged_in = co_await login(); !logged_in) co_return logged_in.error().within("login");
  context_->connections.logged_in(client_.id, client_.account.user);
  co_return co_await serve_commands();
}

Capabilities Connection::offered() const {
  using enum Capability;
  Capabilities offer{
      long_password,    found_rows,   long_flag,          connect_with_db,         protocol_41,
      transactions,     reserved,     secure_connection,  multi_statements,        multi_results,
      ps_multi_results, plugin_auth,  connect_attributes, plugin_auth_lenenc_data, can_handle_expired_passwords,
      compress,         deprecate_eof};
  if (tls_) offer.add(ssl);
  return offer;
}

asio::awaitable<Result<>> Connection::login() {
  const Nonce nonce = random_nonce();
  const HandshakeV10 greeting{.server_version = context_->presented_version(),
                              .connection_id = client_.id,
                              .nonce = nonce,
                              .capabilities = offered()};
  if (Result<> sent = co_await stream_.send(encode(greeting), context_->options.login_limit); !sent) co_return sent;

  Result<Bytes> payload = co_await stream_.read(kMaxHandshakeBytes, login_deadline_);
  if (!payload) co_return payload.error();
  if (is_ssl_request(*payload)) {
    if (const Result<SslRequest> request = decode<SslRequest>(*payload); !request || !tls_)
      co_return request ? Error{Errc::malformed, "asked for TLS, which was not offered"} : request.error();
    if (Result<> secured = co_await stream_.transport().start_tls(tls_, login_deadline_); !secured) co_return secured;
    client_.tls_version = stream_.transport().tls()->version();
    client_.tls_cipher = stream_.transport().tls()->cipher();
    payload = co_await stream_.read(kMaxHandshakeBytes, login_deadline_);
    if (!payload) co_return payload.error();
  }
  Result<HandshakeResponse41> response = decode_handshake_response(*payload, offered());
  if (!response) {
    co_await send_error(1043, "08S01", "Bad handshake");
    co_return response.error();
  }
  if (context_->options.require_secure_transport && client_.tls_version.empty()) {
    co_await send_error(3159, "HY000",
                        "Connections using insecure transport are prohibited while "
                        "--require_secure_transport=ON.");
    co_return Error{Errc::denied, "without TLS, which is required"};
  }
  co_return co_await authenticate(std::move(*response), nonce);
}

asio::awaitable<Result<>> Connection::authenticate(HandshakeResponse41 response, Nonce nonce) {
  const std::string& address = client_.address;
  const auto auth = std::make_shared<ServerAuth>(
      ServerAuth::Setup{.greeting_nonce = nonce,
                        .switch_nonce = random_nonce(),
                        .channel = client_.tls_version.empty() ? Channel::plain : Channel::secure,
                        .rsa = &context_->rsa,
                        .peer_address = address},
      context_->accounts.lookup());
  const asio::any_io_executor executor = co_await asio::this_coro::executor;

  Bytes packet;
  for (bool first = true;; first = false) {
    const auto pending = start_on(context_->front_pool, executor, [auth, &response, &packet, first] {
      return first ? auth->start(response) : auth->on_packet(packet);
    });
    AuthStep step = co_await pending->get();
    wipe(packet);
    if (!step.send.empty()) {
      if (Result<> sent = co_await stream_.send(std::move(step.send), context_->options.login_limit); !sent)
        co_return sent;
    }
    if (const auto* rejected = std::get_if<AuthStep::Rejected>(&step.next)) {
      std::ignore = co_await stream_.send(encode(rejected->error), context_->options.login_limit);
      co_return Error{Errc::denied,
                      fmt::format("user '{}': {}", response.user.substr(0, kLoggedUserBytes), rejected->reason)};
    }
    if (const auto* accepted = std::get_if<AuthStep::Accepted>(&step.next)) {
      const std::optional<AccountMatch> match = context_->accounts.find(response.user, address);
      if (!match) {
        co_await send_error(1045, "28000", fmt::format("Access denied for user '{}'@'{}'", response.user, address));
        co_return Error{Errc::denied, "the account was removed during the login"};
      }
      client_.account = *match;
      if (accepted->learned) context_->accounts.learned(accepted->account, *accepted->learned);
      break;
    }
    Result<Bytes> next = co_await stream_.read(ServerAuth::kMaxClientPacketBytes, login_deadline_);
    if (!next) co_return next.error();
    packet = std::move(*next);
  }
  co_return co_await welcome(response);
}

asio::awaitable<Result<>> Connection::welcome(const HandshakeResponse41& response) {
  client_.user = response.user;
  client_.capabilities = response.effective();
  client_.max_packet_bytes = response.hello.max_packet_bytes;
  client_.version = response.attribute("_client_version");
  client_.os = response.attribute("_os");
  client_.platform = response.attribute("_platform");
  log::debug("connection.login", {{"conn", client_.id},
                                  {"user", client_.account.user},
                                  {"peer", client_.peer},
                                  {"tls", client_.tls_version},
                                  {"version", client_.version}});
  if (!response.database.empty()) {
    const SqlReply reply = use_database(response.database);
    if (const auto* error = std::get_if<MysqlError>(&reply)) {
      std::ignore = co_await stream_.send(encode_error(*error), write_limit());
      co_return Error{Errc::not_found, error->message};
    }
    schema_ = response.database;
  }
  if (Result<> sent = co_await send_ok(); !sent) co_return sent;
  if (client_.compressed()) stream_.start_compression();
  co_return Result<>{};
}

asio::awaitable<Result<>> Connection::serve_commands() {
  for (;;) {
    context_->connections.set_command(client_.id, "Sleep");
    const ServerOptions& options = context_->options;
    const Result<Bytes> payload =
        co_await stream_.read_command(kMaxCommandBytes, options.idle_limit, options.packet_limit);
    if (!payload && payload.error().code == Errc::unavailable)
      co_await send_error(1153, "08S01", "Got a packet bigger than 'max_allowed_packet' bytes");
    if (!payload) co_return payload.error();
    Result<Command> command = decode_command(*payload, client_.capabilities);
    if (!command) co_return command.error();

    Result<> done;
    if (std::holds_alternative<ComQuit>(*command)) co_return Result<>{};
    if (auto* query = std::get_if<ComQuery>(&*command)) {
      done = co_await on_query(std::move(query->statement));
    } else if (auto* init_db = std::get_if<ComInitDb>(&*command)) {
      done = co_await on_init_db(std::move(init_db->schema));
    } else if (std::holds_alternative<ComClone>(*command)) {
      done = co_await on_clone();
    } else if (std::holds_alternative<ComPing>(*command) || std::holds_alternative<ComResetConnection>(*command)) {
      done = co_await send_ok();
    } else {
      done = co_await send_error(1047, "08S01", "Unknown command");
    }
    if (!done) co_return done;
  }
}

asio::awaitable<Result<>> Connection::on_query(std::string statement) {
  context_->connections.set_command(client_.id, "Query");
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto pending = start_on(context_->pool, executor,
                                [this, &statement] { return answer_query(*context_, client_, schema_, statement); });
  co_return co_await stream_.send(co_await pending->get(), write_limit());
}

asio::awaitable<Result<>> Connection::on_init_db(std::string schema) {
  const SqlReply reply = use_database(schema);
  if (const auto* error = std::get_if<MysqlError>(&reply)) return stream_.send(encode_error(*error), write_limit());
  schema_ = std::move(schema);
  return send_ok();
}

asio::awaitable<Result<>> Connection::on_clone() {
  if (client_.account.privilege != ClonePrivilege::backup_admin)
    co_return co_await send_error(1227, "42000",
                                  "Access denied; you need (at least one of) the BACKUP_ADMIN privilege(s) for this "
                                  "operation");
  if (Result<> sent = co_await send_ok(); !sent) co_return sent;
  context_->connections.set_command(client_.id, "Clone");
  CloneConnection clone{context_, stream_, client_};
  co_return co_await clone.run();
}

asio::awaitable<Result<>> Connection::send_ok() {
  return stream_.send(encode(OkPacket{.capabilities = client_.capabilities}), write_limit());
}

asio::awaitable<Result<>> Connection::send_error(std::uint16_t number, std::string_view sql_state,
                                                 std::string message) {
  return stream_.send(encode_error({number, std::string{sql_state}, std::move(message)}), write_limit());
}

}  // namespace donord
