#include "upstream/upstream_connection.hpp"

#include <algorithm>

#include "protocol/auth/secret.hpp"
#include "protocol/command.hpp"
#include "upstream/upstream_error.hpp"

namespace donord {

namespace {

using Clock = std::chrono::steady_clock;

/// Greeting, authentication, the OK of a SET.
constexpr std::size_t kMaxSmallPacketBytes = std::size_t{64} << 10;
/// Column definitions and ends of a result set, beside its rows.
constexpr std::size_t kMaxOtherPackets = 256;
constexpr std::chrono::milliseconds kGivenUpLook{500};

/// What a server may have other defaults for. Names of files come back as the bytes they are.
constexpr std::string_view kPrepare = "SET NAMES utf8mb4, autocommit = 1, sql_mode = '', max_execution_time = 0";

Error broken(std::string what) {
  return Error{Errc::malformed, std::move(what)};
}

}  // namespace

UpstreamConnection::~UpstreamConnection() {
  if (!stream_) return;
  packets_.expect(SequenceId{});
  (void)send(encode_command(ComQuit{}, effective_),
             Clock::now());  // what cannot be sent at once is not worth waiting for
}

Result<UpstreamConnection> UpstreamConnection::open(const UpstreamOptions& options) {
  UpstreamConnection connection{options};
  if (Result<> done = connection.log_in(); !done) {
    connection.stream_.reset();
    return done.error().within(options.name());
  }
  connection.options_.password = Secret{};
  if (Result<> prepared = connection.execute(kPrepare); !prepared) return prepared.error();
  return connection;
}

Result<> UpstreamConnection::log_in() {
  const UpstreamDeadline deadline = Clock::now() + options_.connect_timeout;
  Result<UpstreamStream> stream = UpstreamStream::connect(options_, deadline);
  if (!stream) return stream.error();
  stream_ = std::move(*stream);
  packets_.set_limit(kMaxSmallPacketBytes);

  UpstreamLogin login{options_};
  for (;;) {
    const Result<Bytes> packet = receive(deadline);
    if (!packet) return packet.error();
    Result<UpstreamLogin::Step> step = login.on_packet(*packet);
    if (!step) return step.error();
    if (std::holds_alternative<UpstreamLogin::Done>(*step)) break;
    if (const auto* const start = std::get_if<UpstreamLogin::StartTls>(&*step)) {
      if (Result<> sent = send(start->payload, deadline); !sent) return sent;
      if (Result<> started = stream_->start_tls(options_, deadline); !started) return started;
      if (Result<> sent = send_once(login.on_tls_started().payload, deadline); !sent) return sent;
    } else if (auto* const reply = std::get_if<UpstreamLogin::Send>(&*step)) {
      if (Result<> sent = send_once(std::move(reply->payload), deadline); !sent) return sent;
    }
  }
  effective_ = login.effective();
  server_version_ = login.server_version();
  connection_id_ = login.connection_id();
  return {};
}

Result<> UpstreamConnection::send(ByteView payload, UpstreamDeadline deadline) {
  SecretBytes framed;
  SequenceId sequence = packets_.next_sequence();
  for (const PacketPieceView& piece : frame_in_place(sequence, {}, payload)) {
    framed.insert(framed.end(), piece.head.begin(), piece.head.end());
    framed.insert(framed.end(), piece.body.begin(), piece.body.end());
    sequence = sequence.next();
  }
  packets_.expect(sequence);
  return stream_->write(framed, deadline);
}

/// What may hold the password.
Result<> UpstreamConnection::send_once(Bytes payload, UpstreamDeadline deadline) {
  Result<> sent = send(payload, deadline);
  wipe(payload);
  return sent;
}

Result<std::size_t> UpstreamConnection::read_some(UpstreamDeadline deadline) {
  for (;;) {
    const UpstreamDeadline look = std::min(deadline, Clock::now() + kGivenUpLook);
    Result<std::size_t> got = stream_->read_some(packets_.wanted(), look);
    if (got || got.error().code != Errc::timeout || look == deadline) return got;
    if (given_up_()) return Error{Errc::cancelled, "nobody waits for the answer any more"};
  }
}

Result<Bytes> UpstreamConnection::receive(std::optional<UpstreamDeadline> deadline) {
  for (;;) {
    const Result<std::size_t> got = read_some(deadline.value_or(Clock::now() + options_.read_timeout));
    if (!got) return got.error();
    const Result<bool> whole = packets_.advance(*got);
    if (!whole) return whole.error();
    if (*whole) return packets_.take();
  }
}

/// A server that ends a session by itself says why before it closes the connection, in a packet that nobody asked for.
Result<> UpstreamConnection::look_for_farewell() {
  PacketAssembler packets{kMaxSmallPacketBytes, PacketAssembler::Sequence::ignored};
  for (UpstreamDeadline deadline = Clock::now();; deadline = Clock::now() + options_.read_timeout) {
    const Result<std::size_t> got = stream_->read_some(packets.wanted(), deadline);
    if (!got && got.error().code == Errc::timeout && packets.between_packets()) return {};
    if (!got) return got.error();
    const Result<bool> whole = packets.advance(*got);
    if (!whole) return whole.error();
    if (!*whole) continue;
    const Bytes packet = packets.take();
    return is_err(packet) ? upstream_error(packet) : broken("a packet that answers nothing");
  }
}

/// The first packet of the answer.
Result<Bytes> UpstreamConnection::ask(const Command& command) {
  if (lost_) return *lost_;
  if (Result<> silent = look_for_farewell(); !silent) return end(silent.error());
  packets_.set_limit(kMaxSmallPacketBytes);
  packets_.expect(SequenceId{});
  if (Result<> sent = send(encode_command(command, effective_), Clock::now() + options_.write_timeout); !sent)
    return end(sent.error());
  Result<Bytes> first = receive();
  if (!first) return end(first.error());
  if (is_err(*first)) return refused(upstream_error(*first));
  return first;
}

Result<TextResultSet> UpstreamConnection::read_answer(Bytes first, const QueryLimits& limits) {
  packets_.set_limit(limits.bytes);
  ResultSetReader reader{effective_, limits.bytes};
  Result<bool> complete = reader.on_packet(first);
  for (std::size_t left = limits.rows + kMaxOtherPackets; complete && !*complete; --left) {
    if (left == 0) return end(Error{Errc::exhausted, fmt::format("more than {} rows", limits.rows)});
    const Result<Bytes> packet = receive();
    if (!packet) return end(packet.error());
    if (is_err(*packet)) return refused(upstream_error(*packet));
    complete = reader.on_packet(*packet);
  }
  if (!complete) return end(complete.error());
  return reader.take();
}

Result<std::vector<TextRow>> UpstreamConnection::query(std::string_view statement, std::size_t columns,
                                                       const QueryLimits& limits) {
  Result<Bytes> first = ask(ComQuery{std::string{statement}, {}});
  if (!first) return first.error();
  Result<TextResultSet> result = read_answer(std::move(*first), limits);
  if (!result) return result.error();
  if (result->columns.size() != columns)
    return end(broken(fmt::format("an answer of {} columns, expected {}", result->columns.size(), columns)));
  return std::move(result->rows);
}

Result<> UpstreamConnection::execute(std::string_view statement) {
  Result<std::vector<TextRow>> none = query(statement, 0);
  if (!none) return none.error();
  return {};
}

Result<> UpstreamConnection::ping() {
  const Result<Bytes> answer = ask(ComPing{});
  if (!answer) return answer.error();
  if (!is_ok(*answer)) return end(broken("no OK to a COM_PING"));
  return {};
}

Error UpstreamConnection::refused(const Error& error) {
  return error.code == Errc::cancelled ? end(error) : error.within(options_.name());
}

Error UpstreamConnection::end(const Error& error) {
  stream_.reset();
  lost_ = error.within(options_.name());
  return *lost_;
}

}  // namespace donord
