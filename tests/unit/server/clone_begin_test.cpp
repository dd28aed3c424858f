// Clones whose source takes its time to begin them, and what is kept of what it says.

#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "clone/memory_view.hpp"
#include "server/clone_server.hpp"

namespace donord {
namespace {

using testing::CloneServer;
using ::testing::SizeIs;

const SourcePosition kPosition{"binlog.000003", 157, "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-55"};

class PlacedView final : public testing::MemoryView {
 public:
  explicit PlacedView(testing::SeededRandom& random) : MemoryView({.file_sizes = {16384}}, random) {}
  std::optional<SourcePosition> position() const override { return kPosition; }
};

/// The first clone has to wait for DDL that does not end, others do not.
class SlowSource final : public testing::SourceInMemory {
 public:
  Result<std::unique_ptr<CloneView>> begin_clone(const CloneRequest& request) override {
    if (waiting_.exchange(true)) return std::make_unique<PlacedView>(random_);
    while (!request.given_up()) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    return Error{Errc::cancelled, "the clone was given up while it waited for DDL"};
  }
  void await_first() const {
    while (!waiting_) std::this_thread::yield();
  }

 private:
  std::atomic<bool> waiting_ = false;
  testing::SeededRandom random_{1};
};

class CloneBeginTest : public ::testing::Test {
 protected:
  CloneServer::Socket& send_init() {
    CloneServer::Socket& socket = server_.connect(testing::clone_client("clone"));
    InitCommand init;
    init.locators.push_back({.locator = encode(Locator{})});
    CloneServer::send(socket, encode(init));
    return socket;
  }

  SessionRecord session(std::uint64_t key) { return server_.context().catalog->get_session(SessionKey{key}).value(); }

  SessionRecord ended_session(std::uint64_t key) {
    while (!session(key).end_ms) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    return session(key);
  }

  std::shared_ptr<SlowSource> source_ = std::make_shared<SlowSource>();
  CloneServer server_{source_};
};

TEST_F(CloneBeginTest, ARecipientThatLeavesWhileItsCloneWaitsEndsTheWait) {
  CloneServer::Socket& socket = send_init();
  source_->await_first();
  EXPECT_FALSE(session(1).end_ms);
  socket.close();
  const SessionRecord left = ended_session(1);
  EXPECT_EQ(left.end.result, SessionResult::failed);
  EXPECT_EQ(left.end.error_number, 1317U);
  EXPECT_EQ(left.end.error_text, "The recipient left before its clone began");
  EXPECT_THAT(server_.context().clones.all(), SizeIs(0));
}

TEST_F(CloneBeginTest, SoDoesOneThatHasSentMoreThanWasRead) {
  CloneServer::Socket& socket = send_init();
  source_->await_first();
  CloneServer::send(socket, Bytes{static_cast<std::uint8_t>(CloneCommand::execute)});
  socket.close();
  EXPECT_EQ(ended_session(1).end.error_number, 1317U);
}

TEST_F(CloneBeginTest, SoDoesOneWhoseConnectionIsReset) {
  CloneServer::Socket& socket = send_init();
  source_->await_first();
  socket.set_option(boost::asio::socket_base::linger{true, 0});
  socket.close();
  EXPECT_EQ(ended_session(1).end.error_number, 1317U);
}

TEST_F(CloneBeginTest, WhatARecipientSentAheadIsNotLost) {
  CloneServer::Socket& socket = send_init();
  source_->await_first();
  CloneServer::send(socket, Bytes{static_cast<std::uint8_t>(CloneCommand::exit)});
  std::this_thread::sleep_for(std::chrono::milliseconds{700});  // long enough to be looked at
  EXPECT_FALSE(session(1).end_ms) << "it is still there";
  server_.context().draining = true;
  EXPECT_EQ(static_cast<CloneResponse>(CloneServer::receive(socket).at(0)), CloneResponse::error);
  EXPECT_EQ(static_cast<CloneResponse>(CloneServer::receive(socket).at(0)), CloneResponse::complete);
}

TEST_F(CloneBeginTest, ThePositionOfTheSourceIsKeptInTheCatalog) {
  CloneServer::Socket& first = send_init();
  source_->await_first();
  CloneServer::Socket& second = send_init();
  std::ignore = CloneServer::receive(second);
  EXPECT_EQ(session(2).position, kPosition);
  EXPECT_EQ(session(1).position, std::nullopt);
  first.close();
}

}  // namespace
}  // namespace donord
