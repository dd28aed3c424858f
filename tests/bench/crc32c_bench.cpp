// How fast pages are verified: the processor's CRC-32C on one buffer and on four at once, and the whole check of a
// 1 MiB block of pages as a clone reads it, one thread, data in the cache.
//
//   cmake --preset release && cmake --build build/release --target crc32c_bench &&
//   build/release/tests/bench/crc32c_bench

#include <benchmark/benchmark.h>
#include <random>

#include "base/crc32c.hpp"
#include "base/endian.hpp"
#include "innodb/page_check.hpp"
#include "innodb/page_checksum.hpp"
#include "innodb/page_header.hpp"

namespace donord {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

Bytes random_bytes(std::size_t count) {
  std::mt19937_64 random{1};
  Bytes bytes(count);
  for (std::size_t i = 0; i < count; i += 8) store_le<8>(bytes.data() + i, random());
  return bytes;
}

void count_bytes(benchmark::State& state, std::size_t per_iteration) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * per_iteration));
}

void portable(benchmark::State& state) {
  const Bytes bytes = random_bytes(16384);
  for (auto _ : state) benchmark::DoNotOptimize(crc32c_extend_portable(0, bytes));
  count_bytes(state, bytes.size());
}

void one_buffer(benchmark::State& state) {
  const Bytes bytes = random_bytes(16384);
  for (auto _ : state) benchmark::DoNotOptimize(crc32c(bytes));
  count_bytes(state, bytes.size());
}

void four_buffers(benchmark::State& state) {
  const Bytes bytes = random_bytes(kCrc32cLanes * 16384);
  const ByteView all{bytes};
  const std::array<ByteView, kCrc32cLanes> buffers{all.subspan(0, 16384), all.subspan(16384, 16384),
                                                   all.subspan(32768, 16384), all.subspan(49152, 16384)};
  for (auto _ : state) benchmark::DoNotOptimize(crc32c_lanes(buffers));
  count_bytes(state, bytes.size());
}

/// The argument is the physical page size; below 4096 the pages are ZIP pages.
void check_block(benchmark::State& state) {
  const auto page_bytes = static_cast<std::uint32_t>(state.range(0));
  const bool zip = page_bytes < innodb::kMinPageBytes;
  const innodb::PageFormat format{zip ? 16384 : page_bytes, page_bytes, zip};
  Bytes block = random_bytes(kBlockBytes);
  for (std::size_t i = 0; i < kBlockBytes / page_bytes; ++i) {
    const MutableBytes page = MutableBytes{block}.subspan(i * page_bytes, page_bytes);
    store_u32be(page, innodb::kPageNumberOffset, static_cast<std::uint32_t>(i));
    store_u16be(page, innodb::kPageTypeOffset, static_cast<std::uint16_t>(innodb::PageType::index));
    store_u32be(page, innodb::kPageSpaceOffset, 7);
    innodb::seal_page(page, format);
  }
  for (auto _ : state)
    if (!innodb::check_pages(block, {format, SpaceId{7}}, PageNo{0})) state.SkipWithError("a page is bad");
  count_bytes(state, block.size());
}

/// What a file has that was extended and never written.
void check_zero_block(benchmark::State& state) {
  const Bytes block(kBlockBytes);
  for (auto _ : state)
    if (!innodb::check_pages(block, {{}, SpaceId{7}}, PageNo{0})) state.SkipWithError("a page is bad");
  count_bytes(state, block.size());
}

BENCHMARK(portable);
BENCHMARK(one_buffer);
BENCHMARK(four_buffers);
BENCHMARK(check_block)->Arg(1024)->Arg(4096)->Arg(16384)->Arg(65536);
BENCHMARK(check_zero_block);

}  // namespace
}  // namespace donord

BENCHMARK_MAIN();
