#include "live/redo_segment.hpp"

#include <algorithm>

#include "base/crc32c.hpp"
#include "base/endian.hpp"
#include "innodb/redo_file_header.hpp"

namespace donord {

namespace {

constexpr std::string_view kMagic = "DONORDRS";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kVersionOffset = 8;
constexpr std::size_t kUuidOffset = 12;
constexpr std::size_t kStartLsnOffset = 16;
constexpr std::size_t kChecksumOffset = 24;

constexpr std::string_view kNamePrefix = "donord-redo-";
constexpr std::size_t kNameDigits = 20;  // of the largest LSN
constexpr std::string_view kNameSuffix = ".seg";
constexpr std::string_view kTemporarySuffix = ".seg.tmp";

std::string name_of(Lsn start, std::string_view suffix) {
  return fmt::format("{}{:0{}}{}", kNamePrefix, start.value(), kNameDigits, suffix);
}

}  // namespace

RedoSegmentHeaderBytes encode_redo_segment_header(const RedoSegmentHeader& header) {
  RedoSegmentHeaderBytes bytes{};
  std::ranges::copy(as_bytes(kMagic), bytes.begin());
  store_u32be(bytes, kVersionOffset, kVersion);
  store_u32be(bytes, kUuidOffset, header.log_uuid);
  store_u64be(bytes, kStartLsnOffset, header.start_lsn.value());
  store_u32be(bytes, kChecksumOffset, crc32c(ByteView{bytes}.first(kChecksumOffset)));
  return bytes;
}

Result<RedoSegmentHeader> decode_redo_segment_header(ByteView bytes) {
  if (bytes.size() < kRedoSegmentHeaderBytes)
    return Error{Errc::truncated, fmt::format("the header of a redo segment has {} bytes, have {}",
                                              kRedoSegmentHeaderBytes, bytes.size())};
  if (as_text(bytes.first(kMagic.size())) != kMagic) return Error{Errc::malformed, "this is no redo segment of donord"};
  const std::uint32_t checksum = crc32c(bytes.first(kChecksumOffset));
  if (load_u32be(bytes, kChecksumOffset) != checksum)
    return Error{Errc::checksum, fmt::format("redo segment header: checksum 0x{:08x}, expected crc32c 0x{:08x}",
                                             load_u32be(bytes, kChecksumOffset), checksum)};
  if (const std::uint32_t version = load_u32be(bytes, kVersionOffset); version != kVersion)
    return Error{Errc::unsupported_version, fmt::format("redo segment version {}, expected {}", version, kVersion)};
  const RedoSegmentHeader header{.log_uuid = load_u32be(bytes, kUuidOffset),
                                 .start_lsn = Lsn{load_u64be(bytes, kStartLsnOffset)}};
  if (header.start_lsn.value() % innodb::kRedoBlockBytes != 0)
    return Error{Errc::malformed, fmt::format("a redo segment cannot start at LSN {}", header.start_lsn)};
  return header;
}

std::string redo_segment_name(Lsn start) {
  return name_of(start, kNameSuffix);
}

std::string temporary_redo_segment_name(Lsn start) {
  return name_of(start, kTemporarySuffix);
}

bool is_redo_segment_name(std::string_view name) {
  if (!name.starts_with(kNamePrefix)) return false;
  name.remove_prefix(kNamePrefix.size());
  if (name.size() < kNameDigits) return false;
  const std::string_view digits = name.substr(0, kNameDigits);
  const std::string_view suffix = name.substr(kNameDigits);
  return digits.find_first_not_of("0123456789") == std::string_view::npos &&
         (suffix == kNameSuffix || suffix == kTemporarySuffix);
}

}  // namespace donord
