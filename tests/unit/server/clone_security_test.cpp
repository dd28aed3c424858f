// Who gets a clone, and over which connections, when the source has keys.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clone/memory_view.hpp"
#include "server/clone_server.hpp"

namespace donord {
namespace {

using testing::CloneServer;
using ::testing::HasSubstr;

enum class Keys { none, some, later };
enum class Tls { off, on };

constexpr CloneId kClone{11};
constexpr SnapshotId kSnapshot{22};

class SmallView final : public testing::MemoryView {
 public:
  SmallView(Keys keys, testing::SeededRandom& random) : MemoryView({.file_sizes = {16384}}, random), keys_(keys) {}
  bool has_keys() const override { return keys_ == Keys::some; }
  Result<RedoPlan> begin_redo_copy() override {
    if (keys_ == Keys::later) keys_ = Keys::some;
    return MemoryView::begin_redo_copy();
  }

 private:
  Keys keys_;
};

class SmallSource final : public testing::SourceInMemory {
 public:
  explicit SmallSource(Keys keys) : keys_(keys) {}
  Result<std::unique_ptr<CloneView>> begin_clone(const CloneRequest&) override {
    return std::make_unique<SmallView>(keys_, random_);
  }

 private:
  Keys keys_;
  testing::SeededRandom random_{1};
};

std::shared_ptr<SmallSource> source(Keys keys) {
  return std::make_shared<SmallSource>(keys);
}

ClientInfo client(const std::string& user, Tls tls) {
  ClientInfo info = testing::clone_client(user);
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

bool never() {
  return false;
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
  CloneServer server{source(Keys::some)};
  const auto begun = server.context().factory.begin(client("clone", Tls::off), command(CloneCommand::init), never);
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().code, Errc::insecure);
  EXPECT_TRUE(server.context().clones.all().empty());
  const std::vector<SessionRecord> sessions = server.context().catalog->list_sessions().value();
  ASSERT_EQ(sessions.size(), 1U);
  EXPECT_EQ(sessions[0].end.result, SessionResult::failed);
  EXPECT_EQ(sessions[0].end.error_number, 3872U);
}

TEST(CloneFactory, AnInterruptedCloneIsRevivedForItsUserOnly) {
  CloneServer server{source(Keys::none)};
  leave_interrupted_clone(server.context(), "clone");
  EXPECT_EQ(server.context().factory.revive(client("other", Tls::on), locator()).error().code, Errc::not_found);
  EXPECT_TRUE(server.context().clones.all().empty());
  const auto revived = server.context().factory.revive(client("clone", Tls::on), locator());
  ASSERT_TRUE(revived) << revived.error().what;
  EXPECT_EQ((*revived)->user(), "clone");
}

TEST(CloneFactory, ACloneThatWasJustRevivedIsNotAnotherUsers) {
  CloneServer server{source(Keys::none)};
  leave_interrupted_clone(server.context(), "clone");
  const auto revived = server.context().factory.revive(client("clone", Tls::on), locator());
  ASSERT_TRUE(revived);
  EXPECT_EQ(server.context().factory.revive(client("other", Tls::on), locator()).error().code, Errc::not_found);
  EXPECT_EQ(*server.context().factory.revive(client("clone", Tls::on), locator()), *revived);
}

TEST(CloneFactory, ACloneWithKeysIsNotRevivedWithoutTls) {
  CloneServer server{source(Keys::some)};
  leave_interrupted_clone(server.context(), "clone");
  EXPECT_EQ(server.context().factory.revive(client("clone", Tls::off), locator()).error().code, Errc::insecure);
  EXPECT_TRUE(server.context().clones.all().empty());
  ASSERT_TRUE(server.context().factory.revive(client("clone", Tls::on), locator())) << "the refusal was not its end";
  EXPECT_EQ(server.context().factory.revive(client("clone", Tls::off), locator()).error().code, Errc::insecure);
}

// ---- connections

class CloneConnectionTest : public ::testing::Test {
 protected:
  void serve_source(Keys keys) { server_.emplace(source(keys)); }
  ServerContext& context() { return server_->context(); }
  CloneServer::Socket& connect(const std::string& user, Tls tls) { return server_->connect(client(user, tls)); }

  static std::vector<Bytes> ask(CloneServer::Socket& socket, const InitCommand& command) {
    return CloneServer::ask(socket, encode(command));
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

  std::optional<CloneServer> server_;
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
  EXPECT_EQ(context().clones.all().size(), 1U) << "it goes on";
}

TEST_F(CloneConnectionTest, KeysThatComeWithTheRedoAreNotSentWithoutTls) {
  for (const Tls tls : {Tls::off, Tls::on}) {
    serve_source(Keys::later);
    testing::MemorySink sink;
    RecipientMachine recipient{{}, sink};
    const std::optional<Error> refused = server_->clone(recipient, client("clone", tls));
    ASSERT_EQ(refused.has_value(), tls == Tls::off);
    if (!refused) continue;
    EXPECT_THAT(refused->what, ::testing::StartsWith("3872 : Clone needs an encrypted connection"));
    EXPECT_EQ(recipient.state(), CloneState::redo_copy);
    ASSERT_EQ(sink.redo().size(), 1U);
    EXPECT_TRUE(sink.redo()[0] == Bytes(sink.redo()[0].size())) << "announced, and nothing of it sent";
  }
}

TEST_F(CloneConnectionTest, ACloneIsNotAnotherUsers) {
  serve_source(Keys::none);
  const Locator clone = locator_of(ask(connect("clone", Tls::on), command(CloneCommand::init)));
  for (const CloneCommand code : {CloneCommand::attach, CloneCommand::reinit}) {
    const std::vector<Bytes> answer = ask(connect("other", Tls::on), command(code, clone.clone_id, clone.snapshot_id));
    EXPECT_EQ(answer.size(), 1U);
    EXPECT_NE(error_of(answer), 0U);
  }
  EXPECT_FALSE(context().clones.all().front()->ended());
}

TEST_F(CloneConnectionTest, AnInterruptedCloneIsNotAnotherUsers) {
  serve_source(Keys::none);
  leave_interrupted_clone(context(), "clone");
  const InitCommand reinit = command(CloneCommand::reinit, kClone, kSnapshot);
  EXPECT_NE(error_of(ask(connect("other", Tls::on), reinit)), 0U);
  EXPECT_TRUE(context().clones.all().empty());
}

TEST_F(CloneConnectionTest, AnInterruptedCloneWithKeysComesBackOverTlsOnly) {
  serve_source(Keys::some);
  leave_interrupted_clone(context(), "clone");
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
