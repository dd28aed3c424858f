// Files that come, go and get other names while they are cloned.

#include <filesystem>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

#include "support/live_clone.hpp"
#include "support/read_notice.hpp"

namespace donord {
namespace {

using testing::changes_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using testing::MadeUpServer;
using testing::pages_of;
using ::testing::Pair;
using testing::ReadNotice;
using testing::ServedRedo;
using testing::TablespaceSpec;

constexpr SpaceId kTable = MadeUpServer::kTable;
constexpr SpaceId kOther{9};
constexpr std::size_t kPageBytes = MadeUpServer::kPageBytes;

class LiveDdlTest : public ::testing::Test {
 protected:
  LiveDdlTest() { begin(testing::live_options(server_)); }

  void begin(const LiveOptions& options) {
    source_ = testing::open_live(options);
    view_ = testing::begin(*source_);
  }

  static Error error_of(const Result<PagePlan>& plan) { return plan ? Error{} : plan.error(); }
  static Error error_of(const Result<RedoPlan>& plan) { return plan ? Error{} : plan.error(); }

  /// The pages are chosen. One of them, which is read only now, changes after what happens until then: so the redo that
  /// is sent has that.
  void begin_page_copy() {
    server_.change(PageNo{3});
    server_.checkpoint();
    page_ = view_->begin_page_copy().value().pages.at(0);
  }
  void end_page_copy(const std::filesystem::path& name = "db/t1.ibd") {
    server_.change(name, kTable, PageNo{3});
    testing::read_page(*view_, page_).value();
  }
  /// One that another file has.
  void begin_page_copy_with_dictionary() {
    server_.change("mysql.ibd", SpaceId{0xFFFFFFFE}, PageNo{3});
    server_.checkpoint();
    page_ = view_->begin_page_copy().value().pages.at(0);
  }
  void end_page_copy_with_dictionary() {
    server_.change("mysql.ibd", SpaceId{0xFFFFFFFE}, PageNo{3});
    testing::read_page(*view_, page_).value();
  }

  /// DISCARD TABLESPACE, and the file that is to be imported: another one than before.
  void discard_and_bring() {
    const std::filesystem::path brought = server_.scratch() / "brought.ibd";
    testing::write_file(brought, testing::make_tablespace({.space = kTable}));
    server_.drop(kTable, "db/t1.ibd");
    std::filesystem::rename(brought, server_.at("db/t1.ibd"));
  }

  /// A file that should have gone is not waited for.
  [[nodiscard]] LiveOptions impatient() const {
    LiveOptions options = testing::live_options(server_);
    options.view.waits.on_its_way = std::chrono::milliseconds{0};
    return options;
  }

  /// The redo has to reach further than so far.
  void read_newer_page() {
    server_.change("mysql.ibd", SpaceId{0xFFFFFFFE}, PageNo{3});
    testing::read_page(*view_, {testing::index_of(*view_, "./mysql.ibd"), 3 * kPageBytes, kPageBytes, 0}).value();
  }
  /// What `page_` is read from has this LSN.
  void put_page_of(Lsn lsn) {
    testing::put_page(server_.at("db/t1.ibd"), 3, MadeUpServer::page(kTable, PageNo{3}, lsn));
  }

  Result<> read_redo() {
    Bytes header(innodb::kRedoHeaderBytes);
    return view_->read_redo(0, 0, header);
  }

