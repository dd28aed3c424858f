// Which deflate library compresses the pages that a clone sends: throughput and size, one thread, 1 MiB a call, as in
// one data message. The data imitates an InnoDB leaf page: header, records of mixed numbers, words and random keys, a
// free part that is zero, a directory.
//
// Measured on an AMD EPYC at 2.6 GHz, gcc 12.2 -O2, zlib 1.2.13, libdeflate 1.14, ISA-L 2.30 (Debian 12):
//
//   compress         level   MiB/s   size           decompress     MiB/s
//   zlib             1         137   31.4 %         zlib             490
//   zlib             6          31   26.6 %         libdeflate      1550
//   libdeflate       1         277   30.8 %
//   libdeflate       6          90   26.6 %
//   ISA-L            0         704   34.8 %
//   ISA-L            1         656   31.2 %
//
// Hence ISA-L level 1 to compress and libdeflate to decompress (src/protocol/deflate.hpp).

#include <benchmark/benchmark.h>
#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <random>
#include <string_view>
#include <zlib.h>

#include "base/bytes.hpp"
#include "base/endian.hpp"

namespace donord {
namespace {

constexpr std::size_t kPageBytes = 16384;
constexpr std::size_t kMessageBytes = std::size_t{1} << 20;

void fill_page(MutableBytes page, std::uint32_t page_no, std::mt19937_64& random) {
  constexpr std::array<std::string_view, 12> kWords = {"order",   "pending", "shipped", "customer", "street", "invoice",
                                                       "example", "amount",  "berlin",  "paris",    "active", "closed"};
  store_be<4>(page.data(), random());
  store_be<4>(page.data() + 4, page_no);
  store_be<4>(page.data() + 8, page_no - 1);
  store_be<4>(page.data() + 12, page_no + 1);
  store_be<8>(page.data() + 16, 0x12345678 + page_no * 977ULL);
  const std::size_t used = kPageBytes * (60 + random() % 36) / 100;
  std::uint64_t key = page_no * 100ULL;
  for (std::size_t at = 120; at + 160 < used;) {
    store_be<8>(page.data() + at + 5, ++key);
    store_be<6>(page.data() + at + 13, 0x3A5100 + page_no / 8);
    store_be<7>(page.data() + at + 19, 0x81000000000000 + random() % 4096);
    store_be<4>(page.data() + at + 26, random() % 100000);
    std::size_t to = at + 30;
    for (int word = 0; word < 6; ++word)
      for (const char c : kWords[random() % kWords.size()]) page[to++] = static_cast<std::uint8_t>(c);
    store_be<8>(page.data() + to, random());
    at = to + 8;
  }
  for (std::size_t slot = 0; slot < 40; ++slot)
    store_be<2>(page.data() + kPageBytes - 8 - 2 * (slot + 1), used * slot / 40);
}

const Bytes& message() {
  static const Bytes made = [] {
    std::mt19937_64 random{42};
    Bytes bytes(kMessageBytes);
    for (std::size_t page = 0; page < kMessageBytes / kPageBytes; ++page)
      fill_page(MutableBytes{bytes}.subspan(page * kPageBytes, kPageBytes), static_cast<std::uint32_t>(page), random);
    return bytes;
  }();
  return made;
}

void report(benchmark::State& state, std::size_t compressed_bytes) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kMessageBytes));
  state.counters["percent"] = 100.0 * static_cast<double>(compressed_bytes) / static_cast<double>(kMessageBytes);
}

void zlib(benchmark::State& state) {
  Bytes out(compressBound(kMessageBytes));
  uLongf size = 0;
  for (auto _ : state) {
    size = out.size();
    if (compress2(out.data(), &size, message().data(), kMessageBytes, static_cast<int>(state.range(0))) != Z_OK)
      state.SkipWithError("zlib failed");
  }
  report(state, size);
}
BENCHMARK(zlib)->Arg(1)->Arg(6);

void libdeflate(benchmark::State& state) {
  libdeflate_compressor* compressor = libdeflate_alloc_compressor(static_cast<int>(state.range(0)));
  Bytes out(libdeflate_zlib_compress_bound(compressor, kMessageBytes));
  std::size_t size = 0;
  for (auto _ : state)
    size = libdeflate_zlib_compress(compressor, message().data(), kMessageBytes, out.data(), out.size());
  libdeflate_free_compressor(compressor);
  report(state, size);
}
BENCHMARK(libdeflate)->Arg(1)->Arg(3)->Arg(6);

void isal(benchmark::State& state) {
  Bytes level_buffer(ISAL_DEF_LVL1_DEFAULT);
  Bytes out(kMessageBytes + kMessageBytes / 8);
  std::size_t size = 0;
  for (auto _ : state) {
    isal_zstream stream{};
    isal_deflate_stateless_init(&stream);
    stream.gzip_flag = IGZIP_ZLIB;
    stream.end_of_stream = 1;
    stream.level = static_cast<std::uint32_t>(state.range(0));
    if (stream.level == 1) {
      stream.level_buf = level_buffer.data();
      stream.level_buf_size = static_cast<std::uint32_t>(level_buffer.size());
    }
    stream.next_in = const_cast<std::uint8_t*>(message().data());
    stream.avail_in = kMessageBytes;
    stream.next_out = out.data();
    stream.avail_out = static_cast<std::uint32_t>(out.size());
    if (isal_deflate_stateless(&stream) != COMP_OK) state.SkipWithError("ISA-L failed");
    size = stream.total_out;
  }
  report(state, size);
}
BENCHMARK(isal)->Arg(0)->Arg(1);

void inflate_libdeflate(benchmark::State& state) {
  Bytes compressed(compressBound(kMessageBytes));
  uLongf size = compressed.size();
  compress2(compressed.data(), &size, message().data(), kMessageBytes, 6);
  libdeflate_decompressor* decompressor = libdeflate_alloc_decompressor();
  Bytes out(kMessageBytes);
  for (auto _ : state)
    if (libdeflate_zlib_decompress(decompressor, compressed.data(), size, out.data(), out.size(), nullptr) !=
        LIBDEFLATE_SUCCESS)
      state.SkipWithError("libdeflate failed");
  libdeflate_free_decompressor(decompressor);
  report(state, size);
}
BENCHMARK(inflate_libdeflate);

void inflate_zlib(benchmark::State& state) {
  Bytes compressed(compressBound(kMessageBytes));
  uLongf size = compressed.size();
  compress2(compressed.data(), &size, message().data(), kMessageBytes, 6);
  Bytes out(kMessageBytes);
  for (auto _ : state) {
    uLongf length = out.size();
    if (uncompress(out.data(), &length, compressed.data(), size) != Z_OK) state.SkipWithError("zlib failed");
  }
  report(state, size);
}
BENCHMARK(inflate_zlib);

}  // namespace
}  // namespace donord

BENCHMARK_MAIN();
