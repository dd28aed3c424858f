// Who gets a clone, and over which connections, when the source has keys.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <list>
#include <thread>

#include "clone/memory_view.hpp"
#include "server/clone_connection.hpp"

namespace donord {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ::testing::HasSubstr;

enum class Keys { none, some };
enum class Tls { off, on };

constexpr CloneId kClone{11};
constexpr SnapshotId kSnapshot{22};

class SmallView final : public testing::MemoryView {
 public:
  SmallView(Keys keys, testing::SeededRandom& random) : MemoryView({.file_sizes = {16384}}, random), keys_(keys) {}
  bool has_keys() const override { return keys_ == Keys::some; }

 private:
  Keys keys_;
};

class SmallSource final : public DonorSource {
 public:
  explicit SmallSource(Keys keys) : keys_(keys) {}
  SourceIdentity identity() const override {
    return {.description = "memory", .server_version = "9.7.4", .page_size_bytes = 16384};
  }
  Result<std::unique_ptr<CloneView>> begin_clone() override { return std::make_unique<SmallView>(keys_, random_); }

 private:
  Keys keys_;
  testing::SeededRandom random_{1};
};

std::shared_ptr<ServerContext> make_context(Keys keys) {
  static const std::string key{as_text(RsaKey::generate()->private_pem()->reveal())};
  return std::make_shared<ServerContext>(ServerOptions{}, std::make_shared<SmallSource>(keys),
                                         std::shared_ptr<Catalog>{Catalog::in_memory().value()},
                                         RsaKey::from_pem(key).value(), 1);
}

ClientInfo client(const std::string& user, Tls tls) {
  ClientInfo info;
  info.user = user;
  info.peer = "192.0.2.7:51234";
  info.account = {.user = user, .host = "%", .credential = {}, .privilege = ClonePrivilege::backup_admin};
  info.max_packet_bytes = 1 << 25;
  info.version = "9.7.4";
  if (tls == Tls::on) info.tls_version = "TLSv1.3";
  return info;
}

InitCommand command(CloneCommand code, CloneId clone = {}, SnapshotId snapshot = {}) {
  InitCommand init{.command = code};
  init.locators.push_back({.locator = encode(Locator{.clone_id = clone, .snapshot_id = snapshot})});
  return init;
}

/// An interrupted clone of this user in the catalog, as a former process left it.
void leave_interrupted_clone(ServerContext& context, const std::string& user) {
  const SessionKey key = context.catalog->begin_session({.user = user, .host = "192.0.2.7:1"}).value();
  context.catalog->session_negotiated(key, {kClone, kSnapshot, "memory", 0x0103, 64}).value();
  context.catalog->end_session(key, {SessionResult::interrupted, 1053, "Server shutdown in progress"}).value();
}

Locator locator(CloneId clone = kClone, SnapshotId snapshot = kSnapshot) {
  return {.clone_id = clone, .snapshot_id = snapshot};
}

// ---- the factory

TEST(CheckSecure, KeysNeedTls) {
  testing::SeededRandom random{1};
  EXPECT_TRUE(check_secure(client("clone", Tls::off), SmallView{Keys::none, random}));
  EXPECT_TRUE(check_secure(client("clone", Tls::on), SmallView{Keys::some, random}));
  const Result<> refused = check_secure(client("clone", Tls::off), SmallView{Keys::some, random});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::insecure);
  EXPECT_THAT(refused.error().hint, HasSubstr("REQUIRE SSL"));
}

TEST(CloneFactory, ARefusalForLackOfTlsIsKeptInTheCatalogAndLeavesNoClone) {
  const auto context = make_context(Keys::some);
  const auto begun = context->factory.begin(client("clone", Tls::off), command(CloneCommand::init));
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().code, Errc::insecure);
  EXPECT_TRUE(context->clones.all().empty());
  const std::vector<SessionRecord> sessions = context->catalog->list_sessions().value();
  ASSERT_EQ(sessions.size(), 1U);
  EXPECT_EQ(sessions[0].end.result, SessionResult::failed);
  EXPECT_EQ(sessions[0].end.error_number, 3872U);
}

