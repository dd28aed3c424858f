// Where the data of FILE COPY is read: on the network thread as long as it is cached, else on the pool.

#include <atomic>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clone/memory_view.hpp"
#include "server/clone_server.hpp"
#include "support/no_sink.hpp"

namespace donord {
namespace {

using testing::CloneServer;
using ::testing::HasSubstr;
using testing::MemorySink;
using testing::MemoryView;
using testing::SeededRandom;

constexpr std::size_t kMebibyte = std::size_t{1} << 20;

/// Which blocks are where, and who read them.
struct Cache {
  enum class Has { everything, nothing, something };

  [[nodiscard]] bool has(std::uint64_t offset) const {
    return has_what == Has::everything || (has_what == Has::something && offset / kMebibyte % 5 < 3);
  }
  [[nodiscard]] bool on_pool() const { return std::this_thread::get_id() == pool_thread; }

  Has has_what = Has::everything;
  std::optional<std::uint64_t> damaged_offset;
  std::thread::id pool_thread;
  std::atomic<std::size_t> read_at_once = 0;
  std::atomic<std::size_t> read_by_pool = 0;
  std::atomic<std::size_t> waits_outside_the_pool = 0;
};

class CachedView final : public MemoryView {
 public:
  CachedView(std::shared_ptr<Cache> cache, SeededRandom& random)
      : MemoryView({.file_sizes = {9 * kMebibyte + 700, 9000, 12 * kMebibyte}, .pages = 60}, random),
        cache_(std::move(cache)) {}

  Result<> read_file(std::size_t index, std::uint64_t offset, MutableBytes into) const override {
    ++(cache_->on_pool() ? cache_->read_by_pool : cache_->waits_outside_the_pool);
    if (offset == cache_->damaged_offset) return Error{Errc::checksum, "page 3 is damaged"};
    return MemoryView::read_file(index, offset, into);
  }

  bool read_file_if_cached(std::size_t index, std::uint64_t offset, MutableBytes into) const override {
    if (!cache_->has(offset) || offset == cache_->damaged_offset) {
      std::ranges::fill(into, std::uint8_t{0xEE});
      return false;
    }
    if (!cache_->on_pool()) ++cache_->read_at_once;
    return MemoryView::read_file(index, offset, into).has_value();
  }

 private:
  std::shared_ptr<Cache> cache_;
};

/// A file without an end, all of it cached.
class EndlessView final : public MemoryView {
 public:
  explicit EndlessView(SeededRandom& random) : MemoryView({.file_sizes = {16384}}, random) {
    files_ = MemoryView::files();
    files_[0].size_bytes = std::uint64_t{1} << 42;
  }

  const std::vector<DataFile>& files() const override { return files_; }
  bool read_file_if_cached(std::size_t, std::uint64_t, MutableBytes) const override { return true; }

 private:
  std::vector<DataFile> files_;
};

template <class MakeView>
class Source final : public testing::SourceInMemory {
 public:
  explicit Source(MakeView make_view) : make_view_(std::move(make_view)) {}
  Result<std::unique_ptr<CloneView>> begin_clone(const CloneRequest&) override { return make_view_(); }

 private:
  MakeView make_view_;
};

template <class MakeView>
std::shared_ptr<DonorSource> source_of(MakeView make_view) {
  return std::make_shared<Source<MakeView>>(std::move(make_view));
}

class CachedDataTest : public ::testing::Test {
 protected:
  /// What was said against it, or "".
  std::string clone() {
    CloneServer server{source_of([this] {
      auto view = std::make_unique<CachedView>(cache_, random_);
      expected_ = view->cloned_files();
      return view;
    })};
    std::promise<std::thread::id> thread;
    boost::asio::post(server.context().pool, [&] { thread.set_value(std::this_thread::get_id()); });
    cache_->pool_thread = thread.get_future().get();  // it has no other
    RecipientMachine recipient{{}, sink_};
    const std::optional<Error> refused = server.clone(recipient, testing::clone_client("clone"));
    return refused ? refused->what : "";
  }

