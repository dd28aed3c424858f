#pragma once

// The checksums that a page can carry. Servers write crc32 by default; innodb_checksum_algorithm once allowed others,
// and pages written then stay as they are until they change.

#include <array>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "innodb/tablespace_flags.hpp"

namespace donord::innodb {

enum class ChecksumAlgorithm { crc32, innodb, none };

[[nodiscard]] std::string_view name_of(ChecksumAlgorithm algorithm);

/// What stands in the checksum fields under the algorithm `none`.
inline constexpr std::uint32_t kNoChecksum = 0xDEADBEEF;

struct ByteRange {
  std::size_t offset = 0;
  std::size_t length = 0;
};

/// The parts of a page whose CRC-32Cs, xored, are its crc32 checksum. Those of a ZIP page differ and are three.
[[nodiscard]] std::array<ByteRange, 3> checksum_ranges(const PageFormat& format);

/// The functions below take a page of exactly `format.physical_bytes`.

[[nodiscard]] std::uint32_t crc32_checksum(ByteView page, const PageFormat& format);
/// The algorithm `innodb` as it stands at offset 0: a multiplicative hash, or Adler-32 on ZIP pages.
[[nodiscard]] std::uint32_t innodb_checksum(ByteView page, const PageFormat& format);
/// The algorithm `innodb` as it stands in the trailer; ZIP pages have none.
[[nodiscard]] std::uint32_t innodb_trailer_checksum(ByteView page);

/// Writes the crc32 checksum into header and trailer, and the low half of the LSN into the trailer.
void seal_page(MutableBytes page, const PageFormat& format);

}  // namespace donord::innodb
