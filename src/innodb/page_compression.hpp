#pragma once

// Transparent page compression: a page of type COMPRESSED holds its body compressed and its end is a hole of the file.
// The checksum is that of the page before compression, so a page must be expanded to be verified.

#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "innodb/page_header.hpp"

namespace donord::innodb {

enum class PageCompressionAlgorithm : std::uint8_t { none = 0, zlib = 1, lz4 = 2 };

[[nodiscard]] std::string_view name_of(PageCompressionAlgorithm algorithm);

/// What stands in a compressed page's header in place of the flush LSN: bytes 26 to 33, big-endian.
///
///   offset size
///       26    1  version of this header: 2; early 5.7 wrote 1
///       27    1  algorithm
///       28    2  type of the page before compression
///       30    2  bytes of the body before compression: the page less its header
///       32    2  bytes of the compressed body, which begins at offset 38
///
/// Source: docs/innodb-files.md, "Checksums".
struct CompressionHeader {
  static constexpr std::string_view kName = "CompressionHeader";
  static constexpr std::size_t kOffset = 26;
  static constexpr std::size_t kBytes = 8;

  std::uint8_t version = 0;
  PageCompressionAlgorithm algorithm = PageCompressionAlgorithm::none;
  PageType original_type = PageType::allocated;
  std::uint16_t body_bytes = 0;
  std::uint16_t compressed_bytes = 0;

  bool operator==(const CompressionHeader&) const = default;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.u8("version", m.version);
    io.u8("algorithm", m.algorithm);
    io.u16be("original_type", m.original_type);
    io.u16be("body_bytes", m.body_bytes);
    io.u16be("compressed_bytes", m.compressed_bytes);
  }
};

[[nodiscard]] Result<CompressionHeader> decode_compression_header(ByteView page);

/// Expands a page of type COMPRESSED into `into`, which is as long. `Errc::malformed` when it cannot be expanded.
[[nodiscard]] Result<> expand_page(ByteView page, MutableBytes into);

}  // namespace donord::innodb
