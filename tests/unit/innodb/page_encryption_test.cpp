#include "innodb/page_encryption.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "innodb/page_compression.hpp"
#include "support/encryption_builder.hpp"
#include "support/seeded_random.hpp"

namespace donord::innodb {
namespace {

using testing::encryption_fixture;
using testing::fixture_cipher;
using ::testing::HasSubstr;
using testing::make_cipher;
using testing::make_page;
using testing::PageSpec;
using testing::to_hex;

constexpr PageFormat k16K{};
constexpr PageFormat k4K{4096, 4096, false};
constexpr PageFormat k64K{65536, 65536, false};
constexpr PageFormat kZip8K{16384, 8192, true};
constexpr PageFormat kZip1K{16384, 1024, true};

PageType type_of(ByteView page) {
  return PageType{load_u16be(page, kPageTypeOffset)};
}

Bytes decrypted(ByteView page, const PageFormat& format, const TablespaceCipher& cipher) {
  Bytes into(page.size());
  const Result<> done = decrypt_page(page, format, cipher, into);
  if (!done) throw std::runtime_error(done.error().what);
  return into;
}

Bytes encrypted(ByteView page, const PageFormat& format, const TablespaceCipher& cipher) {
  Bytes into(page.size());
  const Result<> done = encrypt_page(page, format, cipher, into);
  if (!done) throw std::runtime_error(done.error().what);
  return into;
}

Result<PageState> check(ByteView page, const PageExpectation& expected, PageNo number, const TablespaceCipher& cipher) {
  Bytes scratch(page.size());
  return check_encrypted_page(page, expected, number, cipher, scratch);
}

struct Golden {
  const char* page;
  const char* page0;
  std::uint32_t number;
  std::uint32_t space;
  PageType before;  ///< the type before encryption
  PageFormat format = k16K;
  const char* keyring = "16k_keyring.txt";
};

constexpr Golden kGoldens[] = {
    {"16k_rtree.bin", "16k_rtree_page0.bin", 5, 5, PageType::rtree},
    {"16k_zlib.bin", "16k_zlib_page0.bin", 1, 6, PageType::compressed},
    {"16k_lz4.bin", "16k_lz4_page0.bin", 4, 7, PageType::compressed},
    {"16k_undo.bin", "16k_undo_page0.bin", 2, 4294967279, PageType::inode},
    {"16k_zip8.hex", "16k_zip8_page0.hex", 4, 8, PageType::index, kZip8K},
    {"16k_zip1.hex", "16k_zip1_page0.hex", 4, 9, PageType::index, kZip1K},
    {"4k_table.hex", "4k_table_page0.hex", 4, 5, PageType::index, k4K, "4k_keyring.txt"},
};

TEST(PageEncryption, PagesOfARealServerAreIntactInside) {
  for (const Golden& golden : kGoldens) {
    const TablespaceCipher cipher = fixture_cipher(golden.keyring, golden.page0, golden.format);
    const Bytes page = encryption_fixture(golden.page);
    const PageExpectation expected{golden.format, SpaceId{golden.space}};
    const Result<PageState> state = check(page, expected, PageNo{golden.number}, cipher);
    ASSERT_TRUE(state) << golden.page << ": " << state.error().what;
    EXPECT_EQ(*state, PageState::intact);
    const Bytes plain = decrypted(page, golden.format, cipher);
    EXPECT_EQ(type_of(plain), golden.before) << golden.page << " is " << name_of(type_of(plain));
    EXPECT_EQ(to_hex(encrypted(plain, golden.format, cipher)), to_hex(page)) << golden.page;
    EXPECT_EQ(*check(encryption_fixture(golden.page0), expected, PageNo{0}, cipher), PageState::intact);
  }
}

TEST(PageEncryption, AnotherKeyIsFoundByTheChecksum) {
  const TablespaceCipher other = make_cipher();
  for (const Golden& golden : kGoldens) {
    const PageExpectation expected{golden.format, SpaceId{golden.space}};
    const Result<PageState> state = check(encryption_fixture(golden.page), expected, PageNo{golden.number}, other);
    ASSERT_FALSE(state) << golden.page;
    EXPECT_EQ(state.error().code, Errc::checksum);
    EXPECT_THAT(state.error().what, HasSubstr(fmt::format("page {} of space {}", golden.number, golden.space)));
    EXPECT_THAT(state.error().hint, HasSubstr("another key"));
  }
}

TEST(PageEncryption, IsUndoneByDecryptionForEveryFormatAndType) {
  const TablespaceCipher cipher = make_cipher();
  for (const PageFormat& format : {k16K, k4K, PageFormat{8192, 8192, false}, PageFormat{32768, 32768, false}, k64K,
                                   kZip8K, PageFormat{16384, 4096, true}, PageFormat{4096, 2048, true}, kZip1K})
    for (const PageType type : {PageType::index, PageType::rtree, PageType::undo_log, PageType::allocated}) {
      const PageSpec spec{.format = format, .type = type};
      const Bytes page = make_page(spec);
      const Bytes stored = encrypted(page, format, cipher);
      EXPECT_EQ(type_of(stored), type == PageType::rtree ? PageType::encrypted_rtree : PageType::encrypted);
      EXPECT_NE(to_hex(ByteView{stored}.last(64)), to_hex(ByteView{page}.last(64)));
      EXPECT_EQ(to_hex(decrypted(stored, format, cipher)), to_hex(page)) << format.physical_bytes;
      EXPECT_EQ(*check(stored, {format, spec.space}, spec.number, cipher), PageState::intact);
    }
}

/// A page-compressed page as far as its header goes: that many random bytes and then zeros.
Bytes compressed_page(std::uint16_t compressed_bytes) {
  Bytes page = make_page({.format = k4K});
  store_u16be(page, kPageTypeOffset, static_cast<std::uint16_t>(PageType::compressed));
  page[26] = 2;
  page[27] = 1;
  store_u16be(page, 32, compressed_bytes);
  std::fill(page.begin() + kPageHeaderBytes + compressed_bytes, page.end(), std::uint8_t{0});
  return page;
}

TEST(PageEncryption, OfACompressedPageCoversWhatIsInUseButAtLeast32Bytes) {
  const TablespaceCipher cipher = make_cipher();
  for (std::uint16_t bytes = 0; bytes <= 4096 - kPageHeaderBytes; bytes = static_cast<std::uint16_t>(bytes + 1)) {
    if (bytes > 200 && bytes < 3900) continue;
    const Bytes page = compressed_page(bytes);
    const Bytes stored = encrypted(page, k4K, cipher);
    ASSERT_EQ(to_hex(decrypted(stored, k4K, cipher)), to_hex(page)) << bytes;
    const std::size_t covered = kPageHeaderBytes + std::max<std::size_t>(bytes, 32);
    EXPECT_NE(to_hex(ByteView{stored}.subspan(kPageHeaderBytes, 32)),
              to_hex(ByteView{page}.subspan(kPageHeaderBytes, 32)));
    EXPECT_EQ(to_hex(ByteView{stored}.subspan(covered)), to_hex(ByteView{page}.subspan(covered))) << bytes;
  }
}

TEST(PageEncryption, WorksInPlace) {
  const TablespaceCipher cipher = make_cipher();
  for (const Bytes& page :
       {make_page({.format = k4K}), compressed_page(1001), compressed_page(1008), compressed_page(3)}) {
    Bytes same = page;
    ASSERT_TRUE(encrypt_page(same, k4K, cipher, same));
    EXPECT_EQ(to_hex(same), to_hex(encrypted(page, k4K, cipher)));
    ASSERT_TRUE(decrypt_page(same, k4K, cipher, same));
    EXPECT_EQ(to_hex(same), to_hex(page));
  }
}

TEST(PageEncryption, RefusesWhatCannotBe) {
  const TablespaceCipher cipher = make_cipher();
  const Bytes page = make_page({.format = k4K});
  const auto problem = [&](ByteView stored, std::size_t room = 4096) {
    Bytes into(room);
    const Result<> done = decrypt_page(stored, k4K, cipher, into);
    return done ? std::string{"none"} : done.error().what;
  };
  EXPECT_THAT(problem(page), HasSubstr("not encrypted but of type INDEX"));
  Bytes stored = encrypted(page, k4K, cipher);
  EXPECT_THAT(problem(ByteView{stored}.first(4095)), HasSubstr("have 4095"));
  EXPECT_THAT(problem(stored, 4095), HasSubstr("place for 4095"));
  EXPECT_THAT(problem({}), HasSubstr("have 0"));
  for (const PageType type : {PageType::encrypted, PageType::compressed_and_encrypted, PageType::encrypted_rtree}) {
    store_u16be(stored, 28, static_cast<std::uint16_t>(type));
    EXPECT_THAT(problem(stored), HasSubstr("encrypted twice"));
  }
  Bytes into(4096);
  EXPECT_EQ(encrypt_page(stored, k4K, cipher, into).error().code, Errc::malformed);

  Bytes compressed = encrypted(compressed_page(1000), k4K, cipher);
  store_u16be(compressed, 32, 4096 - 38 + 1);
  EXPECT_THAT(problem(compressed), HasSubstr("announces 4059"));
  store_u16be(compressed, 32, 0xFFFF);
  EXPECT_THAT(problem(compressed), HasSubstr("announces 65535"));
  compressed[26] = 1;
  EXPECT_THAT(problem(compressed), HasSubstr("version 1"));
  EXPECT_EQ(check(compressed, {k4K, SpaceId{7}}, PageNo{3}, cipher).error().code, Errc::checksum);
}

TEST(PageEncryption, DamageInARealPageIsFound) {
  for (const Golden& golden : kGoldens) {
    const TablespaceCipher cipher = fixture_cipher(golden.keyring, golden.page0, golden.format);
    const Bytes page = encryption_fixture(golden.page);
    const bool compressed = golden.before == PageType::compressed;
    const std::size_t used = compressed ? kPageHeaderBytes + load_u16be(page, 32) : page.size();
    for (std::size_t at = 0; at < used; at += at < 64 || at + 64 > used ? 1 : 97) {
      // Left out: what no checksum covers, and in a compressed page the end of the data, behind what it needs.
      if (golden.format.zip && at >= 16 && at < 24) continue;
      if (at >= 26 && at < 34 && (at < 28 || at > 29 || type_of(page) != PageType::encrypted)) continue;
      if (compressed && at >= 26 && at < 34) continue;
      Bytes damaged = page;
      damaged[at] ^= 0x10;
      const Result<PageState> state =
          check(damaged, {golden.format, SpaceId{golden.space}}, PageNo{golden.number}, cipher);
      EXPECT_FALSE(state) << golden.page << " byte " << at;
    }
  }
}

TEST(PageEncryption, APageIsNotTakenForAnother) {
  const TablespaceCipher cipher = make_cipher();
  const PageSpec spec;
  const Bytes stored = encrypted(make_page(spec), k16K, cipher);
  EXPECT_FALSE(check(stored, {k16K, spec.space}, PageNo{4}, cipher));
  EXPECT_FALSE(check(stored, {k16K, SpaceId{8}}, spec.number, cipher));
  EXPECT_FALSE(check(stored, {k4K, spec.space}, spec.number, cipher));
  EXPECT_FALSE(
      check(stored, {.format = k16K, .space = spec.space, .max_lsn = Lsn{spec.lsn.value() - 1}}, spec.number, cipher));
}

TEST(PageEncryption, PlainAndUnwrittenPagesOfAnEncryptedTablespaceAreCheckedToo) {
  const TablespaceCipher cipher = make_cipher();
  const PageSpec spec;
  Bytes page = make_page(spec);
  EXPECT_EQ(*check(page, {k16K, spec.space}, spec.number, cipher), PageState::intact);
  EXPECT_EQ(*check(Bytes(16384), {k16K, spec.space}, spec.number, cipher), PageState::never_written);
  page[1000] ^= 1;
  EXPECT_FALSE(check(page, {k16K, spec.space}, spec.number, cipher));
}

Bytes mixed_block(const TablespaceCipher& cipher) {
  Bytes pages;
  for (std::uint32_t i = 0; i < 11; ++i) {
    const Bytes page = make_page({.format = k4K, .number = PageNo{10 + i}});
    if (i == 4)
      append(pages, Bytes(4096));
    else
      append(pages, i % 3 == 2 ? page : encrypted(page, k4K, cipher));
  }
  return pages;
}

TEST(PageEncryption, ABlockIsCheckedAtOnce) {
  const TablespaceCipher cipher = make_cipher();
  const PageExpectation expected{k4K, SpaceId{7}};
  Bytes pages = mixed_block(cipher);
  Bytes scratch(pages.size());
  const Result<> checked = check_encrypted_pages(pages, expected, PageNo{10}, cipher, scratch);
  ASSERT_TRUE(checked) << checked.error().what;
  EXPECT_TRUE(check_pages(scratch, expected, PageNo{10}));
  EXPECT_TRUE(check_encrypted_pages(pages, expected, PageNo{10}, cipher, pages)) << "in place";
  EXPECT_EQ(pages, scratch);
  EXPECT_FALSE(check_encrypted_pages(pages, expected, PageNo{10}, cipher, MutableBytes{scratch}.first(100)));
  EXPECT_FALSE(check_encrypted_pages(ByteView{pages}.first(5000), expected, PageNo{10}, cipher, scratch));
}

TEST(PageEncryption, ABlockNamesItsFirstBadPage) {
  const TablespaceCipher cipher = make_cipher();
  const Bytes pages = mixed_block(cipher);
  for (const std::uint32_t bad : {0U, 1U, 2U, 3U, 5U, 9U, 10U}) {
    Bytes damaged = pages;
    damaged[bad * 4096 + 500] ^= 1;
    Bytes scratch(pages.size());
    const Result<> checked = check_encrypted_pages(damaged, {k4K, SpaceId{7}}, PageNo{10}, cipher, scratch);
    ASSERT_FALSE(checked) << bad;
    EXPECT_THAT(checked.error().what, HasSubstr(fmt::format("page {} of space 7", 10 + bad)));
  }
}

TEST(TablespaceCipher, TreatsEveryLengthTheSameBothWays) {
  const TablespaceCipher cipher = make_cipher();
  testing::SeededRandom random{99};
  for (std::size_t length = TablespaceCipher::kMinBytes; length <= 200; ++length) {
    Bytes plain(length);
    for (std::uint8_t& byte : plain) byte = random.number<std::uint8_t>();
    Bytes stored(length);
    Bytes back(length);
    cipher.encrypt(plain, stored);
    cipher.decrypt(stored, back);
    EXPECT_EQ(to_hex(back), to_hex(plain)) << length;
    cipher.decrypt(stored, stored);
    EXPECT_EQ(to_hex(stored), to_hex(plain)) << length << ", in place";
  }
}

TEST(TablespaceCipher, ServesManyThreadsAtOnce) {
  const TablespaceCipher cipher = make_cipher();
  const Bytes page = make_page({});
  const Bytes stored = encrypted(page, k16K, cipher);
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) wrong += decrypted(stored, k16K, cipher) == page ? 0 : 1;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace donord::innodb
