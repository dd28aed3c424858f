// Undo tablespaces that are created while they are cloned: the log has their pages, and does not say where they are.

#include <filesystem>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/live_clone.hpp"

namespace donord {
namespace {

using std::chrono::milliseconds;
using testing::changes_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MadeUpServer;

constexpr SpaceId kUndo{0xFFFFFFED};
constexpr SpaceId kTruncated{kUndo.value() - 127};  ///< the next id of that number
constexpr std::size_t kPageBytes = MadeUpServer::kPageBytes;

class LiveUndoTest : public ::testing::Test {
 protected:
  LiveUndoTest() { begin(testing::live_options(server_)); }

  void begin(const LiveOptions& options) {
    source_ = testing::open_live(options);
    view_ = testing::begin(*source_);
  }
  void begin(const LiveWaits& waits) {
    LiveOptions options = testing::live_options(server_);
    options.view.waits = waits;
    begin(options);
  }
  [[nodiscard]] LiveWaits waits() const { return testing::live_options(server_).view.waits; }

  Bytes create(const std::string& name = "x.ibu") { return server_.create_undo(server_.at(name), kUndo); }
  void truncate() {
    server_.drop(kUndo, "x.ibu");
    server_.log_create("x.ibu", {.space = kTruncated, .flags = 0});
    server_.create_undo(server_.at("x.ibu"), kTruncated);
  }
  /// What there is before the pages are written.
  void put_zeros() { testing::write_file(server_.at("x.ibu"), Bytes(8 * kPageBytes)); }

  Error refused() {
    const Result<PagePlan> plan = view_->begin_page_copy();
    return plan ? Error{} : plan.error();
  }
  Bytes sent(const std::vector<PageRef>& pages) {
    Bytes content;
    for (const PageRef& page : pages) append(content, *testing::read_page(*view_, page));
    return content;
  }

  /// The pages are chosen. One of them is read after what happens until then, so the redo that is sent has that.
  void begin_page_copy() {
    server_.change(PageNo{3});
    server_.checkpoint();
    page_ = view_->begin_page_copy().value().pages.at(0);
  }
  void end_page_copy() {
    server_.change(PageNo{3});
    testing::read_page(*view_, page_).value();
  }

