#include "source/page_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/crashed_datadir.hpp"
#include "support/encryption_builder.hpp"

namespace donord {
namespace {

using ::testing::HasSubstr;
using testing::make_page;

constexpr std::size_t kPageBytes = 16384;

class PageReaderTest : public ::testing::Test {
 protected:
  /// A file of 5 pages of space 7.
  TablespaceFile file(const std::string& name, PageNo first = PageNo{0}) const {
    const std::filesystem::path path = scratch_.path() / name;
    testing::write_file(path, testing::make_tablespace({.space = SpaceId{7}, .pages = 5, .first_page = first.value()}));
    return {.path = path, .stamp = *stamp_of(path), .space = SpaceId{7}, .first_page = first};
  }

  static Result<Bytes> read(const std::vector<TablespaceFile>& files, PageId page, const PageFilter& filter = {}) {
    return PageReader{files, filter}.read(page);
  }

  static Bytes page_of(PageNo number) {
    return make_page({.space = SpaceId{7}, .number = number, .lsn = Lsn{16'000'000}});
  }

  testing::ScratchDirectory scratch_;
};

TEST_F(PageReaderTest, ReadsAPageOfTheFileThatHasIt) {
  const std::vector<TablespaceFile> files{file("ibdata2", PageNo{5}), file("ibdata1")};
  EXPECT_EQ(*read(files, {SpaceId{7}, PageNo{4}}), page_of(PageNo{4}));
  EXPECT_EQ(*read(files, {SpaceId{7}, PageNo{5}}), page_of(PageNo{5}));
  EXPECT_EQ(*read(files, {SpaceId{7}, PageNo{9}}), page_of(PageNo{9}));
}

TEST_F(PageReaderTest, APageBehindTheEndWasNeverWritten) {
  const std::vector<TablespaceFile> files{file("undo_001")};
  EXPECT_EQ(*read(files, {SpaceId{7}, PageNo{5}}), Bytes(kPageBytes));
  EXPECT_EQ(*read(files, {SpaceId{7}, PageNo{0xFFFFFFFE}}), Bytes(kPageBytes));
}

TEST_F(PageReaderTest, ATablespaceWithoutAFileIsRefused) {
  std::vector<TablespaceFile> files{file("ib_buffer_pool")};
  files[0].role = FileRole::buffer_pool_dump;
  EXPECT_EQ(read(files, {SpaceId{7}, PageNo{4}}).error().code, Errc::not_found);
  EXPECT_THAT(read(files, {SpaceId{8}, PageNo{4}}).error().what, HasSubstr("tablespace 8, whose page 4"));
}

TEST_F(PageReaderTest, ATornPageIsRepaired) {
  const std::vector<TablespaceFile> files{file("undo_001")};
  const Bytes after = make_page({.space = SpaceId{7}, .number = PageNo{3}, .seed = 2});
  testing::put_page(files[0].path, 3, testing::torn(page_of(PageNo{3}), after));
  testing::write_file(scratch_.path() / "#ib_16384_0.dblwr", after);
  EXPECT_EQ(read(files, {SpaceId{7}, PageNo{3}}).error().code, Errc::checksum) << "nothing crashed";
  const PageFilter crashed{{Lsn{17'000'000}, std::make_shared<const DoublewriteFiles>(
                                                 *DoublewriteFiles::index(scratch_.path(), kPageBytes))}};
  EXPECT_EQ(*read(files, {SpaceId{7}, PageNo{3}}, crashed), after);
}

TEST_F(PageReaderTest, AnEncryptedPageIsDecrypted) {
  std::vector<TablespaceFile> files{file("undo_001")};
  Bytes page = page_of(PageNo{3});
  files[0].cipher = std::make_shared<const innodb::TablespaceCipher>(testing::make_cipher());
  ASSERT_TRUE(innodb::encrypt_page(page, {}, *files[0].cipher, page));
  testing::put_page(files[0].path, 3, page);
  const Bytes read_back = *read(files, {SpaceId{7}, PageNo{3}});
  EXPECT_TRUE(std::ranges::equal(ByteView{read_back}.subspan(38, kPageBytes - 46),
                                 ByteView{page_of(PageNo{3})}.subspan(38, kPageBytes - 46)));
  EXPECT_EQ(load_u16be(read_back, innodb::kPageTypeOffset), static_cast<std::uint16_t>(innodb::PageType::index));

  files[0].cipher = nullptr;
  EXPECT_THAT(read(files, {SpaceId{7}, PageNo{3}}).error().what, HasSubstr("is encrypted, its tablespace is not"));
}

}  // namespace
}  // namespace donord