TEST(CloneFactory, AnInterruptedCloneIsRevivedForItsUserOnly) {
  const auto context = make_context(Keys::none);
  leave_interrupted_clone(*context, "clone");
  EXPECT_EQ(context->factory.revive(client("other", Tls::on), locator()).error().code, Errc::not_found);
  EXPECT_TRUE(context->clones.all().empty());
  const auto revived = context->factory.revive(client("clone", Tls::on), locator());
  ASSERT_TRUE(revived) << revived.error().what;
  EXPECT_EQ((*revived)->user(), "clone");
}

TEST(CloneFactory, ACloneThatWasJustRevivedIsNotAnotherUsers) {
  const auto context = make_context(Keys::none);
  leave_interrupted_clone(*context, "clone");
  const auto revived = context->factory.revive(client("clone", Tls::on), locator());
  ASSERT_TRUE(revived);
  EXPECT_EQ(context->factory.revive(client("other", Tls::on), locator()).error().code, Errc::not_found);
  EXPECT_EQ(*context->factory.revive(client("clone", Tls::on), locator()), *revived);
}

TEST(CloneFactory, ACloneWithKeysIsNotRevivedWithoutTls) {
  const auto context = make_context(Keys::some);
  leave_interrupted_clone(*context, "clone");
  EXPECT_EQ(context->factory.revive(client("clone", Tls::off), locator()).error().code, Errc::insecure);
  EXPECT_TRUE(context->clones.all().empty());
  ASSERT_TRUE(context->factory.revive(client("clone", Tls::on), locator())) << "the refusal was not its end";
  EXPECT_EQ(context->factory.revive(client("clone", Tls::off), locator()).error().code, Errc::insecure);
}

// ---- connections

asio::awaitable<void> serve(std::shared_ptr<ServerContext> context, tcp::socket socket, ClientInfo info) {
  PacketStream stream{std::make_shared<Transport>(std::move(socket))};
  CloneConnection connection{context, stream, info};
  std::ignore = co_await connection.run();
  stream.transport().close();
}

/// A server's side of clone connections, on a thread of its own, and their clients.
class CloneConnectionTest : public ::testing::Test {
 protected:
  ~CloneConnectionTest() override {
    sockets_.clear();
    guard_.reset();
    if (server_.joinable()) server_.join();
    if (context_) context_->pool.join();  // its jobs have timers of io_
  }

  void serve_source(Keys keys) { context_ = make_context(keys); }

  /// A connection after its login.
  tcp::socket& connect(const std::string& user, Tls tls) {
    tcp::acceptor acceptor{io_, {asio::ip::make_address("127.0.0.1"), 0}};
    tcp::socket& ours = sockets_.emplace_back(io_);
    ours.connect(acceptor.local_endpoint());
    ClientInfo info = client(user, tls);
    info.id = ConnectionId{static_cast<std::uint32_t>(sockets_.size())};
    asio::co_spawn(asio::make_strand(io_), serve(context_, acceptor.accept(), std::move(info)),
                   [](std::exception_ptr thrown) { EXPECT_FALSE(thrown); });
    if (!server_.joinable()) server_ = std::thread{[this] { io_.run(); }};
    return ours;
  }

  /// Sends a command; the messages up to COMPLETE or ERROR.
  static std::vector<Bytes> ask(tcp::socket& socket, const InitCommand& command) {
    Bytes packet;
    append_packet(packet, SequenceId{0}, encode(command));
    asio::write(socket, asio::buffer(packet));
    std::vector<Bytes> messages;
    for (bool last = false; !last;) {
      Bytes header(PacketHeader::kSize);
      asio::read(socket, asio::buffer(header));
      Bytes& message = messages.emplace_back(load_le<3>(header.data()));
      asio::read(socket, asio::buffer(message));
      const auto code = static_cast<CloneResponse>(message.at(0));
      last = code == CloneResponse::complete || code == CloneResponse::error;
    }
    return messages;
  }

