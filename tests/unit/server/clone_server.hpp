#pragma once

// Clone connections of a server on a thread of its own, over real sockets, and their clients.

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "clone/recipient_machine.hpp"
#include "server/clone_connection.hpp"

namespace donord::testing {

namespace clone_server_detail {

inline boost::asio::awaitable<void> serve(std::shared_ptr<ServerContext> context, boost::asio::ip::tcp::socket socket,
                                          ClientInfo info) {
  PacketStream stream{std::make_shared<Transport>(std::move(socket))};
  CloneConnection connection{context, stream, info};
  std::ignore = co_await connection.run();
  stream.transport().close();
}

/// Messages of a connection, read many at a time.
class MessageReader {
 public:
  explicit MessageReader(boost::asio::ip::tcp::socket& socket) : socket_(socket) {}

  /// Valid until the next call.
  ByteView next() {
    need(PacketHeader::kSize);
    const std::size_t length = load_le<3>(buffer_.data() + begin_);
    need(PacketHeader::kSize + length);
    const ByteView message = ByteView{buffer_}.subspan(begin_ + PacketHeader::kSize, length);
    begin_ += PacketHeader::kSize + length;
    return message;
  }

 private:
  void need(std::size_t count) {
    if (end_ - begin_ >= count) return;
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
    end_ -= std::exchange(begin_, 0);
    buffer_.resize(std::max(buffer_.size(), count));
    while (end_ < count) end_ += socket_.read_some(boost::asio::buffer(buffer_.data() + end_, buffer_.size() - end_));
  }

  boost::asio::ip::tcp::socket& socket_;
  Bytes buffer_ = Bytes(1 << 20);
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace clone_server_detail

/// A recipient's account, after its login.
inline ClientInfo clone_client(const std::string& user) {
  ClientInfo info;
  info.user = user;
  info.peer = "192.0.2.7:51234";
  info.account = {.user = user, .host = "%", .credential = {}, .privilege = ClonePrivilege::backup_admin};
  info.max_packet_bytes = 1 << 25;
  info.version = "9.7.4";
  return info;
}

/// Says what it is; what it serves is up to a test.
class SourceInMemory : public DonorSource {
 public:
  SourceIdentity identity() const override {
    return {.description = "memory", .server_version = "9.7.4", .page_size_bytes = 16384};
  }
};

/// Of a server with a catalog in memory and one worker.
inline std::shared_ptr<ServerContext> server_context(ServerOptions options, std::shared_ptr<DonorSource> source) {
  static const std::string key{as_text(RsaKey::generate()->private_pem()->reveal())};
  return std::make_shared<ServerContext>(std::move(options), std::move(source),
                                         std::shared_ptr<Catalog>{Catalog::in_memory().value()},
                                         RsaKey::from_pem(key).value(), 1);
}

class CloneServer {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  explicit CloneServer(std::shared_ptr<DonorSource> source) : context_(server_context({}, std::move(source))) {}
  CloneServer(const CloneServer&) = delete;
  CloneServer& operator=(const CloneServer&) = delete;
  ~CloneServer() {
    sockets_.clear();
    guard_.reset();
    if (server_.joinable()) server_.join();
    context_->begin_pool.join();
    context_->pool.join();  // its jobs have timers of io_
  }

  [[nodiscard]] ServerContext& context() { return *context_; }

  /// A connection after its login.
  Socket& connect(ClientInfo info) {
    namespace asio = boost::asio;
    asio::ip::tcp::acceptor acceptor{io_, {asio::ip::make_address("127.0.0.1"), 0}};
    Socket& ours = sockets_.emplace_back(io_);
    ours.connect(acceptor.local_endpoint());
    info.id = ConnectionId{static_cast<std::uint32_t>(sockets_.size())};
    asio::co_spawn(asio::make_strand(io_), clone_server_detail::serve(context_, acceptor.accept(), std::move(info)),
                   [](const std::exception_ptr& thrown) {
                     if (thrown) std::rethrow_exception(thrown);
                   });
    if (!server_.joinable()) server_ = std::thread{[this] { io_.run(); }};
    return ours;
  }

  static void send(Socket& socket, const Bytes& command) {
    Bytes packet;
    append_packet(packet, SequenceId{0}, command);
    boost::asio::write(socket, boost::asio::buffer(packet));
  }

  static Bytes receive(Socket& socket) {
    Bytes header(PacketHeader::kSize);
    boost::asio::read(socket, boost::asio::buffer(header));
    Bytes message(load_le<3>(header.data()));
    boost::asio::read(socket, boost::asio::buffer(message));
    return message;
  }

  /// Sends a command; the messages up to COMPLETE or ERROR.
  static std::vector<Bytes> ask(Socket& socket, const Bytes& command) {
    send(socket, command);
    std::vector<Bytes> messages;
    for (bool last = false; !last;) {
      const auto code = static_cast<CloneResponse>(messages.emplace_back(receive(socket)).at(0));
      last = code == CloneResponse::complete || code == CloneResponse::error;
    }
    return messages;
  }

  /// A whole clone over one connection that carries data; what the donor or the machine said against it, or nothing.
  std::optional<Error> clone(RecipientMachine& recipient, const ClientInfo& info) {
    Socket& master = connect(info);
    Socket& acks = connect(info);
    clone_server_detail::MessageReader messages{master};
    for (const Bytes& command : {recipient.init_command(), Bytes{static_cast<std::uint8_t>(CloneCommand::execute)}}) {
      send(master, command);
      for (bool done = false; !done;) {
        const Result<RecipientMachine::Reaction> reaction = recipient.on_response(CloneTaskId{0}, messages.next());
        if (!reaction) return reaction.error();
        if (reaction->ack) ask(acks, *reaction->ack);
        done = reaction->command_done;
      }
    }
    return std::nullopt;
  }

 private:
  std::shared_ptr<ServerContext> context_;
  boost::asio::io_context io_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> guard_{
      boost::asio::make_work_guard(io_)};
  std::list<Socket> sockets_;
  std::thread server_;
};

}  // namespace donord::testing
