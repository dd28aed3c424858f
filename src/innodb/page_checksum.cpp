#include "innodb/page_checksum.hpp"

#include <libdeflate.h>

#include "base/crc32c.hpp"
#include "base/endian.hpp"
#include "innodb/page_header.hpp"

namespace donord::innodb {

namespace {

/// One step of the hash of the algorithm `innodb`, in 32 bits.
constexpr std::uint32_t fold(std::uint32_t hash, std::uint32_t value) {
  return ((((hash ^ value ^ 1653893711U) << 8) + hash) ^ 1463735687U) + value;
}

std::uint32_t fold_bytes(ByteView bytes) {
  std::uint32_t hash = 0;
  for (const std::uint8_t byte : bytes) hash = fold(hash, byte);
  return hash;
}

}  // namespace

std::string_view name_of(ChecksumAlgorithm algorithm) {
  switch (algorithm) {
    case ChecksumAlgorithm::crc32:
      return "crc32";
    case ChecksumAlgorithm::innodb:
      return "innodb";
    case ChecksumAlgorithm::none:
      return "none";
  }
  return "";
}

std::array<ByteRange, 3> checksum_ranges(const PageFormat& format) {
  const std::size_t end = format.physical_bytes;
  if (format.zip)
    return {ByteRange{kPageNumberOffset, kPageLsnOffset - kPageNumberOffset}, ByteRange{kPageTypeOffset, 2},
            ByteRange{kPageSpaceOffset, end - kPageSpaceOffset}};
  return {ByteRange{kPageNumberOffset, kPageFlushLsnOffset - kPageNumberOffset},
          ByteRange{kPageHeaderBytes, end - kPageHeaderBytes - kPageTrailerBytes}, ByteRange{}};
}

std::uint32_t crc32_checksum(ByteView page, const PageFormat& format) {
  std::uint32_t sum = 0;
  for (const ByteRange& range : checksum_ranges(format)) sum ^= crc32c(page.subspan(range.offset, range.length));
  return sum;
}

std::uint32_t innodb_checksum(ByteView page, const PageFormat& format) {
  if (!format.zip) {
    std::uint32_t sum = 0;
    for (const ByteRange& range : checksum_ranges(format)) sum += fold_bytes(page.subspan(range.offset, range.length));
    return sum;
  }
  std::uint32_t adler = 0;
  for (const ByteRange& range : checksum_ranges(format))
    adler = libdeflate_adler32(adler, page.data() + range.offset, range.length);
  return adler;
}

std::uint32_t innodb_trailer_checksum(ByteView page) {
  return fold_bytes(page.first(kPageFlushLsnOffset));
}

void seal_page(MutableBytes page, const PageFormat& format) {
  const std::size_t trailer = format.physical_bytes - kPageTrailerBytes;
  if (!format.zip) store_u32be(page, trailer + 4, load_u32be(page, kPageLsnOffset + 4));
  const std::uint32_t sum = crc32_checksum(page, format);
  store_u32be(page, kPageChecksumOffset, sum);
  if (!format.zip) store_u32be(page, trailer, sum);
}

}  // namespace donord::innodb
