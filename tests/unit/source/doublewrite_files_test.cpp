#include "source/doublewrite_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/datadir_builder.hpp"

namespace donord {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::make_page;
using testing::write_file;

constexpr std::uint32_t kPageBytes = 16384;

TEST(DoublewriteName, IsThatOfThePageSize) {
  EXPECT_TRUE(is_doublewrite_name("#ib_16384_0.dblwr", 16384));
  EXPECT_TRUE(is_doublewrite_name("#ib_16384_117.dblwr", 16384));
  EXPECT_TRUE(is_doublewrite_name("#ib_4096_1.dblwr", 4096));
  for (const char* other :
       {"#ib_4096_0.dblwr", "#ib_16384_0.bdblwr", "#ib_16384_.dblwr", "#ib_16384_0", "#ib_16384_x.dblwr",
        "#ib_16384_0.dblwr.old", "ib_16384_0.dblwr", "#ib_163840.dblwr", "#ib_16384_", "#ib_16384_-1.dblwr", ""})
    EXPECT_FALSE(is_doublewrite_name(other, 16384)) << other;
}

class DoublewriteFilesTest : public ::testing::Test {
 protected:
  static Bytes copy(Lsn lsn, std::uint32_t number = 3) {
    return make_page({.number = PageNo{number}, .lsn = lsn, .seed = static_cast<std::uint32_t>(lsn.value())});
  }

  void write(const std::string& name, std::initializer_list<Bytes> slots) const {
    Bytes content;
    for (const Bytes& slot : slots) append(content, slot);
    write_file(scratch_.path() / name, content);
  }

  DoublewriteFiles index() const {
    Result<DoublewriteFiles> files = DoublewriteFiles::index(scratch_.path(), kPageBytes);
    EXPECT_TRUE(files) << files.error().what;
    return std::move(*files);
  }

  static std::vector<Lsn> lsns(const DoublewriteFiles& files, PageId page) {
    std::vector<Lsn> found;
    for (const DoublewriteFiles::Copy& each : files.copies_of(page)) found.push_back(each.lsn);
    return found;
  }

  testing::ScratchDirectory scratch_;
};

TEST_F(DoublewriteFilesTest, CopiesOfAllFilesAreFoundNewestFirst) {
  write("#ib_16384_0.dblwr", {copy(Lsn{500}), copy(Lsn{900}), copy(Lsn{100}, 4)});
  write("#ib_16384_1.dblwr", {Bytes(kPageBytes), copy(Lsn{700})});
  const DoublewriteFiles files = index();
  EXPECT_EQ(files.files().size(), 2U);
  EXPECT_EQ(files.copy_count(), 4U) << "a slot that was never used holds none";
  EXPECT_EQ(files.copies_since(Lsn{700}), 2U);
  EXPECT_THAT(lsns(files, {SpaceId{7}, PageNo{3}}), ElementsAre(Lsn{900}, Lsn{700}, Lsn{500}));
  EXPECT_THAT(lsns(files, {SpaceId{7}, PageNo{4}}), ElementsAre(Lsn{100}));
  EXPECT_THAT(lsns(files, {SpaceId{8}, PageNo{3}}), IsEmpty());
}

TEST_F(DoublewriteFilesTest, FilesOfOtherPageSizesAndKindsAreLeftOut) {
  write("#ib_4096_0.dblwr", {copy(Lsn{500})});
  write("#ib_16384_0.bdblwr", {copy(Lsn{500})});
  write("#ib_16384_0.dblwr.old", {copy(Lsn{500})});
  EXPECT_THAT(index().files(), IsEmpty());
}

TEST_F(DoublewriteFilesTest, ACopyIsReadFromItsSlot) {
  Bytes many;
  for (std::uint32_t i = 0; i < 150; ++i) append(many, copy(Lsn{1000 + i}, i));
  write_file(scratch_.path() / "#ib_16384_0.dblwr", many);
  write("#ib_16384_1.dblwr", {copy(Lsn{5000}, 149)});
  const DoublewriteFiles files = index();
  for (const std::uint32_t number : {0U, 63U, 64U, 149U}) {
    const std::vector<DoublewriteFiles::Copy> copies = files.copies_of({SpaceId{7}, PageNo{number}});
    Bytes page(kPageBytes);
    ASSERT_TRUE(files.read(copies.back(), page));
    EXPECT_EQ(page, copy(Lsn{1000 + number}, number)) << number;
  }
  Bytes page(kPageBytes);
  ASSERT_TRUE(files.read(files.copies_of({SpaceId{7}, PageNo{149}}).front(), page));
  EXPECT_EQ(page, copy(Lsn{5000}, 149));
}

TEST_F(DoublewriteFilesTest, AZipPageTakesTheBeginningOfASlot) {
  const innodb::PageFormat zip8{16384, 8192, true};
  const Bytes page = make_page({.format = zip8});
  Bytes slot = page;
  slot.resize(kPageBytes, 0xEE);
  write("#ib_16384_0.dblwr", {slot});
  const DoublewriteFiles files = index();
  Bytes read(8192);
  ASSERT_TRUE(files.read(files.copies_of({SpaceId{7}, PageNo{3}}).front(), read));
  EXPECT_EQ(read, page);
}

TEST_F(DoublewriteFilesTest, AnUnfinishedLastSlotIsNoCopy) {
  Bytes half = copy(Lsn{900});
  half.resize(kPageBytes / 2);
  write("#ib_16384_0.dblwr", {copy(Lsn{500}), half});
  EXPECT_THAT(lsns(index(), {SpaceId{7}, PageNo{3}}), ElementsAre(Lsn{500}));
}

TEST_F(DoublewriteFilesTest, AnInstanceMayHaveNone) {
  EXPECT_EQ(index().copy_count(), 0U);
  EXPECT_THAT(index().copies_of({SpaceId{7}, PageNo{3}}), IsEmpty());
}

TEST_F(DoublewriteFilesTest, AnIndexIsCurrentUntilAFileComesGoesOrChanges) {
  write("#ib_16384_0.dblwr", {copy(Lsn{500})});
  const DoublewriteFiles one = index();
  EXPECT_TRUE(one.is_current());
  write("#ib_16384_1.dblwr", {copy(Lsn{500})});
  EXPECT_FALSE(one.is_current());
  const DoublewriteFiles two = index();
  EXPECT_TRUE(two.is_current());
  write("#ib_16384_1.dblwr", {copy(Lsn{500}), copy(Lsn{600})});
  EXPECT_FALSE(two.is_current());
  std::filesystem::remove(scratch_.path() / "#ib_16384_1.dblwr");
  EXPECT_TRUE(one.is_current());
  std::filesystem::remove(scratch_.path() / "#ib_16384_0.dblwr");
  EXPECT_FALSE(one.is_current());
}

TEST_F(DoublewriteFilesTest, ADirectoryOrFileThatCannotBeReadIsAnError) {
  EXPECT_EQ(DoublewriteFiles::index(scratch_.path() / "gone", kPageBytes).error().code, Errc::not_found);
  write("#ib_16384_0.dblwr", {copy(Lsn{500})});
  const DoublewriteFiles files = index();
  std::filesystem::remove(scratch_.path() / "#ib_16384_0.dblwr");
  Bytes page(kPageBytes);
  EXPECT_FALSE(files.read(files.copies_of({SpaceId{7}, PageNo{3}}).front(), page));
  std::filesystem::create_directory(scratch_.path() / "#ib_16384_0.dblwr");
  EXPECT_FALSE(DoublewriteFiles::index(scratch_.path(), kPageBytes));
}

}  // namespace
}  // namespace donord
