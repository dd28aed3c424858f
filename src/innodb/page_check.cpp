#include "innodb/page_check.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/crc32c.hpp"
#include "base/endian.hpp"
#include "innodb/page_checksum.hpp"
#include "innodb/page_compression.hpp"
#include "innodb/page_header.hpp"

namespace donord::innodb {

namespace {

constexpr std::uint32_t kDoublewriteMagic = 536853855;
constexpr std::size_t kDoublewriteFieldFromEnd = 200;
constexpr std::size_t kSegmentHeaderBytes = 10;

PageType type_of(ByteView page) {
  return PageType{load_u16be(page, kPageTypeOffset)};
}

std::size_t trailer_offset(const PageFormat& format) {
  return format.physical_bytes - kPageTrailerBytes;
}

Lsn lsn_of(ByteView page) {
  return Lsn{load_u64be(page, kPageLsnOffset)};
}

bool lsn_copies_agree(ByteView page, const PageFormat& format) {
  return format.zip || load_u32be(page, kPageLsnOffset + 4) == load_u32be(page, trailer_offset(format) + 4);
}

bool both_checksums_are(ByteView page, const PageFormat& format, std::uint32_t sum) {
  return load_u32be(page, kPageChecksumOffset) == sum &&
         (format.zip || load_u32be(page, trailer_offset(format)) == sum);
}

bool has_innodb_checksum(ByteView page, const PageFormat& format) {
  if (load_u32be(page, kPageChecksumOffset) != innodb_checksum(page, format)) return false;
  if (format.zip) return true;
  const std::uint32_t in_trailer = load_u32be(page, trailer_offset(format));
  return in_trailer == innodb_trailer_checksum(page) || in_trailer == load_u32be(page, kPageLsnOffset);
}

bool is_zero(ByteView bytes) {
  return bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

/// The flush LSN field is left out: it is not covered by checksums either.
bool was_never_written(ByteView page) {
  return is_zero(page.first(kPageFlushLsnOffset)) && is_zero(page.subspan(kPageSpaceOffset));
}

Error bad_page(PageNo number, SpaceId space, std::string_view problem) {
  return Error{Errc::checksum, fmt::format("page {} of space {}: {}", number, space, problem)};
}

/// Page number, space id, type and LSN: all that is compared before any sum is computed.
bool looks_plain(ByteView page, const PageExpectation& expected, PageNo number) {
  const PageType type = type_of(page);
  return PageNo{load_u32be(page, kPageNumberOffset)} == number &&
         SpaceId{load_u32be(page, kPageSpaceOffset)} == expected.space && type != PageType::compressed &&
         !is_encrypted(type) && lsn_copies_agree(page, expected.format) && lsn_of(page) <= expected.max_lsn;
}

using LanePages = std::array<ByteView, kCrc32cLanes>;

/// True when all pages of the group carry their crc32 checksum; false says nothing about which does not.
bool all_intact(const LanePages& pages, const PageExpectation& expected, PageNo first) {
  for (std::size_t i = 0; i < pages.size(); ++i)
    if (!looks_plain(pages[i], expected, PageNo{first.value() + static_cast<std::uint32_t>(i)})) return false;

  std::array<std::uint32_t, kCrc32cLanes> sums{};
  for (const ByteRange& range : checksum_ranges(expected.format)) {
    LanePages parts;
    for (std::size_t i = 0; i < pages.size(); ++i) parts[i] = pages[i].subspan(range.offset, range.length);
    const auto part_sums = crc32c_lanes(parts);
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] ^= part_sums[i];
  }
  for (std::size_t i = 0; i < pages.size(); ++i)
    if (!both_checksums_are(pages[i], expected.format, sums[i])) return false;
  return true;
}

}  // namespace

std::optional<LegacyDoublewrite> find_legacy_doublewrite(ByteView page, const PageFormat& format) {
  if (page.size() != format.logical_bytes || type_of(page) != PageType::transaction_system) return std::nullopt;
  const std::size_t at = page.size() - kDoublewriteFieldFromEnd + kSegmentHeaderBytes;
  if (load_u32be(page, at) != kDoublewriteMagic) return std::nullopt;
  return LegacyDoublewrite{.first_area = PageNo{load_u32be(page, at + 4)},
                           .second_area = PageNo{load_u32be(page, at + 8)},
                           .pages_per_area = format.pages_per_extent()};
}

Result<> check_page_lsn(Lsn page_lsn, const PageExpectation& expected, PageNo number) {
  if (page_lsn <= expected.max_lsn) return {};
  Error error = bad_page(number, expected.space,
                         fmt::format("the page is newer than the redo log: its LSN is {}, the log ends at {}", page_lsn,
                                     expected.max_lsn));
  error.hint = "data files and redo log do not belong together: restore all of them from the same backup";
  return error;
}

Result<PageState> check_page(ByteView page, const PageExpectation& expected, PageNo number) {
  const PageFormat& format = expected.format;
  const SpaceId space = expected.space;
  if (page.size() != format.physical_bytes)
    return bad_page(number, space, fmt::format("have {} bytes, expected {}", page.size(), format.physical_bytes));
  if (was_never_written(page)) return PageState::never_written;
  if (expected.legacy_doublewrite && expected.legacy_doublewrite->contains(number)) return PageState::intact;

  const SpaceId found_space{load_u32be(page, kPageSpaceOffset)};
  const PageNo found_number{load_u32be(page, kPageNumberOffset)};
  if (found_number != number || found_space != space)
    return bad_page(number, space, fmt::format("it says it is page {} of space {}", found_number, found_space));

  const PageType type = type_of(page);
  if (is_encrypted(type)) return PageState::encrypted;
  if (type == PageType::compressed && !format.zip) {
    Bytes expanded(page.size());
    if (Result<> done = expand_page(page, expanded); !done) return bad_page(number, space, done.error().what);
    if (type_of(expanded) == PageType::compressed) return bad_page(number, space, "it is compressed twice");
    return check_page(expanded, expected, number);
  }

  if (!lsn_copies_agree(page, format))
    return bad_page(number, space,
                    fmt::format("torn: the LSN ends in 0x{:08x} in the header and in 0x{:08x} in the trailer",
                                load_u32be(page, kPageLsnOffset + 4), load_u32be(page, trailer_offset(format) + 4)));
  const std::uint32_t sum = crc32_checksum(page, format);
  if (both_checksums_are(page, format, sum) || both_checksums_are(page, format, kNoChecksum) ||
      has_innodb_checksum(page, format)) {
    if (const Result<> checked = check_page_lsn(lsn_of(page), expected, number); !checked) return checked.error();
    return PageState::intact;
  }
  const std::uint32_t in_header = load_u32be(page, kPageChecksumOffset);
  if (in_header != sum || format.zip)
    return bad_page(number, space, fmt::format("checksum 0x{:08x}, expected crc32c 0x{:08x}", in_header, sum));
  return bad_page(number, space,
                  fmt::format("checksum 0x{:08x} in the trailer, expected crc32c 0x{:08x}",
                              load_u32be(page, trailer_offset(format)), sum));
}

Result<> visit_odd_pages(ByteView pages, const PageExpectation& expected, PageNo first, const PageVisitor& visit) {
  const std::size_t page_bytes = expected.format.physical_bytes;
  if (pages.size() % page_bytes != 0)
    return bad_page(first, expected.space,
                    fmt::format("{} bytes are not whole pages of {} bytes", pages.size(), page_bytes));
  const std::size_t count = pages.size() / page_bytes;
  const auto page_at = [&](std::size_t i) { return pages.subspan(i * page_bytes, page_bytes); };
  const auto number_of = [&](std::size_t i) { return PageNo{first.value() + static_cast<std::uint32_t>(i)}; };

  for (std::size_t i = 0; i < count;) {
    const std::size_t group = std::min(count - i, kCrc32cLanes);
    if (group == kCrc32cLanes &&
        all_intact({page_at(i), page_at(i + 1), page_at(i + 2), page_at(i + 3)}, expected, number_of(i))) {
      i += group;
      continue;
    }
    for (const std::size_t end = i + group; i < end; ++i)
      if (Result<> seen = visit(i, check_page(page_at(i), expected, number_of(i))); !seen) return seen;
  }
  return {};
}

Result<> check_pages(ByteView pages, const PageExpectation& expected, PageNo first) {
  return visit_odd_pages(pages, expected, first, [&](std::size_t index, const Result<PageState>& state) -> Result<> {
    if (!state) return state.error();
    if (*state != PageState::encrypted) return {};
    return Error{Errc::unsupported_version,
                 fmt::format("page {} of space {} is encrypted",
                             PageNo{first.value() + static_cast<std::uint32_t>(index)}, expected.space)};
  });
}

}  // namespace donord::innodb
