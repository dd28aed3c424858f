#include "source/page_filter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "innodb/page_encryption.hpp"
#include "innodb/redo_file_header.hpp"
#include "support/crashed_datadir.hpp"
#include "support/encryption_builder.hpp"

namespace donord {
namespace {

using ::testing::HasSubstr;
using testing::make_cipher;
using testing::make_page;
using ::testing::Not;
using testing::torn;
using testing::write_file;

constexpr innodb::PageFormat k16K{};
constexpr innodb::PageFormat kZip8K{16384, 8192, true};
constexpr Lsn kCheckpoint{20'000'000};
constexpr Lsn kEnd{30'000'000};
constexpr Lsn kBefore{19'000'000};
constexpr Lsn kAfter{25'000'000};

/// Pages 10 to 14 of space 7, served by the filter of an instance that crashed between `kCheckpoint` and `kEnd`.
class PageFilterTest : public ::testing::Test {
 protected:
  static constexpr PageNo kFirst{10};
  static constexpr std::size_t kPages = 5;

  Bytes page(std::size_t index, Lsn lsn, std::uint32_t seed = 1) const {
    return make_page({.format = file_.format, .number = number(index), .lsn = lsn, .seed = seed});
  }
  /// Being written at the crash: the new page has LSN `kAfter`.
  Bytes torn_page(std::size_t index) const { return torn(page(index, kBefore), page(index, kAfter, 2)); }

  static PageNo number(std::size_t index) { return PageNo{kFirst.value() + static_cast<std::uint32_t>(index)}; }

  Bytes intact_pages() const {
    Bytes pages;
    for (std::size_t i = 0; i < kPages; ++i) append(pages, page(i, kBefore));
    return pages;
  }

  Bytes pages_with(std::size_t index, ByteView other) const {
    Bytes pages = intact_pages();
    std::ranges::copy(other, at(pages, index).begin());
    return pages;
  }

  MutableBytes at(Bytes& pages, std::size_t index) const {
    return MutableBytes{pages}.subspan(index * file_.format.physical_bytes, file_.format.physical_bytes);
  }

  void keep_copies(std::initializer_list<Bytes> copies) {
    Bytes content;
    for (const Bytes& copy : copies) {
      append(content, copy);
      content.resize((content.size() + 16383) / 16384 * 16384, 0xEE);
    }
    write_file(scratch_.path() / "#ib_16384_0.dblwr", content);
  }

  PageFilter crashed() const {
    Result<DoublewriteFiles> files = DoublewriteFiles::index(scratch_.path(), 16384);
    EXPECT_TRUE(files);
    return PageFilter{CrashState{kCheckpoint, std::make_shared<const DoublewriteFiles>(std::move(*files))}};
  }

  /// Why the pages cannot be served, or "".
  static std::string refusal(const PageFilter& filter, const TablespaceFile& file, Bytes& pages) {
    const Result<> applied = filter.apply(file, kFirst, pages);
    if (applied) return "";
    EXPECT_EQ(applied.error().code, Errc::checksum);
    EXPECT_NE(applied.error().hint, "");
    return applied.error().what;
  }
  std::string refusal(Bytes& pages) const { return refusal(crashed(), file_, pages); }

