#include "innodb/page_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libdeflate.h>
#include <lz4.h>

#include "innodb/page_checksum.hpp"
#include "innodb/page_compression.hpp"
#include "support/innodb_builder.hpp"

namespace donord::innodb {
namespace {

using ::testing::ElementsAre;
using testing::innodb_fixture;
using ::testing::IsEmpty;
using testing::make_page;
using testing::PageSpec;
using ::testing::SizeIs;

constexpr PageFormat k16K{};
constexpr PageFormat k4K{4096, 4096, false};
constexpr PageFormat kZip8K{16384, 8192, true};
constexpr PageFormat kZip1K{4096, 1024, true};

PageExpectation expect(const PageSpec& spec) {
  return {spec.format, spec.space};
}

Bytes make_pages(const PageFormat& format, std::uint32_t count, std::uint32_t first = 10) {
  Bytes pages;
  for (std::uint32_t i = 0; i < count; ++i) append(pages, make_page({.format = format, .number = PageNo{first + i}}));
  return pages;
}

std::string problem(ByteView page, const PageExpectation& expected, PageNo number) {
  const Result<PageState> state = check_page(page, expected, number);
  if (state) return "intact";
  EXPECT_EQ(state.error().code, Errc::checksum);
  return state.error().what;
}

/// A page as page compression stores it. The compressed body is followed by zeros.
Bytes compress(const Bytes& page, PageCompressionAlgorithm algorithm) {
  Bytes stored(page.size());
  std::copy_n(page.begin(), kPageHeaderBytes, stored.begin());
  const ByteView body = ByteView{page}.subspan(kPageHeaderBytes);
  const MutableBytes into = MutableBytes{stored}.subspan(kPageHeaderBytes);
  std::size_t compressed = 0;
  if (algorithm == PageCompressionAlgorithm::zlib) {
    libdeflate_compressor* compressor = libdeflate_alloc_compressor(6);
    compressed = libdeflate_zlib_compress(compressor, body.data(), body.size(), into.data(), into.size());
    libdeflate_free_compressor(compressor);
  } else {
    compressed = static_cast<std::size_t>(
        LZ4_compress_default(reinterpret_cast<const char*>(body.data()), reinterpret_cast<char*>(into.data()),
                             static_cast<int>(body.size()), static_cast<int>(into.size())));
  }
  store_u16be(stored, kPageTypeOffset, static_cast<std::uint16_t>(PageType::compressed));
  stored[26] = 2;
  stored[27] = static_cast<std::uint8_t>(algorithm);
  store_u16be(stored, 28, load_u16be(page, kPageTypeOffset));
  store_u16be(stored, 30, static_cast<std::uint16_t>(body.size()));
  store_u16be(stored, 32, static_cast<std::uint16_t>(compressed));
  return stored;
}

Bytes compressible_page(const PageSpec& spec) {
  Bytes page = make_page(spec);
  std::fill(page.begin() + 200, page.end() - 8, std::uint8_t{0x5A});
  seal_page(page, spec.format);
  return page;
}

struct Golden {
  const char* fixture;
  std::uint32_t page;
  std::uint32_t space;
  PageFormat format = k16K;
  PageState state = PageState::intact;
};

constexpr Golden kGoldens[] = {
    {"ibdata1_page0.bin", 0, 0},
    {"ibdata1_trx_sys.bin", 5, 0},
    {"mysql_ibd_page0.bin", 0, 4294967294},
    {"undo_001_page0.bin", 0, 4294967279},
    {"general_page0.bin", 0, 115},
    {"table_page0.bin", 0, 2},
    {"table_index.bin", 6, 2},
    {"table_lob_first.bin", 5, 5},
    {"table_rtree.bin", 5, 25},
    {"table_sdi.bin", 3, 4},
    {"page_compressed_zlib.bin", 1, 34},
    {"page_compressed_lz4.bin", 1, 35},
    {"zip4_page0.hex", 0, 38, {16384, 4096, true}},
    {"zip8_page0.hex", 0, 39, {16384, 8192, true}},
    {"zip8_index.hex", 6, 39, {16384, 8192, true}},
    {"encrypted_page0.bin", 0, 126},
    {"encrypted_page.bin", 1, 126, k16K, PageState::encrypted},
};

TEST(PageCheck, PagesOfARealServerAreIntact) {
  for (const Golden& golden : kGoldens) {
    const Result<PageState> state =
        check_page(innodb_fixture(golden.fixture), {golden.format, SpaceId{golden.space}}, PageNo{golden.page});
    ASSERT_TRUE(state) << golden.fixture << ": " << state.error().what;
    EXPECT_EQ(*state, golden.state) << golden.fixture;
  }
}

TEST(PageCheck, PagesOfARealServerAreNotTakenForOthers) {
  for (const Golden& golden : kGoldens) {
    const Bytes page = innodb_fixture(golden.fixture);
    EXPECT_FALSE(check_page(page, {golden.format, SpaceId{golden.space}}, PageNo{golden.page + 1})) << golden.fixture;
    EXPECT_FALSE(check_page(page, {golden.format, SpaceId{golden.space + 1}}, PageNo{golden.page})) << golden.fixture;
  }
}

TEST(PageCheck, SaysWhatItExpectedAndWhatItFound) {
  const PageSpec spec;
  const Bytes page = make_page(spec);
  EXPECT_EQ(problem(page, expect(spec), PageNo{4}), "page 4 of space 7: it says it is page 3 of space 7");

  Bytes damaged = page;
  damaged[1000] ^= 1;
  const std::string sum = fmt::format("{:08x}", load_u32be(page, 0));
  const std::string other = fmt::format("{:08x}", crc32_checksum(damaged, spec.format));
  EXPECT_EQ(problem(damaged, expect(spec), spec.number),
            "page 3 of space 7: checksum 0x" + sum + ", expected crc32c 0x" + other);

  Bytes torn = page;
  store_u32be(torn, torn.size() - 4, 0x01020304);
  EXPECT_EQ(problem(torn, expect(spec), spec.number),
            "page 3 of space 7: torn: the LSN ends in 0x01312d00 in the header and in 0x01020304 in the trailer");

  Bytes trailer = page;
  store_u32be(trailer, trailer.size() - 8, 0);
  EXPECT_EQ(problem(trailer, expect(spec), spec.number),
            "page 3 of space 7: checksum 0x00000000 in the trailer, expected crc32c 0x" + sum);
}

TEST(PageCheck, EveryFlippedByteIsFoundExceptInTheFlushLsn) {
  for (const PageFormat& format : {k4K, kZip8K, kZip1K}) {
    const PageSpec spec{.format = format};
    const Bytes page = make_page(spec);
    for (std::size_t at = 0; at < page.size(); ++at) {
      // A ZIP page's checksum covers neither the LSN; no page's covers the flush LSN.
      const bool covered = format.zip ? at < 16 || (at >= 24 && at < 26) || at >= 34 : at < 26 || at >= 34;
      Bytes damaged = page;
      damaged[at] ^= 0x40;
      const Result<PageState> state = check_page(damaged, expect(spec), spec.number);
      ASSERT_EQ(!state || *state == PageState::encrypted, covered) << format.physical_bytes << " byte " << at;
    }
  }
}

TEST(PageCheck, APageOfZerosWasNeverWritten) {
  Bytes page(16384);
  EXPECT_EQ(*check_page(page, {k16K, SpaceId{7}}, PageNo{3}), PageState::never_written);
  store_u64be(page, kPageFlushLsnOffset, 1);
  EXPECT_EQ(*check_page(page, {k16K, SpaceId{7}}, PageNo{3}), PageState::never_written);
  for (const std::size_t at : {0U, 25U, 34U, 100U, 16383U}) {
    Bytes damaged(16384);
    damaged[at] = 1;
    EXPECT_FALSE(check_page(damaged, {k16K, SpaceId{7}}, PageNo{3})) << at;
  }
}

TEST(PageCheck, OlderChecksumAlgorithmsAreAccepted) {
  const PageSpec spec;
  Bytes none = make_page(spec);
  store_u32be(none, 0, kNoChecksum);
  store_u32be(none, none.size() - 8, kNoChecksum);
  EXPECT_TRUE(check_page(none, expect(spec), spec.number));

  Bytes innodb = make_page(spec);
  store_u32be(innodb, 0, innodb_checksum(innodb, spec.format));
  store_u32be(innodb, innodb.size() - 8, innodb_trailer_checksum(innodb));
  EXPECT_TRUE(check_page(innodb, expect(spec), spec.number));
  innodb[500] ^= 1;
  EXPECT_FALSE(check_page(innodb, expect(spec), spec.number));

  const PageSpec zip{.format = kZip8K};
  Bytes adler = make_page(zip);
  store_u32be(adler, 0, innodb_checksum(adler, zip.format));
  EXPECT_TRUE(check_page(adler, expect(zip), zip.number));
}

TEST(PageCheck, CompressedPagesAreExpandedFirst) {
  for (const PageFormat& format : {k4K, k16K, PageFormat{65536, 65536, false}}) {
    const PageSpec spec{.format = format};
    const Bytes page = compressible_page(spec);
    for (const auto algorithm : {PageCompressionAlgorithm::zlib, PageCompressionAlgorithm::lz4}) {
      const Bytes stored = compress(page, algorithm);
      EXPECT_TRUE(check_page(stored, expect(spec), spec.number)) << name_of(algorithm);
      Bytes expanded(stored.size());
      ASSERT_TRUE(expand_page(stored, expanded));
      std::fill_n(expanded.begin() + 26, 8, std::uint8_t{0});
      EXPECT_EQ(expanded, page) << name_of(algorithm);
    }
  }
}

TEST(PageCheck, DamageInACompressedPageIsFoundOrHarmless) {
  const PageSpec spec{.format = k4K};
  const Bytes page = compressible_page(spec);
  for (const auto algorithm : {PageCompressionAlgorithm::zlib, PageCompressionAlgorithm::lz4}) {
    const Bytes stored = compress(page, algorithm);
    const std::size_t used = kPageHeaderBytes + load_u16be(stored, 32);
    for (std::size_t at = 0; at < used; ++at) {
      for (const int mask : {0x01, 0x80, 0xFF}) {
        Bytes damaged = stored;
        damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ mask);
        const Result<PageState> state = check_page(damaged, expect(spec), spec.number);
        if (!state || *state == PageState::encrypted) continue;
        Bytes expanded(stored.size());
        ASSERT_TRUE(expand_page(damaged, expanded)) << "byte " << at;
        EXPECT_EQ(expanded[1000], page[1000]) << name_of(algorithm) << " byte " << at;
      }
    }
  }
}

TEST(PageCheck, RefusesAPageThatIsCompressedTwice) {
  const PageSpec spec;
  Bytes stored = compress(compressible_page(spec), PageCompressionAlgorithm::lz4);
  store_u16be(stored, 28, static_cast<std::uint16_t>(PageType::compressed));
  EXPECT_NE(problem(stored, expect(spec), spec.number).find("compressed twice"), std::string::npos);
}

TEST(PageCheck, ABlockIsCheckedWhateverItsLength) {
  for (const PageFormat& format : {k4K, kZip8K})
    for (std::uint32_t count = 0; count <= 13; ++count) {
      const Result<> checked = check_pages(make_pages(format, count), {format, SpaceId{7}}, PageNo{10});
      EXPECT_TRUE(checked) << count << ": " << checked.error().what;
    }
}

TEST(PageCheck, ABlockNamesItsFirstBadPage) {
  for (const PageFormat& format : {k4K, kZip8K}) {
    const Bytes pages = make_pages(format, 11);
    for (std::uint32_t bad = 0; bad < 11; ++bad) {
      Bytes damaged = pages;
      damaged[bad * format.physical_bytes + 500] ^= 1;
      damaged[10 * format.physical_bytes + 600] ^= 1;
      const Result<> checked = check_pages(damaged, {format, SpaceId{7}}, PageNo{10});
      ASSERT_FALSE(checked);
      EXPECT_EQ(checked.error().code, Errc::checksum);
      EXPECT_TRUE(checked.error().what.starts_with(fmt::format("page {} of space 7", 10 + bad)))
          << checked.error().what;
    }
  }
}

TEST(PageCheck, ABlockMayMixPagesOfEveryKind) {
  Bytes pages = make_pages(k16K, 4);
  append(pages, Bytes(16384));
  append(pages, compress(compressible_page({.number = PageNo{15}}), PageCompressionAlgorithm::lz4));
  append(pages, compress(compressible_page({.number = PageNo{16}}), PageCompressionAlgorithm::zlib));
  append(pages, make_page({.number = PageNo{17}}));
  const Result<> checked = check_pages(pages, {k16K, SpaceId{7}}, PageNo{10});
  EXPECT_TRUE(checked) << checked.error().what;
}

TEST(PageCheck, EncryptedPagesOfABlockAreRefusedAsSuch) {
  Bytes pages = make_pages(k16K, 4);
  store_u16be(pages, 2 * 16384 + kPageTypeOffset, static_cast<std::uint16_t>(PageType::encrypted));
  const Result<> checked = check_pages(pages, {k16K, SpaceId{7}}, PageNo{10});
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, Errc::unsupported_version);
  EXPECT_EQ(checked.error().what, "page 12 of space 7 is encrypted");
}

