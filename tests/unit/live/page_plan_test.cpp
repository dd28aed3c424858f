#include "live/page_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "live/page_collector.hpp"
#include "support/live_clone.hpp"

namespace donord {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::MadeUpServer;

constexpr SpaceId kSystem{0};
constexpr SpaceId kTable = MadeUpServer::kTable;
constexpr std::size_t kPageBytes = MadeUpServer::kPageBytes;

/// Two files of the system tablespace, of 16 and 8 pages, and a table of 9.
class PagePlanTest : public ::testing::Test {
 protected:
  PagePlanTest() {
    testing::write_file(server_.at("ibdata2"),
                        testing::make_tablespace({.space = kSystem, .flags = 0x4800, .pages = 8, .first_page = 16}));
    LiveOptions options = testing::live_options(server_);
    options.datadir.innodb_data_file_path = "ibdata1:256K;ibdata2:128K:autoextend";
    const LiveSurvey survey = survey_live(options.datadir).value();
    for (const TablespaceFile& file : survey.files)
      if (file.space == kSystem || file.space == kTable) {
        had_.push_back(file.usable_bytes());
        list_.push_back(file);
      }
    std::shared_ptr<RedoWatch> watch = RedoWatch::start(testing::watch_options(server_)).value();
    files_.emplace(list_, server_.at(), std::move(watch), MadeUpServer::kStart, std::make_shared<FileCache>(8));
  }

  static PageSet set_of(const std::vector<PageId>& pages) {
    PageCollector collector;
    for (const PageId& page : pages) collector.insert(page.space, page.page);
    return collector.take();
  }

  std::vector<std::string> plan(PagesToSend send) {
    send.had = had_;
    return testing::pages_of(list_pages(send, *files_).value());
  }

  MadeUpServer server_;
  std::vector<std::uint64_t> had_;
  std::vector<TablespaceFile> list_;
  std::optional<LiveFiles> files_;
};

TEST_F(PagePlanTest, NothingChangedNothingIsSent) {
  EXPECT_THAT(plan({}), IsEmpty());
}

TEST_F(PagePlanTest, PagesOfATablespaceOfSeveralFilesAreFoundInTheirFile) {
  EXPECT_THAT(plan({.changed = set_of({{kSystem, PageNo{15}}, {kSystem, PageNo{16}}, {kSystem, PageNo{23}}})}),
              ElementsAre("file 0 page 15", "file 1 page 0", "file 1 page 7"));
}

TEST_F(PagePlanTest, PagesThatNoFileHasAreLeftOut) {
  EXPECT_THAT(plan({.changed = set_of({{kSystem, PageNo{24}}, {kTable, PageNo{9}}, {SpaceId{77}, PageNo{0}}})}),
              IsEmpty());
}

TEST_F(PagePlanTest, PagesAreSentInTheOrderOfTheFilesAndOnce) {
  EXPECT_THAT(plan({.changed = set_of({{kTable, PageNo{5}}, {kTable, PageNo{2}}, {kSystem, PageNo{3}}})}),
              ElementsAre("file 0 page 3", "file 2 page 2", "file 2 page 5"));
}

TEST_F(PagePlanTest, OfAWholeTablespaceAllPagesAreSent) {
  EXPECT_EQ(plan({.changed = set_of({{kTable, PageNo{5}}}), .whole = {kTable}}).size(), 9U);
  EXPECT_EQ(plan({.whole = {kSystem}}).size(), 16U + 8U);
}

TEST_F(PagePlanTest, OfAFileThatIsGoneNoneIsSent) {
  EXPECT_THAT(plan({.changed = set_of({{kTable, PageNo{5}}}), .whole = {kTable}, .gone = {2}}), IsEmpty());
}

TEST_F(PagePlanTest, AFileThatGrewGetsItsFirstAndItsLastPage) {
  std::filesystem::resize_file(server_.at("db/t1.ibd"), 12 * kPageBytes);
  const PagesToSend send{.changed = set_of({{kTable, PageNo{5}}}), .had = had_};
  const std::vector<PageRef> pages = list_pages(send, *files_).value();
  EXPECT_THAT(testing::pages_of(pages), ElementsAre("file 2 page 0", "file 2 page 5", "file 2 page 11"));
  for (const PageRef& page : pages) EXPECT_EQ(page.file_size_bytes, 12 * kPageBytes);
}

TEST_F(PagePlanTest, AFileThatWasAddedHasNoPagesBesidesThoseThatChanged) {
  testing::write_file(server_.at("db/t2.ibd"), testing::make_tablespace({.space = SpaceId{9}, .pages = 3}));
  files_->add(identify_tablespace({server_.at("db/t2.ibd"), "./db/t2.ibd"}).value());
  EXPECT_THAT(plan({}), IsEmpty());
  EXPECT_THAT(plan({.whole = {SpaceId{9}}}), ElementsAre("file 3 page 0", "file 3 page 1", "file 3 page 2"));
}

}  // namespace
}  // namespace donord
