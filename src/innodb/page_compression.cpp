#include "innodb/page_compression.hpp"

#include <algorithm>
#include <libdeflate.h>
#include <lz4.h>
#include <memory>

#include "base/codec.hpp"

namespace donord::innodb {

namespace {

Error cannot_expand(std::string why) {
  return Error{Errc::malformed, fmt::format("cannot expand a compressed page: {}", why)};
}

Result<> inflate(ByteView from, MutableBytes into) {
  struct Free {
    void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
  };
  thread_local const std::unique_ptr<libdeflate_decompressor, Free> decompressor{libdeflate_alloc_decompressor()};
  if (!decompressor) return Error{Errc::unavailable, "no memory to expand a compressed page"};
  // Without a place for the length the result must fill `into` exactly.
  const libdeflate_result result =
      libdeflate_zlib_decompress(decompressor.get(), from.data(), from.size(), into.data(), into.size(), nullptr);
  if (result != LIBDEFLATE_SUCCESS) return cannot_expand(fmt::format("{} bytes of zlib data are damaged", from.size()));
  return {};
}

Result<> expand_lz4(ByteView from, MutableBytes into) {
  const int got = LZ4_decompress_safe(reinterpret_cast<const char*>(from.data()), reinterpret_cast<char*>(into.data()),
                                      static_cast<int>(from.size()), static_cast<int>(into.size()));
  if (got < 0 || static_cast<std::size_t>(got) != into.size())
    return cannot_expand(fmt::format("{} bytes of lz4 data are damaged", from.size()));
  return {};
}

}  // namespace

std::string_view name_of(PageCompressionAlgorithm algorithm) {
  switch (algorithm) {
    case PageCompressionAlgorithm::none:
      return "none";
    case PageCompressionAlgorithm::zlib:
      return "zlib";
    case PageCompressionAlgorithm::lz4:
      return "lz4";
  }
  return "unknown";
}

Result<CompressionHeader> decode_compression_header(ByteView page) {
  if (page.size() < kPageHeaderBytes) return cannot_expand(fmt::format("it has {} bytes", page.size()));
  return decode<CompressionHeader>(page.subspan(CompressionHeader::kOffset, CompressionHeader::kBytes));
}

Result<> expand_page(ByteView page, MutableBytes into) {
  const Result<CompressionHeader> header = decode_compression_header(page);
  if (!header) return header.error();
  const std::size_t body_bytes = page.size() - kPageHeaderBytes;
  if (into.size() != page.size() || header->body_bytes > body_bytes)
    return cannot_expand(fmt::format("its body has {} bytes, {} fit", header->body_bytes, body_bytes));
  if (header->compressed_bytes > body_bytes)
    return cannot_expand(fmt::format("it announces {} bytes, {} fit", header->compressed_bytes, body_bytes));

  std::copy_n(page.begin(), kPageHeaderBytes, into.begin());
  store_u16be(into, kPageTypeOffset, static_cast<std::uint16_t>(header->original_type));
  const ByteView from = page.subspan(kPageHeaderBytes, header->compressed_bytes);
  const MutableBytes body = into.subspan(kPageHeaderBytes, header->body_bytes);
  std::ranges::fill(into.subspan(kPageHeaderBytes + body.size()), std::uint8_t{0});
  switch (header->algorithm) {
    case PageCompressionAlgorithm::zlib:
      return inflate(from, body);
    case PageCompressionAlgorithm::lz4:
      return expand_lz4(from, body);
    case PageCompressionAlgorithm::none:
      break;
  }
  return cannot_expand(fmt::format("unknown algorithm {}", static_cast<unsigned>(header->algorithm)));
}

}  // namespace donord::innodb