TEST(PageCheck, APageThatIsNewerThanTheLogIsRefused) {
  for (const PageFormat& format : {k4K, kZip8K}) {
    const PageSpec spec{.format = format};
    PageExpectation expected = expect(spec);
    expected.max_lsn = spec.lsn;
    EXPECT_TRUE(check_page(make_page(spec), expected, spec.number));
    EXPECT_TRUE(check_pages(make_pages(format, 9), expected, PageNo{10}));
    EXPECT_TRUE(check_page(Bytes(format.physical_bytes), expected, spec.number));
    expected.max_lsn = Lsn{spec.lsn.value() - 1};
    EXPECT_EQ(problem(make_page(spec), expected, spec.number),
              "page 3 of space 7: the page is newer than the redo log: its LSN is 20000000, the log ends at 19999999");
    EXPECT_TRUE(check_page(Bytes(format.physical_bytes), expected, spec.number));
  }
}

TEST(PageCheck, ABlockNamesItsFirstPageThatIsNewerThanTheLog) {
  const PageExpectation expected{.format = k4K, .space = SpaceId{7}, .max_lsn = Lsn{20'000'000}};
  for (std::uint32_t newer = 0; newer < 9; ++newer) {
    Bytes pages = make_pages(k4K, 9);
    std::ranges::copy(make_page({.format = k4K, .number = PageNo{10 + newer}, .lsn = Lsn{20'000'001}}),
                      pages.begin() + newer * k4K.physical_bytes);
    const Result<> checked = check_pages(pages, expected, PageNo{10});
    ASSERT_FALSE(checked);
    EXPECT_TRUE(checked.error().what.starts_with(fmt::format("page {} of space 7: the page is newer", 10 + newer)))
        << checked.error().what;
  }
}