  MadeUpServer server_;
  std::unique_ptr<LiveSource> source_;
  std::unique_ptr<CloneView> view_;
  PageRef page_;
};

// ---- while files are copied

TEST_F(LiveDdlTest, ACreatedFileIsAnnouncedAndSentInFull) {
  const Bytes content = server_.create("db/t2.ibd", {.space = kOther, .pages = 3});
  const PagePlan plan = view_->begin_page_copy().value();
  EXPECT_THAT(changes_of(plan.changes), ElementsAre("created 5 as ./db/t2.ibd"));
  EXPECT_EQ(plan.changes[0].file.size_bytes, content.size());
  EXPECT_EQ(plan.changes[0].file.space, kOther);
  ASSERT_THAT(pages_of(plan.pages), ElementsAre("file 5 page 0", "file 5 page 1", "file 5 page 2"));
  Bytes sent;
  for (const PageRef& page : plan.pages) append(sent, *testing::read_page(*view_, page));
  EXPECT_EQ(sent, content);
  EXPECT_TRUE(view_->begin_redo_copy());
}

TEST_F(LiveDdlTest, ACreatedFileThatIsNotThereYetIsWaitedFor) {
  const TablespaceSpec spec{.space = kOther, .pages = 3};
  server_.log_create("db/t2.ibd", spec);
  testing::write_file(server_.at("db/t2.ibd"),
                      testing::make_tablespace({.space = SpaceId{10}, .pages = 3}));  // another yet
  const ReadNotice notice{server_.at("db/t2.ibd"), ReadNotice::Of::opening};
  std::future<Result<PagePlan>> plan = std::async(std::launch::async, [this] { return view_->begin_page_copy(); });
  notice.wait();
  testing::write_file(server_.at("new"), testing::make_tablespace(spec));
  server_.move("new", "db/t2.ibd");
  const Result<PagePlan> planned = plan.get();
  ASSERT_TRUE(planned) << planned.error().what;
  EXPECT_THAT(changes_of(planned->changes), ElementsAre("created 5 as ./db/t2.ibd"));
}

TEST_F(LiveDdlTest, FilesThatAreNeverWhereTheLogSaysEndTheClone) {
  LiveOptions options = testing::live_options(server_);
  options.view.waits.calming_down = std::chrono::milliseconds{50};
  begin(options);
  server_.log_create("db/t2.ibd", {.space = kOther});
  EXPECT_EQ(error_of(view_->begin_page_copy()).code, Errc::ddl_in_progress);
}

TEST_F(LiveDdlTest, AFileThatCameAndWentIsNotMentioned) {
  server_.create("db/t2.ibd", {.space = kOther});
  server_.drop(kOther, "db/t2.ibd");
  const PagePlan plan = view_->begin_page_copy().value();
  EXPECT_THAT(plan.changes, IsEmpty());
  EXPECT_THAT(plan.pages, IsEmpty());
}

TEST_F(LiveDdlTest, ARenamedFileIsFoundAgainAndAnnounced) {
  const Bytes content = *read_file(server_.at("db/t1.ibd"), 1 << 20);
  server_.rename(kTable, "db/t1.ibd", "db/t7.ibd");
  server_.rename(kTable, "db/t7.ibd", "db/t8.ibd");
  EXPECT_EQ(*testing::read_whole(*view_, "./db/t1.ibd"), content);
  const PagePlan plan = view_->begin_page_copy().value();
  EXPECT_THAT(changes_of(plan.changes), ElementsAre("renamed 4 to ./db/t8.ibd"));
  EXPECT_THAT(plan.pages, IsEmpty());
  EXPECT_EQ(*testing::read_page(*view_, {.file_index = 4, .length_bytes = 9 * kPageBytes}), content);
  EXPECT_TRUE(view_->begin_redo_copy());
}

TEST_F(LiveDdlTest, AFileIsWaitedForThatTheLogIsAheadOf) {
  const Bytes content = *read_file(server_.at("db/t1.ibd"), 1 << 20);
  testing::write_file(server_.at("db/t8.ibd"),
                      testing::make_tablespace({.space = kOther}));  // the name is not free yet
  server_.log_rename(kTable, "db/t1.ibd", "db/t8.ibd");
  server_.move("db/t1.ibd", "on_its_way");
  const ReadNotice notice{server_.at("db/t8.ibd"), ReadNotice::Of::opening};
  auto read = std::async(std::launch::async, [this] { return testing::read_whole(*view_, "./db/t1.ibd"); });
  notice.wait();
  server_.move("on_its_way", "db/t8.ibd");
  const Result<Bytes> found = read.get();
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_EQ(*found, content);
}

TEST_F(LiveDdlTest, AFileThatIsNowhereEndsTheClone) {
  LiveOptions options = testing::live_options(server_);
  options.view.waits.on_its_way = std::chrono::milliseconds{50};
  begin(options);
  std::filesystem::remove(server_.at("db/t1.ibd"));
  const Result<Bytes> read = testing::read_whole(*view_, "./db/t1.ibd");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::not_found);
  EXPECT_THAT(read.error().what, HasSubstr("t1.ibd"));
}

TEST_F(LiveDdlTest, IntoADirectoryThatTheRecipientHasNotAFileIsSentAnew) {
  const Bytes content = *read_file(server_.at("db/t1.ibd"), 1 << 20);
  server_.rename(kTable, "db/t1.ibd", "other/t1.ibd");
  const PagePlan plan = view_->begin_page_copy().value();
  EXPECT_THAT(changes_of(plan.changes), ElementsAre("removed 4, ./db/t1.ibd", "created 5 as ./other/t1.ibd"));
  ASSERT_EQ(plan.pages.size(), 9U);
  EXPECT_EQ(plan.pages.at(0).file_index, 5U);
  EXPECT_EQ(*testing::read_page(*view_, {.file_index = 5, .length_bytes = 9 * kPageBytes}), content);
  EXPECT_TRUE(view_->begin_redo_copy());
}

TEST_F(LiveDdlTest, ADroppedFileIsReadAsEmptyPagesAndAnnounced) {
  server_.change(PageNo{3});
  server_.checkpoint();
  server_.drop(kTable, "db/t1.ibd");
  const Result<Bytes> content = testing::read_whole(*view_, "./db/t1.ibd");
  ASSERT_TRUE(content) << content.error().what;
  Bytes expected;
  for (std::uint32_t i = 0; i < 9; ++i) append(expected, testing::empty_page(kTable, PageNo{i}));
  EXPECT_EQ(*content, expected);
  const PagePlan plan = view_->begin_page_copy().value();
  EXPECT_THAT(changes_of(plan.changes), ElementsAre("removed 4, ./db/t1.ibd"));
  EXPECT_THAT(plan.pages, IsEmpty());
  EXPECT_TRUE(view_->begin_redo_copy());
}

TEST_F(LiveDdlTest, ATableWhoseIndexWasBuiltIsSentInFull) {
  server_.log(testing::index_load(kTable));
  EXPECT_EQ(view_->begin_page_copy()->pages.size(), 9U);
  EXPECT_TRUE(view_->begin_redo_copy());
}

TEST_F(LiveDdlTest, AnImportedTableEndsTheClone) {
  discard_and_bring();
  server_.log_change(kTable, PageNo{3});
  const Error error = error_of(view_->begin_page_copy());
  EXPECT_EQ(error.code, Errc::ddl_in_progress);
  EXPECT_THAT(error.what, HasSubstr("./db/t1.ibd was imported"));
}

TEST_F(LiveDdlTest, AnImportOfWhichTheLogHasNothingYetEndsTheClone) {
  begin(impatient());
  discard_and_bring();
  const Error error = error_of(view_->begin_page_copy());
  EXPECT_EQ(error.code, Errc::ddl_in_progress);
  EXPECT_THAT(error.what, HasSubstr("db/t1.ibd came without a record in the redo log"));
}

TEST_F(LiveDdlTest, AFileThatTheLogHasRemovedMayStayForAMoment) {
  const std::filesystem::path kept = server_.scratch() / "kept";
  std::filesystem::create_hard_link(server_.at("db/t1.ibd"), kept);
  server_.drop(kTable, "db/t1.ibd");
  std::filesystem::rename(kept, server_.at("db/t1.ibd"));
  auto plan = std::async(std::launch::async, [this] { return view_->begin_page_copy(); });
  EXPECT_EQ(plan.wait_for(std::chrono::milliseconds{30}), std::future_status::timeout);
  std::filesystem::remove(server_.at("db/t1.ibd"));
  EXPECT_THAT(changes_of(plan.get().value().changes), ElementsAre("removed 4, ./db/t1.ibd"));
}

TEST_F(LiveDdlTest, AFileThatHasTheInodeOfARemovedOneIsNotTakenForIt) {
  begin(impatient());
  const std::filesystem::path kept = server_.scratch() / "kept";
  std::filesystem::create_hard_link(server_.at("db/t1.ibd"), kept);
  server_.drop(kTable, "db/t1.ibd");
  std::filesystem::rename(kept, server_.at("db/t1.ibd"));
  EXPECT_EQ(error_of(view_->begin_page_copy()).code, Errc::ddl_in_progress);
}

TEST_F(LiveDdlTest, ATableThatWasImportedBeforeTheCloneIsCopied) {
  server_.drop(kTable, "db/t1.ibd");
  const Bytes content = testing::make_tablespace({.space = kTable});
  testing::write_file(server_.at("db/t1.ibd"), content);
  server_.log_change(kTable, PageNo{3});
  server_.checkpoint();
  view_ = testing::begin(*source_);
  EXPECT_EQ(*testing::read_whole(*view_, "./db/t1.ibd"), content);
  EXPECT_TRUE(view_->begin_page_copy());
  EXPECT_TRUE(view_->begin_redo_copy());
}

TEST_F(LiveDdlTest, AFileOfWhichTheLogKnowsNothingEndsTheClone) {
  begin(impatient());
  testing::write_file(server_.at("db/t2.ibd"), testing::make_tablespace({.space = kOther}));
  const Error error = error_of(view_->begin_page_copy());
  EXPECT_EQ(error.code, Errc::ddl_in_progress);
  EXPECT_THAT(error.what, HasSubstr("db/t2.ibd came without a record in the redo log"));
}

TEST_F(LiveDdlTest, AnUndoTablespaceOfWhichTheLogKnowsTheEndOnlyEndsTheClone) {
  LiveOptions options = testing::live_options(server_);
  options.view.waits.on_its_way = std::chrono::milliseconds{300};
  begin(options);
  constexpr SpaceId kOld{4294967277};
  testing::write_file(server_.at("undo_003"), testing::make_tablespace({.space = kOld, .flags = 0}));
  auto plan = std::async(std::launch::async, [this] { return view_->begin_page_copy(); });
  EXPECT_EQ(plan.wait_for(std::chrono::milliseconds{100}), std::future_status::timeout);
  server_.drop(kOld, "undo_003");
  server_.create("undo_003", {.space = SpaceId{4294967150}, .flags = 0});
  const Error error = error_of(plan.get());
  EXPECT_EQ(error.code, Errc::ddl_in_progress);
  EXPECT_THAT(error.what, HasSubstr("undo_003 came without a record in the redo log"));
}

// ---- while pages are copied

TEST_F(LiveDdlTest, AFileThatIsRenamedLateIsAnnouncedWithTheRedo) {
  begin_page_copy();
  server_.rename(kTable, "db/t1.ibd", "db/t7.ibd");
  end_page_copy("db/t7.ibd");
  EXPECT_THAT(changes_of(view_->begin_redo_copy()->changes), ElementsAre("renamed 4 to ./db/t7.ibd"));
}

TEST_F(LiveDdlTest, AFileThatIsMovedLateIntoANewDirectoryEndsTheClone) {
  begin_page_copy();
  server_.rename(kTable, "db/t1.ibd", "other/t1.ibd");
  end_page_copy("other/t1.ibd");
  const Error error = error_of(view_->begin_redo_copy());
  EXPECT_EQ(error.code, Errc::ddl_in_progress);
  EXPECT_THAT(error.what, HasSubstr("./other/t1.ibd came into a directory of its own"));
}

TEST_F(LiveDdlTest, AFileThatIsDroppedLateIsAnnouncedWithTheRedo) {
  begin_page_copy_with_dictionary();
  server_.drop(kTable, "db/t1.ibd");
  end_page_copy_with_dictionary();
  EXPECT_THAT(changes_of(view_->begin_redo_copy()->changes), ElementsAre("removed 4, ./db/t1.ibd"));
}

TEST_F(LiveDdlTest, AFileThatIsCreatedLateIsFilledByTheRedo) {
  begin_page_copy();
  server_.create("db/t2.ibd", {.space = kOther, .pages = 3});
  server_.log(testing::first_page_group(kOther, 0x4021, 3));
  end_page_copy();
  const ServedRedo redo{*view_};
  EXPECT_THAT(changes_of(redo.plan().changes), ElementsAre("created 5 as ./db/t2.ibd"));
  EXPECT_THAT(testing::served_records(redo),
              IsSupersetOf({"FILE_CREATE page 0 of 9", "INIT_FILE_PAGE2 page 0 of 9", "4BYTES page 3 of 2"}));
}

TEST_F(LiveDdlTest, AFileThatIsCreatedAndDroppedLateEndsTheClone) {
  begin_page_copy();
  server_.create("db/t2.ibd", {.space = kOther, .pages = 3});
  end_page_copy();
  server_.drop(kOther, "db/t2.ibd");
  const Error error = error_of(view_->begin_redo_copy());
  EXPECT_EQ(error.code, Errc::ddl_in_progress);
  EXPECT_THAT(error.what, HasSubstr("./db/t2.ibd was created and dropped"));
}

TEST_F(LiveDdlTest, AnIndexThatIsBuiltLateEndsTheClone) {
  begin_page_copy();
  server_.log(testing::index_load(kTable));
  end_page_copy();
  const Error error = error_of(view_->begin_redo_copy());
  EXPECT_EQ(error.code, Errc::ddl_in_progress);
  EXPECT_THAT(error.what, HasSubstr("an index of ./db/t1.ibd was built"));
}

TEST_F(LiveDdlTest, AnIndexThatIsBuiltBehindTheLastPageDoesNotMatter) {
  begin_page_copy();
  end_page_copy();
  server_.log(testing::index_load(kTable));
  EXPECT_TRUE(view_->begin_redo_copy());
}

TEST_F(LiveDdlTest, ATableThatIsImportedLateEndsTheClone) {
  begin_page_copy_with_dictionary();
  server_.drop(kTable, "db/t1.ibd");
  testing::write_file(server_.at("db/t1.ibd"), testing::make_tablespace({.space = kTable}));
  server_.log_change(kTable, PageNo{3});
  end_page_copy_with_dictionary();
  const Error error = error_of(view_->begin_redo_copy());
  EXPECT_EQ(error.code, Errc::ddl_in_progress);
  EXPECT_THAT(error.what, HasSubstr("./db/t1.ibd was imported"));
}

TEST_F(LiveDdlTest, AnUndoTablespaceThatIsMadeAnewLateEndsTheClone) {
  begin_page_copy();
  server_.create("undo_003", {.space = SpaceId{4294967277}, .flags = 0});
  end_page_copy();
  const Error error = error_of(view_->begin_redo_copy());
  EXPECT_EQ(error.code, Errc::ddl_in_progress);
  EXPECT_THAT(error.what, HasSubstr("the undo tablespace ./undo_003 was made anew"));
}

// ---- what the redo would lack goes out late

/// By index: the file, and how many of its pages.
std::map<std::uint32_t, std::size_t> pages_by_file(const PagePlan& plan) {
  std::map<std::uint32_t, std::size_t> pages;
  for (const PageRef& page : plan.pages) ++pages[page.file_index];
  return pages;
}

TEST_F(LiveDdlTest, WhenTheRedoLacksNothingNoPageIsLate) {
  begin_page_copy();
  server_.create("db/t2.ibd", {.space = kOther, .pages = 3});
  end_page_copy();
  EXPECT_TRUE(view_->late_pages().value().empty());
  EXPECT_THAT(changes_of(view_->begin_redo_copy()->changes), ElementsAre("created 5 as ./db/t2.ibd"));
}

TEST_F(LiveDdlTest, ATableWhoseIndexIsBuiltLateIsSentOnceMore) {
  begin_page_copy();
  server_.log(testing::index_load(kTable));
  end_page_copy();
  const PagePlan late = view_->late_pages().value();
  EXPECT_THAT(late.changes, IsEmpty());
  EXPECT_THAT(pages_by_file(late),
              ElementsAre(Pair(4U, std::filesystem::file_size(server_.at("db/t1.ibd")) / kPageBytes)));
  for (const PageRef& page : late.pages) testing::read_page(*view_, page).value();
  EXPECT_TRUE(view_->late_pages().value().empty());
  EXPECT_TRUE(view_->begin_redo_copy());
}

TEST_F(LiveDdlTest, WhatIsBuiltWhileLatePagesAreReadComesInTheNextRound) {
  begin_page_copy();
  server_.log(testing::index_load(kTable));
  end_page_copy();
  const PagePlan first = view_->late_pages().value();
  for (const PageRef& page : first.pages) testing::read_page(*view_, page).value();
  const Bytes content = server_.create("db/t2.ibd", {.space = kOther, .pages = 3});
  server_.log(testing::index_load(kOther));
  read_newer_page();
  const PagePlan second = view_->late_pages().value();
  EXPECT_THAT(changes_of(second.changes), ElementsAre("created 5 as ./db/t2.ibd"));
  Bytes sent;
  for (const PageRef& page : second.pages) append(sent, *testing::read_page(*view_, page));
  EXPECT_EQ(sent, content);
  EXPECT_TRUE(view_->late_pages().value().empty());
  EXPECT_THAT(view_->begin_redo_copy()->changes, IsEmpty());
}

TEST_F(LiveDdlTest, AFileThatIsCreatedAndDroppedLateIsForgotten) {
  begin_page_copy();
  server_.create("db/t2.ibd", {.space = kOther, .pages = 3});
  end_page_copy();
  server_.drop(kOther, "db/t2.ibd");
  EXPECT_TRUE(view_->late_pages().value().empty());
  EXPECT_THAT(view_->begin_redo_copy()->changes, IsEmpty());
}

TEST_F(LiveDdlTest, AFileThatIsMovedLateIntoANewDirectoryIsSentThere) {
  begin_page_copy();
  server_.rename(kTable, "db/t1.ibd", "other/t1.ibd");
  end_page_copy("other/t1.ibd");
  const PagePlan late = view_->late_pages().value();
  EXPECT_THAT(changes_of(late.changes), ElementsAre("removed 4, ./db/t1.ibd", "created 5 as ./other/t1.ibd"));
  EXPECT_THAT(pages_by_file(late),
              ElementsAre(Pair(5U, std::filesystem::file_size(server_.at("other/t1.ibd")) / kPageBytes)));
}

TEST_F(LiveDdlTest, AnUndoTablespaceThatIsMadeAnewLateIsSent) {
  begin_page_copy();
  server_.create("undo_003", {.space = SpaceId{4294967277}, .flags = 0});
  end_page_copy();
  const PagePlan late = view_->late_pages().value();
  EXPECT_THAT(changes_of(late.changes), ElementsAre("created 5 as undo_003"));
  EXPECT_THAT(pages_by_file(late),
              ElementsAre(Pair(5U, std::filesystem::file_size(server_.at("undo_003")) / kPageBytes)));
}

TEST_F(LiveDdlTest, AnUndoTablespaceThatWasCutInTwoIsSentAnew) {
  constexpr SpaceId kOld{4294967277};
  constexpr SpaceId kNew{4294967150};
  server_.create("undo_003", {.space = kOld, .flags = 0});
  begin(testing::live_options(server_));
  begin_page_copy();
  server_.drop(kOld, "undo_003");
  const Lsn removed = server_.log_end();
  server_.create("undo_003", {.space = kNew, .flags = 0});
  put_page_of(removed);
  testing::read_page(*view_, page_).value();
  const PagePlan late = view_->late_pages().value();
  const std::uint32_t old = testing::index_of(*view_, "undo_003");
  EXPECT_THAT(changes_of(late.changes),
              ElementsAre(fmt::format("removed {}, undo_003", old), HasSubstr("as undo_003")));
}

TEST_F(LiveDdlTest, AnUndoTablespaceThatCameLateAndWasCutInTwoIsSent) {
  constexpr SpaceId kOld{4294967277};
  constexpr SpaceId kNew{4294967150};
  begin_page_copy();
  server_.create("undo_003", {.space = kOld, .flags = 0});
  server_.drop(kOld, "undo_003");
  const Lsn removed = server_.log_end();
  server_.create("undo_003", {.space = kNew, .flags = 0});
  put_page_of(removed);
  testing::read_page(*view_, page_).value();
  EXPECT_THAT(changes_of(view_->late_pages().value().changes), ElementsAre("created 5 as undo_003"));
}

TEST_F(LiveDdlTest, ADirectoryThatCameLateIsNotRenamedInto) {
  begin_page_copy();
  server_.create("other/t2.ibd", {.space = kOther, .pages = 3});
  server_.log(testing::index_load(kOther));
  end_page_copy();
  const PagePlan first = view_->late_pages().value();
  EXPECT_THAT(changes_of(first.changes), ElementsAre("created 5 as ./other/t2.ibd"));
  server_.rename(kTable, "db/t1.ibd", "other/t1.ibd");
  read_newer_page();
  EXPECT_THAT(changes_of(view_->late_pages().value().changes),
              ElementsAre("removed 4, ./db/t1.ibd", "created 6 as ./other/t1.ibd"));
}

TEST_F(LiveDdlTest, LatePagesEndBehindTheRedoFiles) {
  begin_page_copy_with_dictionary();
  server_.log(testing::index_load(SpaceId{0xFFFFFFFE}));
  end_page_copy_with_dictionary();
  const PagePlan late = view_->late_pages().value();
  ASSERT_FALSE(late.pages.empty());
  EXPECT_EQ(late.pages.back().file_index, 4U) << "the last file";
  server_.log_much(std::uint64_t{8} << 20);
  server_.change(PageNo{3});
  testing::read_page(*view_, {4, 3 * kPageBytes, kPageBytes, 0}).value();
  EXPECT_TRUE(view_->late_pages().value().empty());
  const RedoPlan redo = view_->begin_redo_copy().value();
  EXPECT_GT(redo.file_count * redo.file_size_bytes, std::uint64_t{8} << 20);
  EXPECT_LE(redo.file_count, 4U);
}

TEST_F(LiveDdlTest, DdlThatDoesNotPauseEndsTheCloneInTheEnd) {
  begin_page_copy();
  Result<PagePlan> late = PagePlan{};
  int rounds = 0;
  for (; late && rounds < 100; ++rounds) {
    server_.log(testing::index_load(kTable));
    read_newer_page();
    late = view_->late_pages();
  }
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::ddl_in_progress);
  EXPECT_THAT(late.error().what, HasSubstr("an index of ./db/t1.ibd was built"));
  EXPECT_GT(rounds, 10);
}

