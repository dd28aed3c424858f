#include "innodb/tablespace_flags.hpp"

#include <algorithm>

namespace donord::innodb {

namespace {

constexpr std::size_t kExtentDescriptorsOffset = 150;
constexpr std::uint32_t kKnownFlags = 0x7FFF;

}  // namespace

std::uint32_t PageFormat::pages_per_extent() const {
  return std::max<std::uint32_t>(1048576U / logical_bytes, 64U);
}

std::size_t PageFormat::encryption_info_offset() const {
  const std::size_t descriptor_bytes = 24 + pages_per_extent() / 4;
  return kExtentDescriptorsOffset + descriptor_bytes * (physical_bytes / pages_per_extent());
}

Result<PageFormat> TablespaceFlags::page_format() const {
  const auto refuse = [this](std::string_view why) {
    return Error{Errc::malformed, fmt::format("tablespace flags 0x{:x}: {}", value_, why)};
  };
  if ((value_ & ~kKnownFlags) != 0) return refuse("bits above 14 are set");

  const std::uint32_t page_shift = (value_ >> 6) & 0xF;
  if (page_shift != 0 && (page_shift < 3 || page_shift > 7)) return refuse("no such page size");
  PageFormat format;
  format.logical_bytes = page_shift == 0 ? 16384 : 512U << page_shift;

  const std::uint32_t zip_shift = (value_ >> 1) & 0xF;
  format.zip = zip_shift != 0;
  if (zip_shift > 5) return refuse("no such compressed page size");
  format.physical_bytes = format.zip ? 512U << zip_shift : format.logical_bytes;
  if (format.physical_bytes > format.logical_bytes) return refuse("the compressed page is larger than the page");
  return format;
}

}  // namespace donord::innodb