  testing::ScratchDirectory scratch_;
  TablespaceFile file_{.path = "/data/db/t.ibd", .space = SpaceId{7}, .format = k16K, .max_lsn = kEnd};
};

TEST_F(PageFilterTest, IntactPagesAreServedAsTheyAre) {
  Bytes pages = intact_pages();
  for (const bool after_crash : {false, true}) {
    const PageFilter filter = after_crash ? crashed() : PageFilter{};
    ASSERT_TRUE(filter.apply(file_, kFirst, pages));
    EXPECT_EQ(pages, intact_pages());
    EXPECT_EQ(filter.repaired_pages(), 0U);
  }
}

TEST_F(PageFilterTest, PagesAreFitWhenNothingHasToBeDoneAboutThem) {
  keep_copies({page(3, kAfter, 2)});
  const PageFilter clean;
  const PageFilter crash = crashed();
  for (const PageFilter* filter : {&clean, &crash}) {
    EXPECT_TRUE(filter->are_fit(file_, kFirst, intact_pages()));
    EXPECT_FALSE(filter->are_fit(file_, kFirst, pages_with(3, torn_page(3))));
    EXPECT_FALSE(filter->are_fit(file_, PageNo{11}, intact_pages()));
    EXPECT_EQ(filter->repaired_pages(), 0U);
  }
  const Bytes zeros = pages_with(2, Bytes(16384));
  EXPECT_TRUE(clean.are_fit(file_, kFirst, zeros));
  EXPECT_FALSE(crash.are_fit(file_, kFirst, zeros)) << "they are filled";
}

TEST_F(PageFilterTest, AfterACleanShutdownNothingIsRepaired) {
  keep_copies({page(2, kAfter, 2)});
  const PageFilter clean;
  Bytes damaged = pages_with(2, torn_page(2));
  EXPECT_THAT(refusal(clean, file_, damaged), HasSubstr("/data/db/t.ibd: page 12 of space 7: torn"));
  Bytes zeros = pages_with(2, Bytes(16384));
  EXPECT_EQ(refusal(clean, file_, zeros), "");
  EXPECT_EQ(zeros, pages_with(2, Bytes(16384)));
}

TEST_F(PageFilterTest, ATornPageIsRepairedFromItsCopy) {
  keep_copies({page(3, kAfter, 2)});
  Bytes pages = pages_with(3, torn_page(3));
  const PageFilter filter = crashed();
  EXPECT_EQ(refusal(filter, file_, pages), "");
  EXPECT_EQ(pages, pages_with(3, page(3, kAfter, 2)));
  EXPECT_EQ(filter.repaired_pages(), 1U);
}

TEST_F(PageFilterTest, ACopyAsOldAsTheCheckpointIsGoodAndAnOlderOneIsNot) {
  keep_copies({page(3, kCheckpoint, 2)});
  Bytes pages = pages_with(3, torn_page(3));
  EXPECT_EQ(refusal(pages), "");
  EXPECT_EQ(pages, pages_with(3, page(3, kCheckpoint, 2)));

  keep_copies({page(3, Lsn{kCheckpoint.value() - 1}, 2)});
  pages = pages_with(3, torn_page(3));
  EXPECT_THAT(refusal(pages), HasSubstr("page 13 of space 7: torn"));
  EXPECT_THAT(refusal(pages), HasSubstr("the doublewrite files have only copies from before the checkpoint"));
}

TEST_F(PageFilterTest, WithoutACopyATornPageIsRefused) {
  keep_copies({page(2, kAfter, 2)});
  Bytes pages = pages_with(3, torn_page(3));
  EXPECT_THAT(refusal(pages), HasSubstr("and the doublewrite files have no good copy of it"));
}

TEST_F(PageFilterTest, OfSeveralCopiesTheNewestIsTaken) {
  keep_copies({page(3, kAfter, 2), page(3, kAfter + 7, 3), page(3, kBefore, 4), page(3, kAfter + 3, 5)});
  Bytes pages = pages_with(3, torn_page(3));
  EXPECT_EQ(refusal(pages), "");
  EXPECT_EQ(pages, pages_with(3, page(3, kAfter + 7, 3)));
}

TEST_F(PageFilterTest, ACopyThatIsDamagedItselfIsPassedOver) {
  Bytes damaged = page(3, kAfter + 7, 3);
  damaged[9000] ^= 1;
  keep_copies({damaged, page(3, kAfter, 2)});
  Bytes pages = pages_with(3, torn_page(3));
  EXPECT_EQ(refusal(pages), "");
  EXPECT_EQ(pages, pages_with(3, page(3, kAfter, 2)));

  keep_copies({damaged});
  pages = pages_with(3, torn_page(3));
  EXPECT_THAT(refusal(pages), HasSubstr("no good copy"));
}

TEST_F(PageFilterTest, ACopyThatIsNewerThanTheLogSaysThatTheLogIsLost) {
  keep_copies({page(3, kEnd + 1, 2), page(3, kAfter, 3)});
  Bytes pages = pages_with(3, torn_page(3));
  EXPECT_THAT(refusal(pages), HasSubstr("doublewrite copy: page 13 of space 7: the page is newer than the redo log"));
  keep_copies({page(3, kEnd, 2)});
  EXPECT_EQ(refusal(pages), "");
}

TEST_F(PageFilterTest, APageThatIsNewerThanTheLogIsNotMadeOlder) {
  keep_copies({page(3, kAfter, 3)});
  Bytes pages = pages_with(3, page(3, kEnd + 1, 2));
  EXPECT_THAT(refusal(pages), HasSubstr("page 13 of space 7: the page is newer than the redo log"));
}

TEST_F(PageFilterTest, ThePagesOfAZipFileAreRepairedToo) {
  file_.format = kZip8K;
  keep_copies({page(3, kAfter, 2)});
  Bytes pages = pages_with(3, page(3, kBefore));
  at(pages, 3)[700] ^= 1;
  EXPECT_EQ(refusal(pages), "");
  EXPECT_EQ(pages, pages_with(3, page(3, kAfter, 2)));
}

TEST_F(PageFilterTest, APageNeverWrittenIsServedAsAnEmptyOne) {
  for (const innodb::PageFormat& format : {k16K, kZip8K}) {
    file_.format = format;
    const Bytes zeros(format.physical_bytes);
    Bytes pages = pages_with(4, zeros);
    EXPECT_EQ(refusal(pages), "");
    const Result<innodb::PageState> state = innodb::check_page(at(pages, 4), file_.expectation(), number(4));
    ASSERT_TRUE(state) << state.error().what;
    EXPECT_EQ(*state, innodb::PageState::intact);
    EXPECT_EQ(Lsn{load_u64be(at(pages, 4), innodb::kPageLsnOffset)}, innodb::kFirstLsn);
    std::ranges::copy(zeros, at(pages, 4).begin());
    EXPECT_EQ(pages, pages_with(4, zeros)) << "the others are as they were";
  }
}

TEST_F(PageFilterTest, APageWhoseFirstWriteWasLostTakesItsCopy) {
  keep_copies({page(3, kAfter, 2)});
  Bytes pages = pages_with(3, Bytes(16384));
  const PageFilter filter = crashed();
  EXPECT_EQ(refusal(filter, file_, pages), "");
  EXPECT_EQ(pages, pages_with(3, page(3, kAfter, 2)));
  EXPECT_EQ(filter.repaired_pages(), 1U);
}

TEST_F(PageFilterTest, APageThatWasWrittenBeforeTheCheckpointCannotBeZeros) {
  keep_copies({page(3, kBefore, 2)});
  Bytes pages = pages_with(3, Bytes(16384));
  EXPECT_THAT(refusal(pages), HasSubstr("page 13 of space 7: it has only zeros, and the doublewrite files have only "
                                        "copies from before the checkpoint"));
  Bytes damaged = page(3, kBefore, 2);
  damaged[9000] ^= 1;
  keep_copies({damaged});
  EXPECT_EQ(refusal(pages), "");
}

TEST_F(PageFilterTest, CopiesThatCannotBeReadAreAnErrorOfTheirOwn) {
  keep_copies({page(3, kAfter, 2)});
  const PageFilter filter = crashed();
  std::filesystem::remove(scratch_.path() / "#ib_16384_0.dblwr");
  Bytes pages = pages_with(3, torn_page(3));
  const Result<> applied = filter.apply(file_, kFirst, pages);
  ASSERT_FALSE(applied);
  EXPECT_THAT(applied.error().what, HasSubstr("#ib_16384_0.dblwr"));
}

TEST_F(PageFilterTest, PagesOfALaterSystemFileAreCountedThroughAllFiles) {
  file_.first_page = PageNo{1000};
  const auto far = [](std::uint32_t page, Lsn lsn) { return make_page({.number = PageNo{page}, .lsn = lsn}); };
  keep_copies({far(1001, kAfter)});
  Bytes pages = far(1000, kBefore);
  append(pages, torn(far(1001, kBefore), far(1001, kAfter)));
  append(pages, Bytes(16384));
  ASSERT_TRUE(crashed().apply(file_, PageNo{1000}, pages));
  EXPECT_EQ(load_u32be(at(pages, 2), innodb::kPageNumberOffset), 1002U);
  EXPECT_TRUE(std::ranges::equal(at(pages, 1), far(1001, kAfter)));
}

class EncryptedPageFilterTest : public PageFilterTest {
 protected:
  EncryptedPageFilterTest() {
    file_.cipher = std::make_shared<const innodb::TablespaceCipher>(testing::make_tablespace_key());
  }

