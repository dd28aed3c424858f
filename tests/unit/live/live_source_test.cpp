#include "live/live_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/live_clone.hpp"

namespace donord {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MadeUpServer;
using testing::ServedRedo;

class LiveSourceTest : public ::testing::Test {
 protected:
  std::unique_ptr<LiveSource> open() const { return testing::open_live(testing::live_options(server_)); }

  static Error error_of(const Result<std::unique_ptr<CloneView>>& view) { return view ? Error{} : view.error(); }

  /// The watch looks for the server from time to time.
  static void wait_for_the_end(const CloneView& view) {
    Bytes page(MadeUpServer::kPageBytes);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (view.read_file(0, 0, page) && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }

  MadeUpServer server_;
};

TEST_F(LiveSourceTest, SaysWhatItServes) {
  const auto source = open();
  const SourceIdentity identity = source->identity();
  EXPECT_EQ(identity.description, fmt::format("datadir {} (live)", server_.at().string()));
  EXPECT_EQ(identity.server_version, "9.7.4");
  EXPECT_EQ(identity.page_size_bytes, MadeUpServer::kPageBytes);
  EXPECT_EQ(identity.file_count, 5U);
  EXPECT_EQ(identity.data_bytes, (16 + 8 + 8 + 12 + 9) * MadeUpServer::kPageBytes);
  EXPECT_EQ(identity.checkpoint_lsn, MadeUpServer::kStart);
  EXPECT_FALSE(source->has_keys());
}

TEST_F(LiveSourceTest, AQuietServerIsCopiedAsItIs) {
  const auto source = open();
  const auto view = testing::begin(*source);
  EXPECT_THAT(testing::names_of(*view), ElementsAre("ibdata1", "undo_001", "undo_002", "./mysql.ibd", "./db/t1.ibd"));
  EXPECT_FALSE(view->has_keys());
  for (const DataFile& file : view->files())
    EXPECT_EQ(*testing::read_whole(*view, file.name), *read_file(server_.at(file.name), 1 << 20)) << file.name;

  const PagePlan plan = view->begin_page_copy().value();
  EXPECT_THAT(plan.changes, IsEmpty());
  EXPECT_THAT(plan.pages, IsEmpty());

  const ServedRedo redo{*view};
  EXPECT_THAT(redo.plan().changes, IsEmpty());
  EXPECT_FALSE(redo.plan().encrypted);
  EXPECT_EQ(*redo.chain().newest_checkpoint(), MadeUpServer::kStart);
  EXPECT_EQ(redo.start(0).header.creator, "MySQL 9.7.4");
  EXPECT_THAT(testing::served_records(redo), IsEmpty());
}

TEST_F(LiveSourceTest, WhatIsAskedForOutOfTurnIsRefused) {
  const auto source = open();
  const auto view = testing::begin(*source);
  Bytes page(MadeUpServer::kPageBytes);
  EXPECT_EQ(view->read_file(5, 0, page).error().code, Errc::not_found);
  EXPECT_EQ(view->read_page({.file_index = 5}, page).error().code, Errc::not_found);
  EXPECT_EQ(view->read_redo(0, 0, page).error().code, Errc::conflict);
}

TEST_F(LiveSourceTest, NoTwoClonesCanBeTakenForEachOther) {
  const auto source = open();
  EXPECT_NE(testing::begin(*source)->fingerprint(), testing::begin(*source)->fingerprint());
}

TEST_F(LiveSourceTest, ACloneBeginsWithTheFilesThatThereAreThen) {
  const auto source = open();
  const Bytes content = server_.create("db/t2.ibd", {.space = SpaceId{9}, .pages = 6});
  const auto view = testing::begin(*source);
  EXPECT_EQ(*testing::read_whole(*view, "./db/t2.ibd"), content);
  EXPECT_EQ(source->identity().file_count, 6U);
}

TEST_F(LiveSourceTest, AFileWithoutASoundFirstPageOfWhichTheLogKnowsNothingIsNoPartOfTheServer) {
  const auto source = open();
  testing::write_file(server_.at("db/t2.ibd"), Bytes(7 * MadeUpServer::kPageBytes, 0xEE));
  const Error error = error_of(source->begin_clone({}));
  EXPECT_THAT(error.what, HasSubstr("db/t2.ibd"));
}

TEST_F(LiveSourceTest, AFileThatIsBeingMadeIsLeftToTheLog) {
  const auto source = open();
  testing::write_file(server_.at("db/t2.ibd"), Bytes(7 * MadeUpServer::kPageBytes));
  server_.log_create("db/t2.ibd", {.space = SpaceId{9}, .pages = 7});
  EXPECT_EQ(testing::begin(*source)->files().size(), 5U);
}

// ---- the server comes and goes

TEST_F(LiveSourceTest, WithoutAServerThereIsNothingToFollow) {
  server_.stop();
  const auto source = LiveSource::open(testing::live_options(server_));
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Errc::unavailable);
  EXPECT_THAT(source.error().what, HasSubstr("no server runs"));
}

TEST_F(LiveSourceTest, AServerThatEndsTakesItsClonesWithIt) {
  const auto source = open();
  const auto view = testing::begin(*source);
  server_.stop();
  wait_for_the_end(*view);
  for (const Error& error : {testing::read_whole(*view, "./db/t1.ibd").error(), view->begin_page_copy().error(),
                             view->begin_redo_copy().error()}) {
    EXPECT_EQ(error.code, Errc::conflict);
    EXPECT_THAT(error.what, HasSubstr("was stopped while it was cloned"));
  }
  EXPECT_EQ(error_of(source->begin_clone({})).code, Errc::unavailable);
}

TEST_F(LiveSourceTest, AServerThatWasStartedAgainIsFollowedAgain) {
  const auto source = open();
  const auto before = testing::begin(*source);
  server_.stop();
  server_.start();
  wait_for_the_end(*before);
  EXPECT_THAT(testing::read_whole(*before, "./db/t1.ibd").error().what, HasSubstr("while it was cloned"));

  const auto after = testing::begin(*source);
  const Bytes changed = server_.change(PageNo{3});
  server_.checkpoint();
  const PagePlan plan = after->begin_page_copy().value();
  EXPECT_THAT(testing::pages_of(plan.pages), ElementsAre("file 4 page 3"));
  EXPECT_EQ(*testing::read_page(*after, plan.pages.at(0)), changed);
}

TEST_F(LiveSourceTest, WhatIsKnownOfPagesIsKeptForTheNextDonor) {
  {
    const auto source = open();
    server_.change(PageNo{3});
    server_.checkpoint();
    testing::begin(*source);  // has seen that
  }
  server_.log_much(10'000);
  const Lsn checkpoint = server_.checkpoint();
  EXPECT_EQ(open()->identity().checkpoint_lsn, MadeUpServer::kStart);
  std::filesystem::remove_all(testing::live_options(server_).state_directory);
  EXPECT_EQ(open()->identity().checkpoint_lsn, checkpoint);
}

TEST_F(LiveSourceTest, TwoDonorsMayHaveOneDirectoryForTheirState) {
  const auto one = open();
  const auto other = open();
  EXPECT_EQ(*testing::read_whole(*testing::begin(*one), "./db/t1.ibd"),
            *testing::read_whole(*testing::begin(*other), "./db/t1.ibd"));
}

}  // namespace
}  // namespace donord