TEST(PageCheck, ACompressedPageThatIsNewerThanTheLogIsRefused) {
  const PageSpec spec;
  const Bytes stored = compress(compressible_page(spec), PageCompressionAlgorithm::lz4);
  PageExpectation expected = expect(spec);
  expected.max_lsn = Lsn{spec.lsn.value() - 1};
  EXPECT_NE(problem(stored, expected, spec.number).find("newer than the redo log"), std::string::npos);
}

TEST(PageCheck, ABlockThatEndsInsideAPageIsRefused) {
  const Bytes pages = make_pages(k4K, 2);
  for (const std::size_t length : {std::size_t{1}, std::size_t{4095}, std::size_t{4097}})
    EXPECT_FALSE(check_pages(ByteView{pages}.first(length), {k4K, SpaceId{7}}, PageNo{10})) << length;
}

/// The index and what was said of each page that was visited: "1 checksum", "2 zero", "3 encrypted".
std::vector<std::string> odd_pages(ByteView pages, const PageExpectation& expected, PageNo first = PageNo{10}) {
  std::vector<std::string> seen;
  const Result<> visited =
      visit_odd_pages(pages, expected, first, [&](std::size_t index, const Result<PageState>& state) -> Result<> {
        if (state && *state == PageState::intact) return {};
        const std::string_view what = !state ? "damaged" : *state == PageState::never_written ? "zero" : "encrypted";
        seen.push_back(fmt::format("{} {}", index, what));
        return {};
      });
  EXPECT_TRUE(visited);
  return seen;
}

