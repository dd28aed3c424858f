#include "source/first_page_rescue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/crashed_datadir.hpp"
#include "support/memory_redo.hpp"

namespace donord {
namespace {

using testing::file_create;
using testing::file_delete;
using testing::file_rename;
using testing::first_page_group;
using ::testing::HasSubstr;
using testing::make_first_page;
using testing::make_tablespace;
using testing::write_file;

constexpr std::uint32_t kPageBytes = 16384;
constexpr SpaceId kSpace{9};

class FirstPageRescueTest : public ::testing::Test {
 protected:
  Result<std::optional<TablespaceFile>> rescue(const std::string& name = "./db/t.ibd") {
    analysis_ = analyze_redo(log_.range(), kPageBytes, log_.read()).value();
    Result<DoublewriteFiles> files = DoublewriteFiles::index(scratch_.path(), kPageBytes);
    const CrashState crash{log_.range().checkpoint, std::make_shared<const DoublewriteFiles>(std::move(*files))};
    return FirstPageRescue{crash, {log_.range(), open_log(), &analysis_}, kPageBytes}.identify(
        {file_, name}, Error{Errc::checksum, "t.ibd: torn", "restore it"});
  }

  std::function<Result<innodb::RedoRead>()> open_log() const {
    return [read = log_.read()] { return Result<innodb::RedoRead>{read}; };
  }

  /// The page 0 that was brought back, or why it was not.
  TablespaceFile rescued(const std::string& name = "./db/t.ibd") {
    Result<std::optional<TablespaceFile>> file = rescue(name);
    EXPECT_TRUE(file) << file.error().what;
    EXPECT_TRUE(file && *file);
    return file && *file ? std::move(**file) : TablespaceFile{};
  }
  std::string refusal() {
    const Result<std::optional<TablespaceFile>> file = rescue();
    return file ? "" : file.error().what;
  }

  void write(Bytes content) { write_file(file_, content); }
  void write_blank() { write(Bytes(7 * kPageBytes)); }
  void write_torn(Lsn lsn) {
    Bytes content = make_tablespace({.space = kSpace});
    std::ranges::copy(testing::torn(make_first_page({.space = kSpace}), make_first_page({.space = kSpace, .lsn = lsn})),
                      content.begin());
    content[kPageBytes - 1] ^= 1;
    write(content);
  }

  void keep_copies(std::initializer_list<Bytes> copies) {
    Bytes content;
    for (const Bytes& copy : copies) {
      append(content, copy);
      content.resize((content.size() + kPageBytes - 1) / kPageBytes * kPageBytes);
    }
    write_file(scratch_.path() / "#ib_16384_0.dblwr", content);
  }

  static Bytes page0(Lsn lsn, std::uint32_t pages = 8, std::uint32_t flags = 0x4021) {
    return make_first_page({.space = kSpace, .flags = flags, .pages = pages, .lsn = lsn});
  }

