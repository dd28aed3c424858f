// How fast encrypted pages and redo blocks are decrypted and verified: one thread, data in the cache.
//
//   cmake --preset release && cmake --build build/release --target decrypt_bench &&
//   build/release/tests/bench/decrypt_bench

#include <benchmark/benchmark.h>
#include <random>
#include <stdexcept>

#include "base/endian.hpp"
#include "innodb/page_checksum.hpp"
#include "innodb/page_encryption.hpp"
#include "innodb/page_header.hpp"
#include "innodb/redo_encryption.hpp"

namespace donord {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

innodb::TablespaceCipher make_cipher() {
  return innodb::TablespaceCipher{innodb::TablespaceKey{LockedBytes{innodb::TablespaceKey::kBytes}}};
}

/// The page size; below 4096 that of ZIP pages.
innodb::PageFormat format_of(const benchmark::State& state) {
  const auto page_bytes = static_cast<std::uint32_t>(state.range(0));
  const bool zip = page_bytes < innodb::kMinPageBytes;
  return {zip ? 16384 : page_bytes, page_bytes, zip};
}

/// A block of a clone: sealed and encrypted pages from page 0 on.
Bytes encrypted_block(const innodb::PageFormat& format, const innodb::TablespaceCipher& cipher) {
  std::mt19937_64 random{1};
  Bytes block(kBlockBytes);
  for (std::size_t i = 0; i < block.size(); i += 8) store_le<8>(block.data() + i, random());
  for (std::size_t at = 0; at < block.size(); at += format.physical_bytes) {
    const MutableBytes page = MutableBytes{block}.subspan(at, format.physical_bytes);
    store_u32be(page, innodb::kPageNumberOffset, static_cast<std::uint32_t>(at / format.physical_bytes));
    store_u16be(page, innodb::kPageTypeOffset, static_cast<std::uint16_t>(innodb::PageType::index));
    store_u32be(page, innodb::kPageSpaceOffset, 7);
    innodb::seal_page(page, format);
    if (!innodb::encrypt_page(page, format, cipher, page)) throw std::runtime_error("cannot encrypt a page");
  }
  return block;
}

void count_bytes(benchmark::State& state, std::size_t per_iteration) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * per_iteration));
}

void decrypt_page(benchmark::State& state) {
  const innodb::PageFormat format = format_of(state);
  const innodb::TablespaceCipher cipher = make_cipher();
  const Bytes block = encrypted_block(format, cipher);
  const ByteView page = ByteView{block}.first(format.physical_bytes);
  Bytes plain(page.size());
  for (auto _ : state)
    if (!innodb::decrypt_page(page, format, cipher, plain)) state.SkipWithError("the page is bad");
  count_bytes(state, page.size());
}

void decrypt_and_check_block(benchmark::State& state) {
  const innodb::PageFormat format = format_of(state);
  const innodb::TablespaceCipher cipher = make_cipher();
  const Bytes block = encrypted_block(format, cipher);
  Bytes plain(block.size());
  for (auto _ : state)
    if (!innodb::check_encrypted_pages(block, {format, SpaceId{7}}, PageNo{0}, cipher, plain))
      state.SkipWithError("a page is bad");
  count_bytes(state, block.size());
}

void encrypt_page(benchmark::State& state) {
  const innodb::PageFormat format = format_of(state);
  const innodb::TablespaceCipher cipher = make_cipher();
  Bytes page(format.physical_bytes);
  Bytes stored(page.size());
  for (auto _ : state)
    if (!innodb::encrypt_page(page, format, cipher, stored)) state.SkipWithError("the page is bad");
  count_bytes(state, page.size());
}

void decrypt_redo_block(benchmark::State& state) {
  const innodb::TablespaceCipher cipher = make_cipher();
  innodb::RedoBlockBytes block = innodb::make_redo_block(Lsn{8192}, Bytes(496, 0x42), 12);
  innodb::encrypt_redo_block(block, cipher);
  for (auto _ : state) {
    innodb::RedoBlockBytes plain = block;
    innodb::decrypt_redo_block(plain, cipher);
    benchmark::DoNotOptimize(plain);
  }
  count_bytes(state, block.size());
}

BENCHMARK(decrypt_page)->Arg(1024)->Arg(4096)->Arg(16384)->Arg(65536);
BENCHMARK(decrypt_and_check_block)->Arg(1024)->Arg(4096)->Arg(16384)->Arg(65536);
BENCHMARK(encrypt_page)->Arg(16384);
BENCHMARK(decrypt_redo_block);

}  // namespace
}  // namespace donord

BENCHMARK_MAIN();