TEST(PageCheck, AVisitorSeesEveryPageThatIsNotIntactInOrder) {
  for (const PageFormat& format : {k4K, kZip8K}) {
    const PageExpectation expected{format, SpaceId{7}};
    const auto page = [&](std::uint32_t index, Bytes& pages) {
      return MutableBytes{pages}.subspan(index * format.physical_bytes, format.physical_bytes);
    };
    Bytes pages = make_pages(format, 11);
    EXPECT_THAT(odd_pages(pages, expected), IsEmpty());
    page(0, pages)[500] ^= 1;
    std::ranges::fill(page(3, pages), std::uint8_t{0});
    store_u16be(page(5, pages), kPageTypeOffset, static_cast<std::uint16_t>(PageType::encrypted));
    page(7, pages)[kPageNumberOffset] = 0xFF;
    std::ranges::fill(page(10, pages), std::uint8_t{0});
    EXPECT_THAT(odd_pages(pages, expected), ElementsAre("0 damaged", "3 zero", "5 encrypted", "7 damaged", "10 zero"));
    EXPECT_THAT(odd_pages(pages, expected, PageNo{11}), SizeIs(11)) << "each is in the place of another";
  }
}

TEST(PageCheck, AVisitEndsWithTheErrorOfTheVisitor) {
  Bytes pages = make_pages(k4K, 9);
  for (const std::uint32_t damaged : {2U, 6U, 8U}) pages[damaged * 4096 + 500] ^= 1;
  std::vector<std::size_t> visited;
  const Result<> result =
      visit_odd_pages(pages, {k4K, SpaceId{7}}, PageNo{10}, [&](std::size_t index, const auto& state) -> Result<> {
        if (state) return {};
        visited.push_back(index);
        if (index == 6) return Error{Errc::io, "enough"};
        return {};
      });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().what, "enough");
  EXPECT_THAT(visited, ElementsAre(2, 6));
}