  Bytes encrypted(Bytes page, std::uint32_t key = 1) const {
    EXPECT_TRUE(innodb::encrypt_page(page, file_.format, make_cipher(key), page));
    return page;
  }
};

TEST_F(EncryptedPageFilterTest, IntactPagesAreServedEncrypted) {
  Bytes pages = pages_with(3, encrypted(page(3, kBefore)));
  EXPECT_EQ(refusal(pages), "");
  EXPECT_EQ(refusal(PageFilter{}, file_, pages), "");
  EXPECT_EQ(pages, pages_with(3, encrypted(page(3, kBefore))));
}

TEST_F(EncryptedPageFilterTest, ATornPageIsRepairedFromItsEncryptedCopy) {
  keep_copies({encrypted(page(3, kAfter, 2))});
  Bytes pages = pages_with(3, torn(encrypted(page(3, kBefore)), encrypted(page(3, kAfter, 2))));
  EXPECT_EQ(refusal(pages), "");
  EXPECT_EQ(pages, pages_with(3, encrypted(page(3, kAfter, 2))));
}

TEST_F(EncryptedPageFilterTest, ACopyUnderAnotherKeyIsNoCopy) {
  keep_copies({encrypted(page(3, kAfter, 2), 77)});
  Bytes pages = pages_with(3, torn(encrypted(page(3, kBefore)), encrypted(page(3, kAfter, 2))));
  EXPECT_THAT(refusal(pages), HasSubstr("no good copy"));
}

TEST_F(EncryptedPageFilterTest, APageThatIsNewerThanTheLogIsNotMadeOlder) {
  keep_copies({encrypted(page(3, kAfter, 3))});
  Bytes pages = pages_with(3, encrypted(page(3, kEnd + 1, 2)));
  EXPECT_THAT(refusal(pages), HasSubstr("newer than the redo log"));
}

TEST_F(EncryptedPageFilterTest, PagesNeverWrittenAreServedInTheClear) {
  Bytes pages = pages_with(3, Bytes(16384));
  EXPECT_EQ(refusal(pages), "");
  EXPECT_EQ(*innodb::check_page(at(pages, 3), file_.expectation(), number(3)), innodb::PageState::intact);
}

TEST_F(EncryptedPageFilterTest, AnEncryptedPageInATablespaceWithoutAKeyIsRefused) {
  Bytes pages = pages_with(3, encrypted(page(3, kBefore)));
  file_.cipher = nullptr;
  EXPECT_THAT(refusal(pages), HasSubstr("page 13 of space 7 is encrypted, its tablespace is not"));
  EXPECT_THAT(refusal(PageFilter{}, file_, pages), Not(HasSubstr("doublewrite")));
  keep_copies({page(3, kAfter, 2)});
  EXPECT_EQ(refusal(pages), "") << "decrypted in place, and torn by the crash";
}

}  // namespace
}  // namespace donord
