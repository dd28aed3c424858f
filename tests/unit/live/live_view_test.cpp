// The pages and the redo of a clone whose server writes meanwhile.

#include "live/live_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/live_clone.hpp"

namespace donord {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MadeUpServer;
using testing::pages_of;
using testing::ServedRedo;

constexpr SpaceId kTable = MadeUpServer::kTable;
constexpr std::size_t kPageBytes = MadeUpServer::kPageBytes;

class LiveViewTest : public ::testing::Test {
 protected:
  void begin(const LiveOptions& options) {
    source_ = testing::open_live(options);
    view_ = testing::begin(*source_);
  }
  void begin() { begin(testing::live_options(server_)); }

  /// All that the server has done so far is known, its checkpoint too.
  void let_it_be_seen() const { testing::begin(*source_); }
  /// At the end of the log, which is read by then, as it is when a real server makes a checkpoint.
  Lsn checkpoint() {
    let_it_be_seen();
    const Lsn lsn = server_.checkpoint();
    let_it_be_seen();
    return lsn;
  }

  MadeUpServer server_;
  std::unique_ptr<LiveSource> source_;
  std::unique_ptr<CloneView> view_;
};

TEST_F(LiveViewTest, PagesThatChangedBeforeTheNewestCheckpointAreSentAsTheyAreNow) {
  begin();
  server_.change(PageNo{3});
  server_.change("mysql.ibd", SpaceId{0xFFFFFFFE}, PageNo{7});
  checkpoint();
  const Bytes newer = server_.change(PageNo{3});
  const PagePlan plan = view_->begin_page_copy().value();
  EXPECT_THAT(plan.changes, IsEmpty());
  ASSERT_THAT(pages_of(plan.pages), ElementsAre("file 3 page 7", "file 4 page 3"));
  EXPECT_EQ(plan.pages[1].file_size_bytes, 9 * kPageBytes);
  EXPECT_EQ(*testing::read_page(*view_, plan.pages[1]), newer);
}

TEST_F(LiveViewTest, PagesThatChangedSinceTheNewestCheckpointAreLeftToTheRedo) {
  begin();
  server_.change(PageNo{3});
  const Lsn checkpoint = this->checkpoint();
  server_.change(PageNo{4});
  EXPECT_THAT(pages_of(view_->begin_page_copy()->pages), ElementsAre("file 4 page 3"));
  const ServedRedo redo{*view_};
  EXPECT_EQ(*redo.chain().newest_checkpoint(), checkpoint);
  EXPECT_THAT(testing::served_records(redo), ElementsAre("4BYTES page 4 of 2"));
}

TEST_F(LiveViewTest, WithoutPageCopyTheRedoHasItAll) {
  LiveOptions options = testing::live_options(server_);
  options.view.page_copy = false;
  begin(options);
  server_.change(PageNo{3});
  checkpoint();
  server_.change(PageNo{4});
  EXPECT_THAT(view_->begin_page_copy()->pages, IsEmpty());
  const ServedRedo redo{*view_};
  EXPECT_EQ(*redo.chain().newest_checkpoint(), MadeUpServer::kStart);
  EXPECT_THAT(testing::served_records(redo), ElementsAre("4BYTES page 3 of 2", "4BYTES page 4 of 2"));
}

TEST_F(LiveViewTest, WhatHappensAfterThePagesWereChosenIsNoPartOfTheClone) {
  begin();
  server_.change(PageNo{4});
  ASSERT_TRUE(view_->begin_page_copy());
  server_.change(PageNo{5});
  EXPECT_THAT(testing::served_records(ServedRedo{*view_}), ElementsAre("4BYTES page 4 of 2"));
}

TEST_F(LiveViewTest, TheRedoReachesToTheNewestPageThatWasSent) {
  begin();
  server_.change(PageNo{3});
  server_.checkpoint();
  const PagePlan plan = view_->begin_page_copy().value();
  const Bytes newer = server_.change(PageNo{3});
  server_.change(PageNo{5});
  ASSERT_EQ(*testing::read_page(*view_, plan.pages.at(0)), newer);
  EXPECT_THAT(testing::served_records(ServedRedo{*view_}), ElementsAre("4BYTES page 3 of 2"));
}

TEST_F(LiveViewTest, APageThatIsAheadOfTheLogIsWaitedForAndThenCalledDamaged) {
  LiveOptions options = testing::live_options(server_);
  options.pace.patience = std::chrono::milliseconds{100};
  begin(options);
  testing::put_page(server_.at("db/t1.ibd"), 3, MadeUpServer::page(kTable, PageNo{3}, server_.log_end() + 1000));
  ASSERT_TRUE(testing::read_whole(*view_, "./db/t1.ibd"));
  ASSERT_TRUE(view_->begin_page_copy());
  const Result<RedoPlan> redo = view_->begin_redo_copy();
  ASSERT_FALSE(redo);
  EXPECT_EQ(redo.error().code, Errc::timeout);
  EXPECT_THAT(redo.error().what, HasSubstr(fmt::format("LSN {}, which a page has", server_.log_end() + 1000)));
}

TEST_F(LiveViewTest, TheLogMayGoOverSeveralFilesAndReuseThem) {
  begin();
  server_.change(PageNo{3});
  for (int i = 0; i < 6; ++i) {
    server_.log_much(40'000);
    checkpoint();
    while (server_.redo().files().size() > 1) server_.redo().recycle();
  }
  server_.change(PageNo{4});
  EXPECT_THAT(pages_of(view_->begin_page_copy()->pages), ElementsAre("file 0 page 1", "file 4 page 3"));
  const ServedRedo redo{*view_};
  EXPECT_THAT(testing::served_records(redo), ElementsAre("4BYTES page 4 of 2"));
}

TEST_F(LiveViewTest, TheRedoSinceTheCheckpointIsKeptWhenItsFilesAreGone) {
  LiveOptions options = testing::live_options(server_);
  options.view.page_copy = false;
  begin(options);
  server_.change(PageNo{3});
  for (int i = 0; i < 3; ++i) {
    server_.log_much(100'000);
    checkpoint();
    while (server_.redo().files().size() > 1) server_.redo().remove_oldest();
  }
  ASSERT_TRUE(view_->begin_page_copy());
  const ServedRedo redo{*view_};
  EXPECT_GT(redo.plan().file_count, 4U);
  EXPECT_EQ(*redo.chain().newest_checkpoint(), MadeUpServer::kStart);
  const std::vector<std::string> records = testing::served_records(redo);
  EXPECT_EQ(records.at(0), "4BYTES page 3 of 2");
  EXPECT_GT(records.size(), 36U);
}

TEST_F(LiveViewTest, AFileThatGrewIsSentWithItsSizeAndItsNewPages) {
  begin();
  server_.log(testing::write_u4(kTable, 46, 12));
  std::filesystem::resize_file(server_.at("db/t1.ibd"), 12 * kPageBytes);
  const Bytes tenth = server_.change(PageNo{10});
  server_.checkpoint();
  const PagePlan plan = view_->begin_page_copy().value();
  ASSERT_THAT(pages_of(plan.pages), ElementsAre("file 4 page 0", "file 4 page 10", "file 4 page 11"));
  EXPECT_EQ(plan.pages[0].file_size_bytes, 12 * kPageBytes);
  EXPECT_EQ(*testing::read_page(*view_, plan.pages[1]), tenth);
  EXPECT_EQ(*testing::read_page(*view_, plan.pages[2]), testing::empty_page(kTable, PageNo{11}));
}

TEST_F(LiveViewTest, WhenTheArchiveIsFullTheOldestCloneEndsAndTheOthersGoOn) {
  MadeUpServer server{1 << 20};
  LiveOptions options = testing::live_options(server);
  options.archive_bytes = kMinRedoArchiveBytes;
  const auto source = testing::open_live(options);
  const auto oldest = testing::begin(*source);
  server.log_much(1 << 20);
  server.log_much(1 << 20);
  server.checkpoint();
  const auto younger = testing::begin(*source);
  EXPECT_TRUE(testing::read_whole(*oldest, "./db/t1.ibd"));
  server.log_much(1 << 20);
  server.log_much(1 << 20);
  testing::begin(*source);  // when that has been read

  const Result<Bytes> ended = testing::read_whole(*oldest, "./db/t1.ibd");
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Errc::conflict);
  EXPECT_THAT(ended.error().what, HasSubstr("the redo archive is full"));
  EXPECT_EQ(oldest->begin_page_copy().error().code, Errc::conflict);
  EXPECT_TRUE(testing::read_whole(*younger, "./db/t1.ibd"));
  EXPECT_TRUE(younger->begin_page_copy());
  EXPECT_THAT(testing::served_records(ServedRedo{*younger}), Contains("WRITE_STRING page 1 of 0"));
}

}  // namespace
}  // namespace donord