  /// The error number of the answer, 0 for none.
  static std::uint32_t error_of(const std::vector<Bytes>& messages) {
    const Result<ErrorResponse> error = decode<ErrorResponse>(messages.back());
    return error ? error->number : 0;
  }

  static Locator locator_of(const std::vector<Bytes>& messages) {
    for (const Bytes& message : messages)
      if (static_cast<CloneResponse>(message.at(0)) == CloneResponse::locs)
        return *innodb_locator(decode<LocsResponse>(message)->locators);
    ADD_FAILURE() << "no COM_RES_LOCS";
    return {};
  }

  std::shared_ptr<ServerContext> context_;

 private:
  asio::io_context io_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> guard_{asio::make_work_guard(io_)};
  std::list<tcp::socket> sockets_;
  std::thread server_;
};

TEST_F(CloneConnectionTest, WithoutKeysTlsIsNotNeeded) {
  serve_source(Keys::none);
  EXPECT_EQ(error_of(ask(connect("clone", Tls::off), command(CloneCommand::init))), 0U);
}

TEST_F(CloneConnectionTest, InitIsRefusedWithoutTlsWhenThereAreKeys) {
  serve_source(Keys::some);
  const std::vector<Bytes> refused = ask(connect("clone", Tls::off), command(CloneCommand::init));
  EXPECT_EQ(refused.size(), 1U);
  EXPECT_EQ(error_of(refused), 3872U);
  EXPECT_THAT(std::string{as_text(refused.back())}, HasSubstr("REQUIRE SSL"));
  EXPECT_EQ(error_of(ask(connect("clone", Tls::on), command(CloneCommand::init))), 0U);
}

TEST_F(CloneConnectionTest, EveryConnectionOfACloneWithKeysNeedsTls) {
  serve_source(Keys::some);
  const Locator clone = locator_of(ask(connect("clone", Tls::on), command(CloneCommand::init)));
  for (const CloneCommand code : {CloneCommand::attach, CloneCommand::reinit})
    EXPECT_EQ(error_of(ask(connect("clone", Tls::off), command(code, clone.clone_id, clone.snapshot_id))), 3872U);
  EXPECT_EQ(context_->clones.all().size(), 1U) << "it goes on";
}

TEST_F(CloneConnectionTest, ACloneIsNotAnotherUsers) {
  serve_source(Keys::none);
  const Locator clone = locator_of(ask(connect("clone", Tls::on), command(CloneCommand::init)));
  for (const CloneCommand code : {CloneCommand::attach, CloneCommand::reinit}) {
    const std::vector<Bytes> answer = ask(connect("other", Tls::on), command(code, clone.clone_id, clone.snapshot_id));
    EXPECT_EQ(answer.size(), 1U);
    EXPECT_NE(error_of(answer), 0U);
  }
  EXPECT_FALSE(context_->clones.all().front()->ended());
}

TEST_F(CloneConnectionTest, AnInterruptedCloneIsNotAnotherUsers) {
  serve_source(Keys::none);
  leave_interrupted_clone(*context_, "clone");
  const InitCommand reinit = command(CloneCommand::reinit, kClone, kSnapshot);
  EXPECT_NE(error_of(ask(connect("other", Tls::on), reinit)), 0U);
  EXPECT_TRUE(context_->clones.all().empty());
}

TEST_F(CloneConnectionTest, AnInterruptedCloneWithKeysComesBackOverTlsOnly) {
  serve_source(Keys::some);
  leave_interrupted_clone(*context_, "clone");
  InitCommand reinit{.command = CloneCommand::reinit};
  Locator has = locator();
  has.state = CloneState::file_copy;
  has.restart.emplace();
  reinit.locators.push_back({.locator = encode(has)});
  EXPECT_EQ(error_of(ask(connect("clone", Tls::off), reinit)), 3872U);
  EXPECT_EQ(error_of(ask(connect("clone", Tls::on), reinit)), 0U);
}

}  // namespace
}  // namespace donord
