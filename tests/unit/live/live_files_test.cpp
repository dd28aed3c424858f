// Pages that are read while they are written. What happens to whole files: live_ddl_test.cpp.

#include "live/live_files.hpp"

#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/live_clone.hpp"
#include "support/read_notice.hpp"

namespace donord {
namespace {

using ::testing::HasSubstr;
using testing::MadeUpServer;
using testing::ReadNotice;

constexpr SpaceId kTable = MadeUpServer::kTable;
constexpr std::size_t kPageBytes = MadeUpServer::kPageBytes;

class LiveFilesTest : public ::testing::Test {
 protected:
  /// Of db/t1.ibd alone.
  LiveFiles open(LiveWaits waits = {}) const {
    std::shared_ptr<RedoWatch> watch = RedoWatch::start(testing::watch_options(server_)).value();
    return LiveFiles{{identify_tablespace({server_.at("db/t1.ibd"), "./db/t1.ibd"}).value()},
                     server_.at(),
                     std::move(watch),
                     MadeUpServer::kStart,
                     std::make_shared<FileCache>(8),
                     waits};
  }

  static Result<Bytes> read_page(LiveFiles& files, PageNo number) {
    Bytes page(kPageBytes);
    if (const Result<> read = files.read(0, number.value() * kPageBytes, page); !read) return read.error();
    return page;
  }

  /// Half of it written.
  Bytes torn_page(const Bytes& whole, PageNo number) const {
    return testing::torn(MadeUpServer::page(kTable, number, MadeUpServer::kStart), whole);
  }

  MadeUpServer server_;
};

TEST_F(LiveFilesTest, ATornPageIsReadAgainUntilItIsWhole) {
  LiveFiles files = open();
  const Bytes whole = MadeUpServer::page(kTable, PageNo{3}, server_.log_change(kTable, PageNo{3}));
  testing::put_page(server_.at("db/t1.ibd"), 3, torn_page(whole, PageNo{3}));
  const ReadNotice notice{server_.at("db/t1.ibd"), ReadNotice::Of::reading};
  auto read = std::async(std::launch::async, [&files] { return read_page(files, PageNo{3}); });
  notice.wait();
  testing::put_page(server_.at("db/t1.ibd"), 3, whole);
  const Result<Bytes> page = read.get();
  ASSERT_TRUE(page) << page.error().what;
  EXPECT_EQ(*page, whole);
  EXPECT_EQ(files.needed_end(), server_.log_end());
}

TEST_F(LiveFilesTest, APageThatStaysTornIsNamed) {
  LiveFiles files = open({.on_its_way = std::chrono::milliseconds{50}, .torn = std::chrono::milliseconds{50}});
  const Bytes whole = MadeUpServer::page(kTable, PageNo{3}, server_.log_change(kTable, PageNo{3}));
  testing::put_page(server_.at("db/t1.ibd"), 3, torn_page(whole, PageNo{3}));
  const Result<Bytes> page = read_page(files, PageNo{3});
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, Errc::checksum);
  EXPECT_THAT(page.error().what, HasSubstr("t1.ibd: page 3 of space 2"));
  EXPECT_TRUE(read_page(files, PageNo{4}));
}

TEST_F(LiveFilesTest, APageThatWasNeverWrittenIsReadAsAnEmptyOne) {
  LiveFiles files = open();
  testing::put_page(server_.at("db/t1.ibd"), 3, Bytes(kPageBytes));
  EXPECT_EQ(*read_page(files, PageNo{3}), testing::empty_page(kTable, PageNo{3}));
}

TEST_F(LiveFilesTest, TheNewestPageSaysHowMuchOfTheLogIsNeeded) {
  LiveFiles files = open();
  server_.change(PageNo{3});
  const Lsn newest = server_.log_end();
  server_.change(PageNo{5});
  Bytes pages(2 * kPageBytes);
  ASSERT_TRUE(files.read(0, 3 * kPageBytes, pages));
  EXPECT_EQ(files.needed_end(), newest);
  ASSERT_TRUE(read_page(files, PageNo{1}));
  EXPECT_EQ(files.needed_end(), newest);
}

TEST_F(LiveFilesTest, AFileThatIsGoneIsReadAsEmptyPagesAndTheLogIsNeededThatSaysSo) {
  LiveFiles files = open();
  server_.drop(kTable, "db/t1.ibd");
  const Lsn dropped = server_.log_end();
  server_.log_change(SpaceId{0}, PageNo{2});
  EXPECT_EQ(*read_page(files, PageNo{3}), testing::empty_page(kTable, PageNo{3}));
  EXPECT_TRUE(files.is_gone(0));
  EXPECT_EQ(files.needed_end(), dropped);
}

TEST_F(LiveFilesTest, TheSizeIsThatOfNowInWholePages) {
  LiveFiles files = open();
  EXPECT_EQ(*files.current_bytes(0), 9 * kPageBytes);
  std::filesystem::resize_file(server_.at("db/t1.ibd"), 12 * kPageBytes + 4096);
  EXPECT_EQ(*files.current_bytes(0), 12 * kPageBytes);
  server_.drop(kTable, "db/t1.ibd");
  files.removed(0, server_.log_end());
  EXPECT_EQ(*files.current_bytes(0), 0U);
  EXPECT_TRUE(files.is_gone(0));
  EXPECT_EQ(files.needed_end(), server_.log_end());
}

TEST_F(LiveFilesTest, WhatIsKnownOfAFileStaysAsItWasForThoseWhoAsked) {
  LiveFiles files = open();
  const std::shared_ptr<const TablespaceFile> before = files.file(0);
  TablespaceFile renamed = *before;
  renamed.name = "./db/t7.ibd";
  files.set_file(0, renamed);
  EXPECT_EQ(before->name, "./db/t1.ibd");
  EXPECT_EQ(files.file(0)->name, "./db/t7.ibd");
}

}  // namespace
}  // namespace donord