  MadeUpServer server_;
  std::unique_ptr<LiveSource> source_;
  std::unique_ptr<CloneView> view_;
  PageRef page_;
};

// ---- while files are copied

TEST_F(LiveUndoTest, ACreatedOneIsAnnouncedAndSentInFull) {
  const Bytes content = create();
  const PagePlan plan = view_->begin_page_copy().value();
  EXPECT_THAT(changes_of(plan.changes), ElementsAre("created 5 as x.ibu"));
  EXPECT_EQ(plan.changes[0].file.space, kUndo);
  EXPECT_EQ(plan.changes[0].file.size_bytes, content.size());
  EXPECT_EQ(sent(plan.pages), content);
  EXPECT_THAT(view_->begin_redo_copy().value().changes, IsEmpty());
}

TEST_F(LiveUndoTest, ItIsFoundInAnyDirectoryOfTheServer) {
  LiveOptions options = testing::live_options(server_);
  options.datadir.innodb_directories = {server_.scratch() / "known"};
  std::filesystem::create_directories(server_.scratch() / "known");
  begin(options);
  server_.create_undo(server_.scratch() / "known/x.ibu", kUndo);
  EXPECT_THAT(changes_of(view_->begin_page_copy().value().changes), ElementsAre("created 5 as x.ibu"));
}

TEST_F(LiveUndoTest, OneThatIsBeingMadeIsWaitedFor) {
  testing::write_file(server_.at("undo_3_trunc.log"), {});
  server_.log_create_undo(kUndo);
  put_zeros();
  auto plan = std::async(std::launch::async, [this] { return view_->begin_page_copy(); });
  EXPECT_EQ(plan.wait_for(milliseconds{100}), std::future_status::timeout);
  const Bytes content = create();
  std::filesystem::remove(server_.at("undo_3_trunc.log"));
  const PagePlan planned = plan.get().value();
  EXPECT_THAT(changes_of(planned.changes), ElementsAre("created 5 as x.ibu"));
  EXPECT_EQ(sent(planned.pages), content);
}

TEST_F(LiveUndoTest, TheDictionaryGetsAMomentToKnowIt) {
  LiveWaits patient = waits();
  patient.undo_settled = milliseconds{300};
  begin(patient);
  create();
  auto plan = std::async(std::launch::async, [this] { return view_->begin_page_copy(); });
  EXPECT_EQ(plan.wait_for(milliseconds{100}), std::future_status::timeout);
  EXPECT_THAT(changes_of(plan.get().value().changes), ElementsAre("created 5 as x.ibu"));
}

TEST_F(LiveUndoTest, OneThatStaysUnfitEndsTheClone) {
  LiveWaits impatient = waits();
  impatient.on_its_way = milliseconds{50};
  begin(impatient);
  server_.log_create_undo(kUndo);
  put_zeros();
  const Error error = refused();
  EXPECT_EQ(error.code, Errc::ddl_in_progress);
  EXPECT_THAT(error.what, HasSubstr("was created while it was cloned, and " + server_.at("x.ibu").string()));
}

TEST_F(LiveUndoTest, OneWithoutAFileEndsTheClone) {
  LiveWaits impatient = waits();
  impatient.on_its_way = milliseconds{50};
  begin(impatient);
  server_.log_create_undo(kUndo);
  const Error error = refused();
  EXPECT_EQ(error.code, Errc::ddl_in_progress);
  EXPECT_THAT(error.what, HasSubstr("the undo tablespace 4294967277 was created while it was cloned, and no file has"));
  EXPECT_THAT(error.hint, HasSubstr("--innodb-directories"));
}

TEST_F(LiveUndoTest, ASecondFileWithItsIdEndsTheClone) {
  LiveWaits impatient = waits();
  impatient.on_its_way = milliseconds{0};
  begin(impatient);
  testing::write_file(server_.at("y.ibu"), create());
  const Error error = refused();
  EXPECT_EQ(error.code, Errc::ddl_in_progress);
  EXPECT_THAT(error.what, HasSubstr(".ibu came without a record in the redo log"));
}

TEST_F(LiveUndoTest, OneThatWasDroppedAgainIsNotMentioned) {
  create();
  server_.drop(kUndo, "x.ibu");
  EXPECT_THAT(view_->begin_page_copy().value().changes, IsEmpty());
  EXPECT_THAT(view_->begin_redo_copy().value().changes, IsEmpty());
}

TEST_F(LiveUndoTest, OneThatWasTruncatedIsSentAsItIsNow) {
  create();
  truncate();
  const PagePlan plan = view_->begin_page_copy().value();
  EXPECT_THAT(changes_of(plan.changes), ElementsAre("created 5 as x.ibu"));
  EXPECT_EQ(plan.changes[0].file.space, kTruncated);
}

TEST_F(LiveUndoTest, OneThatWasListedIsSentOnceMore) {
  const Bytes content = create();
  view_ = testing::begin(*source_);
  const std::uint32_t listed = testing::index_of(*view_, "x.ibu");
  const PagePlan plan = view_->begin_page_copy().value();
  EXPECT_THAT(plan.changes, IsEmpty());
  ASSERT_EQ(plan.pages.size(), content.size() / kPageBytes);
  EXPECT_EQ(plan.pages.front().file_index, listed);
}

// ---- while pages are copied

TEST_F(LiveUndoTest, OneThatIsCreatedLateIsSentLate) {
  begin_page_copy();
  const Bytes content = create();
  end_page_copy();
  const PagePlan late = view_->late_pages().value();
  EXPECT_THAT(changes_of(late.changes), ElementsAre("created 5 as x.ibu"));
  EXPECT_EQ(sent(late.pages), content);
  EXPECT_TRUE(view_->late_pages().value().empty());
  EXPECT_THAT(view_->begin_redo_copy().value().changes, IsEmpty());
}

TEST_F(LiveUndoTest, OneThatIsTruncatedAfterTheRecipientWasToldIsSentAnew) {
  create();
  begin_page_copy();
  truncate();
  end_page_copy();
  EXPECT_THAT(changes_of(view_->late_pages().value().changes), ElementsAre("removed 5, x.ibu", "created 6 as x.ibu"));
}

TEST_F(LiveUndoTest, TheRedoAloneDoesNotMakeOne) {
  begin_page_copy();
  create();
  end_page_copy();
  const Result<RedoPlan> redo = view_->begin_redo_copy();
  ASSERT_FALSE(redo);
  EXPECT_EQ(redo.error().code, Errc::ddl_in_progress);
  EXPECT_THAT(redo.error().what, HasSubstr("the undo tablespace 4294967277 was made"));
}

TEST_F(LiveUndoTest, OneThatIsCreatedBehindTheLastPageDoesNotMatter) {
  begin_page_copy();
  end_page_copy();
  create();
  EXPECT_TRUE(view_->late_pages().value().empty());
  EXPECT_THAT(view_->begin_redo_copy().value().changes, IsEmpty());
}

}  // namespace
}  // namespace donord