  testing::ScratchDirectory scratch_;
  std::filesystem::path file_ = scratch_.path() / "data/db/t.ibd";
  testing::MemoryRedo log_;
  RedoAnalysis analysis_;
};

TEST_F(FirstPageRescueTest, ATornPageComesBackFromItsNewestGoodCopy) {
  const Lsn first = log_.add(testing::write_u4(kSpace, 46, 8));
  const Lsn second = log_.add(testing::write_u4(kSpace, 46, 9));
  const Lsn third = log_.add(testing::write_u4(kSpace, 46, 10));
  write_torn(third);
  Bytes damaged = page0(third, 10);
  damaged[9000] ^= 1;
  keep_copies({page0(first), damaged, page0(second, 9)});
  const TablespaceFile file = rescued();
  EXPECT_EQ(file.space, kSpace);
  EXPECT_EQ(file.page0->header.lsn, second);
  EXPECT_EQ(file.page0->fsp.size_pages, 9U);
  ASSERT_NE(file.replaced_page0, nullptr);
  EXPECT_EQ(*file.replaced_page0, page0(second, 9));
  EXPECT_FALSE(file.problem);
}

TEST_F(FirstPageRescueTest, ACopyFromBeforeTheCheckpointIsNotTaken) {
  const Lsn end = log_.add(testing::write_u4(kSpace, 46, 8));
  write_torn(end);
  keep_copies({page0(log_.range().checkpoint)});
  EXPECT_EQ(refusal(), "");
  keep_copies({page0(Lsn{log_.range().checkpoint.value() - 1})});
  EXPECT_EQ(refusal(), "t.ibd: torn, and the doublewrite files have no good copy of its page 0");
  EXPECT_EQ(rescue().error().hint, "restore it");
}

TEST_F(FirstPageRescueTest, ACopyThatIsNewerThanTheLogSaysThatTheLogIsLost) {
  const Lsn end = log_.add(testing::write_u4(kSpace, 46, 8));
  write_torn(end);
  keep_copies({page0(end + 1), page0(end)});
  EXPECT_THAT(refusal(), HasSubstr("doublewrite copy: page 0 of space 9: the page is newer than the redo log"));
}

TEST_F(FirstPageRescueTest, CopiesOfOtherPagesAndOfOtherPageSizesAreNotTaken) {
  const Lsn end = log_.add(testing::write_u4(kSpace, 46, 8));
  write_torn(end);
  keep_copies({testing::make_page({.space = kSpace, .number = PageNo{1}, .lsn = end}),
               make_first_page({.space = SpaceId{8}, .lsn = end}),
               testing::make_page({.space = kSpace, .number = PageNo{0}, .lsn = end}), page0(end, 8, 0x40E1)});
  EXPECT_THAT(refusal(), HasSubstr("no good copy"));
}

TEST_F(FirstPageRescueTest, PageZeroOfAZipFileComesBack) {
  const Lsn end = log_.add(testing::write_u4(kSpace, 46, 8));
  write_torn(end);
  keep_copies({page0(end, 7, 0x4029)});
  const TablespaceFile file = rescued();
  EXPECT_EQ(file.format.physical_bytes, 8192U);
  EXPECT_EQ(file.replaced_page0->size(), 8192U);
}

TEST_F(FirstPageRescueTest, ABlankFileOfTheLogIsMadeFromTheLog) {
  log_.add(file_create(kSpace, "./db/t.ibd"));
  const Lsn end = log_.add(first_page_group(kSpace, 0x4021, 7));
  log_.add(testing::write_u4(SpaceId{8}, 46, 7));
  write_blank();
  const TablespaceFile file = rescued();
  EXPECT_EQ(file.space, kSpace);
  EXPECT_EQ(file.page0->fsp.size_pages, 7U);
  EXPECT_EQ(file.page0->header.lsn, end);
  EXPECT_FALSE(file.problem);
}

TEST_F(FirstPageRescueTest, ABlankFileTakesItsCopyWhenThereIsOne) {
  log_.add(file_create(kSpace, "./db/t.ibd"));
  const Lsn first = log_.add(first_page_group(kSpace, 0x4021, 7));
  log_.add(testing::write_u4(kSpace, 46, 9));
  write_blank();
  keep_copies({page0(first, 7)});
  EXPECT_EQ(rescued().page0->header.lsn, first);
}

TEST_F(FirstPageRescueTest, TheNameMayBeTheOneAfterARename) {
  log_.add(file_create(kSpace, "./db/#sql-1.ibd"));
  log_.add(file_rename(kSpace, "./db/#sql-1.ibd", "./db/t.ibd"));
  log_.add(first_page_group(kSpace, 0x4021, 7));
  write_blank();
  EXPECT_EQ(rescued().space, kSpace);
  EXPECT_EQ(rescued("db/t.ibd").space, kSpace);
  EXPECT_FALSE(*rescue("./db/#sql-1.ibd"));
}

TEST_F(FirstPageRescueTest, OfSeveralFilesOfOneNameTheLastCounts) {
  log_.add(file_create(SpaceId{8}, "./db/t.ibd"));
  log_.add(first_page_group(SpaceId{8}, 0x4021, 7));
  log_.add(file_delete(SpaceId{8}, "./db/t.ibd"));
  log_.add(file_create(kSpace, "./db/t.ibd"));
  log_.add(first_page_group(kSpace, 0x4021, 7));
  write_blank();
  EXPECT_EQ(rescued().space, kSpace);
}

TEST_F(FirstPageRescueTest, ABlankFileThatTheLogDoesNotKnowIsIgnored) {
  log_.add(testing::write_u4(SpaceId{8}, 46, 8));
  write_blank();
  EXPECT_FALSE(*rescue());
  write({});
  EXPECT_FALSE(*rescue());
  log_.add(file_create(kSpace, "./db/t.ibd"));
  log_.add(file_delete(kSpace, "./db/t.ibd"));
  EXPECT_FALSE(*rescue());
}

TEST_F(FirstPageRescueTest, ABlankFileWhoseStoryTheLogHasOnlyInPartIsRefused) {
  log_.add(file_rename(kSpace, "./db/a.ibd", "./db/t.ibd"));
  write_blank();
  EXPECT_THAT(refusal(), HasSubstr("no good copy of its page 0"));
  log_.add(testing::write_u4(kSpace, 46, 8));
  EXPECT_NE(refusal(), "");
}

TEST_F(FirstPageRescueTest, AFileThatIsShorterThanAPageMayBeTorn) {
  const Lsn end = log_.add(testing::write_u4(kSpace, 46, 8));
  Bytes start = page0(end);
  start.resize(kPageBytes / 2);
  write(start);
  keep_copies({page0(end)});
  EXPECT_EQ(rescued().stamp.size_bytes, kPageBytes / 2);
}

TEST_F(FirstPageRescueTest, ErrorsOfTheFilesAreNoReasonToLeaveATableOut) {
  const Lsn end = log_.add(testing::write_u4(kSpace, 46, 8));
  EXPECT_EQ(rescue().error().code, Errc::not_found) << "the file is gone";

  write_torn(end);
  keep_copies({page0(end)});
  analysis_ = analyze_redo(log_.range(), kPageBytes, log_.read()).value();
  Result<DoublewriteFiles> files = DoublewriteFiles::index(scratch_.path(), kPageBytes);
  const CrashState crash{log_.range().checkpoint, std::make_shared<const DoublewriteFiles>(std::move(*files))};
  std::filesystem::remove(scratch_.path() / "#ib_16384_0.dblwr");
  const FirstPageRescue late{crash, {log_.range(), open_log(), &analysis_}, kPageBytes};
  EXPECT_THAT(late.identify({file_, "./db/t.ibd"}, Error{Errc::checksum, "torn"}).error().what, HasSubstr("dblwr"));
}

}  // namespace
}  // namespace donord