TEST(PageCheck, PagesOfZerosInPlaceOfPage0AreSeenByAVisitor) {
  EXPECT_THAT(odd_pages(Bytes(4 * 4096), {k4K, SpaceId{0}}, PageNo{0}),
              ElementsAre("0 zero", "1 zero", "2 zero", "3 zero"));
}

TEST(PageCheck, TheLegacyDoublewriteAreasMayHoldOtherPages) {
  const Bytes trx_sys = innodb_fixture("ibdata1_trx_sys.bin");
  const std::optional<LegacyDoublewrite> areas = find_legacy_doublewrite(trx_sys, k16K);
  ASSERT_TRUE(areas);
  EXPECT_EQ(areas->first_area, PageNo{64});
  EXPECT_EQ(areas->second_area, PageNo{128});
  EXPECT_FALSE(areas->contains(PageNo{63}));
  EXPECT_TRUE(areas->contains(PageNo{64}));
  EXPECT_TRUE(areas->contains(PageNo{191}));
  EXPECT_FALSE(areas->contains(PageNo{192}));

  const Bytes stranger = make_page({.space = SpaceId{55}, .number = PageNo{9}});
  EXPECT_TRUE(check_page(stranger, {k16K, SpaceId{0}, areas}, PageNo{70}));
  EXPECT_FALSE(check_page(stranger, {k16K, SpaceId{0}, areas}, PageNo{200}));
  EXPECT_FALSE(find_legacy_doublewrite(innodb_fixture("table_index.bin"), k16K));
}

}  // namespace
}  // namespace donord::innodb