  SeededRandom random_{1};
  std::shared_ptr<Cache> cache_ = std::make_shared<Cache>();
  std::map<std::string, Bytes> expected_;
  MemorySink sink_;
};

TEST_F(CachedDataTest, IsReadWhereItIsSent) {
  EXPECT_EQ(clone(), "");
  EXPECT_EQ(sink_.files(), expected_);
  EXPECT_EQ(cache_->read_by_pool, 0U);
  EXPECT_EQ(cache_->read_at_once, 10U + 1 + 12);
}

TEST_F(CachedDataTest, WhatIsNotCachedIsReadByThePool) {
  cache_->has_what = Cache::Has::nothing;
  EXPECT_EQ(clone(), "");
  EXPECT_EQ(sink_.files(), expected_);
  EXPECT_EQ(cache_->read_by_pool, 10U + 1 + 12);
  EXPECT_EQ(cache_->read_at_once, 0U);
  EXPECT_EQ(cache_->waits_outside_the_pool, 0U);
}

TEST_F(CachedDataTest, AFileOfWhichSomethingIsCachedArrivesWhole) {
  cache_->has_what = Cache::Has::something;
  EXPECT_EQ(clone(), "");
  EXPECT_EQ(sink_.files(), expected_);
  EXPECT_GT(cache_->read_by_pool, 0U);
  EXPECT_GT(cache_->read_at_once, 0U);
  EXPECT_EQ(cache_->waits_outside_the_pool, 0U);
}

TEST_F(CachedDataTest, ThatIsDamagedEndsTheCloneWithTheErrorOfThePool) {
  cache_->damaged_offset = 5 * kMebibyte;
  EXPECT_THAT(clone(), HasSubstr("page 3 is damaged"));
  EXPECT_EQ(cache_->read_by_pool, 1U);
  EXPECT_EQ(cache_->waits_outside_the_pool, 0U);
}

class EndlessCloneTest : public ::testing::Test {
 protected:
  /// Goes on to its first data.
  EndlessCloneTest() {
    RecipientMachine recipient{{}, sink_};
    CloneServer::Socket& acks = server_.connect(testing::clone_client("clone"));
    for (const Bytes& message : CloneServer::ask(data_, recipient.init_command()))
      EXPECT_TRUE(recipient.on_response(CloneTaskId{0}, message));
    CloneServer::send(data_, Bytes{static_cast<std::uint8_t>(CloneCommand::execute)});
    for (Bytes message; message.empty() || message[0] != static_cast<std::uint8_t>(CloneResponse::data);) {
      message = CloneServer::receive(data_);
      const Result<RecipientMachine::Reaction> reaction = recipient.on_response(CloneTaskId{0}, message);
      if (reaction && reaction->ack) CloneServer::ask(acks, *reaction->ack);
    }
  }

  SeededRandom random_{1};
  testing::NoSink sink_;
  CloneServer server_{source_of([this] { return std::make_unique<EndlessView>(random_); })};
  CloneServer::Socket& data_ = server_.connect(testing::clone_client("clone"));
};

TEST_F(EndlessCloneTest, LeavesItsThreadToTheOtherConnections) {
  CloneServer::Socket& other = server_.connect(testing::clone_client("clone"));
  CloneServer::send(other, Bytes{77});
  while (other.available() == 0) CloneServer::receive(data_);
  EXPECT_EQ(CloneServer::receive(other).at(0), static_cast<std::uint8_t>(CloneResponse::error));
}

TEST_F(EndlessCloneTest, CanBeEnded) {
  server_.context().clones.all().at(0)->fail(Error{Errc::cancelled, "enough"});
  Bytes message;
  while (message.empty() || message[0] != static_cast<std::uint8_t>(CloneResponse::error))
    message = CloneServer::receive(data_);
  EXPECT_THAT(std::string{as_text(message)}, HasSubstr("enough"));
}

}  // namespace
}  // namespace donord