TEST_F(LiveDdlTest, AfterACutTheRedoIsPlannedAgain) {
  begin_page_copy();
  server_.log(testing::index_load(kTable));
  end_page_copy();
  const PagePlan late = view_->late_pages().value();
  server_.create("db/t2.ibd", {.space = kOther, .pages = 3});
  read_newer_page();
  ASSERT_TRUE(view_->late_pages().value().empty());
  EXPECT_THAT(changes_of(view_->begin_redo_copy()->changes), ElementsAre("created 5 as ./db/t2.ibd"));

  server_.rename(kOther, "db/t2.ibd", "db/t3.ibd");
  read_newer_page();
  EXPECT_FALSE(read_redo()) << "it ends before a page that was sent";
  EXPECT_TRUE(view_->late_pages().value().empty());
  EXPECT_THAT(changes_of(view_->begin_redo_copy()->changes), ElementsAre("renamed 5 to ./db/t3.ibd"));
  EXPECT_TRUE(read_redo());
}

// ---- the system tablespace may have several files, which have one space id

TEST_F(LiveDdlTest, FilesBehindASecondSystemFileAreFollowedByTheirOwnIndex) {
  testing::write_file(server_.at("ibdata2"),
                      testing::make_tablespace({.space = SpaceId{0}, .flags = 0x4800, .pages = 8, .first_page = 16}));
  LiveOptions options = testing::live_options(server_);
  options.datadir.innodb_data_file_path = "ibdata1:256K;ibdata2:128K:autoextend";
  begin(options);
  ASSERT_EQ(testing::index_of(*view_, "./db/t1.ibd"), 5U);
  server_.rename(kTable, "db/t1.ibd", "db/t7.ibd");
  testing::put_page(server_.at("ibdata2"), 2,
                    MadeUpServer::page(SpaceId{0}, PageNo{18}, server_.log_change(SpaceId{0}, PageNo{18})));
  server_.checkpoint();
  const PagePlan plan = view_->begin_page_copy().value();
  EXPECT_THAT(changes_of(plan.changes), ElementsAre("renamed 5 to ./db/t7.ibd"));
  EXPECT_THAT(pages_of(plan.pages), ElementsAre("file 1 page 2"));
}

}  // namespace
}  // namespace donord
