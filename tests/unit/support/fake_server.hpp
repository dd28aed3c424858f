#pragma once

// A server that lets everybody in, over a Unix socket, and answers each statement as a test says.

#include <cstdlib>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <variant>

#include "base/file.hpp"
#include "protocol/command.hpp"
#include "protocol/handshake.hpp"
#include "protocol/packet.hpp"
#include "protocol/result_set.hpp"
#include "support/scratch_directory.hpp"
#include "upstream/upstream_options.hpp"

namespace donord {

class FakeServer {
 public:
  /// Closes the connection.
  struct HangUp {};
  /// Says nothing.
  struct Silence {};
  /// Payloads as they are, numbered from 1 on.
  using Raw = std::vector<Bytes>;
  /// An OK, rows, an error...
  using Answer = std::variant<OkPacket, TextResultSet, ErrPacket, Raw, HangUp, Silence>;
  using Script = std::function<Answer(const std::string& statement)>;

  explicit FakeServer(Script script) : script_(std::move(script)) {
    listener_ = UniqueFd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket().copy(address.sun_path, sizeof address.sun_path - 1);
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_.get(), 8) != 0)
      std::abort();
    acceptor_ = std::thread{[this] { accept_all(); }};
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  ~FakeServer() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    hang_up();
    for (Session& session : sessions_) session.thread.join();
  }

  [[nodiscard]] UpstreamOptions options() const {
    UpstreamOptions options = parse_upstream("tester@" + socket()).value();
    options.connect_timeout = options.read_timeout = options.write_timeout = std::chrono::seconds{10};
    return options;
  }

  /// To everybody who is connected, unasked, as a server does before it ends a session.
  void say(const ErrPacket& err) {
    const std::lock_guard lock{mutex_};
    for (Session& session : sessions_) write(session.fd.get(), SequenceId{}, {encode(err)});
  }
  void hang_up() {
    const std::lock_guard lock{mutex_};
    for (Session& session : sessions_) ::shutdown(session.fd.get(), SHUT_RDWR);
  }

  /// All statements so far, in order; "QUIT" for a COM_QUIT, "PING" for a COM_PING.
  [[nodiscard]] std::vector<std::string> statements() const {
    const std::lock_guard lock{mutex_};
    return statements_;
  }

 private:
  static constexpr Capabilities kCapabilities{Capability::protocol_41, Capability::secure_connection,
                                              Capability::plugin_auth, Capability::plugin_auth_lenenc_data,
                                              Capability::deprecate_eof};

  struct Session {
    UniqueFd fd;
    std::thread thread;
  };

  [[nodiscard]] std::string socket() const { return (directory_.path() / "s").string(); }

  void accept_all() {
    for (;;) {
      UniqueFd fd{::accept(listener_.get(), nullptr, nullptr)};
      if (!fd) return;
      const std::lock_guard lock{mutex_};
      Session& session = sessions_.emplace_back(Session{std::move(fd), {}});
      session.thread = std::thread{[this, peer = session.fd.get()] {
        serve(peer);
        ::shutdown(peer, SHUT_RDWR);
      }};
    }
  }

  void serve(int fd) {
    HandshakeV10 greeting;
    greeting.server_version = "9.7.4";
    greeting.connection_id = ConnectionId{7};
    greeting.nonce.bytes.fill('n');
    greeting.capabilities = kCapabilities;
    write(fd, SequenceId{}, {encode(greeting)});
    PacketAssembler packets{1U << 20};
    packets.expect(SequenceId{1});
    if (!read(fd, packets)) return;
    write(fd, SequenceId{2}, {encode(OkPacket{.capabilities = kCapabilities})});
    for (;;) {
      packets.expect(SequenceId{});
      const std::optional<Bytes> payload = read(fd, packets);
      if (!payload || !answer(fd, decode_command(*payload, kCapabilities).value())) return;
    }
  }

  bool answer(int fd, const Command& command) {
    const auto* const query = std::get_if<ComQuery>(&command);
    const std::string statement = query != nullptr                           ? query->statement
                                  : std::holds_alternative<ComPing>(command) ? "PING"
                                                                             : "QUIT";
    {
      const std::lock_guard lock{mutex_};
      statements_.push_back(statement);
    }
    if (statement == "QUIT") return false;
    const Answer answer = statement == "PING" ? Answer{OkPacket{}} : script_(statement);
    if (std::holds_alternative<HangUp>(answer)) return false;
    if (!std::holds_alternative<Silence>(answer)) write(fd, SequenceId{1}, payloads_of(answer));
    return true;
  }

  static std::vector<Bytes> payloads_of(const Answer& answer) {
    if (const auto* const rows = std::get_if<TextResultSet>(&answer)) return encode_result_set(*rows, kCapabilities);
    if (const auto* const err = std::get_if<ErrPacket>(&answer)) return {encode(*err)};
    if (const auto* const raw = std::get_if<Raw>(&answer)) return *raw;
    return {encode(OkPacket{.capabilities = kCapabilities})};
  }

  static std::optional<Bytes> read(int fd, PacketAssembler& packets) {
    for (;;) {
      const MutableBytes into = packets.wanted();
      const ssize_t got = ::recv(fd, into.data(), into.size(), 0);
      if (got <= 0) return std::nullopt;
      if (packets.advance(static_cast<std::size_t>(got)).value()) return packets.take();
    }
  }

  static void write(int fd, SequenceId sequence, const std::vector<Bytes>& payloads) {
    Bytes out;
    for (const Bytes& payload : payloads) sequence = append_packet(out, sequence, payload);
    for (ByteView left = out; !left.empty();) {
      const ssize_t put = ::send(fd, left.data(), left.size(), MSG_NOSIGNAL);
      if (put <= 0) return;
      left = left.subspan(static_cast<std::size_t>(put));
    }
  }

  Script script_;
  const testing::ScratchDirectory directory_;
  UniqueFd listener_;
  mutable std::mutex mutex_;
  std::list<Session> sessions_;
  std::vector<std::string> statements_;
  std::thread acceptor_;
};

/// Rows of text; every row has as many values as the first.
inline TextResultSet rows_of(std::vector<TextRow> rows, std::size_t columns) {
  TextResultSet result;
  for (std::size_t i = 0; i < columns; ++i) result.columns.push_back(text_column("c"));
  result.rows = std::move(rows);
  return result;
}

}  // namespace donord
