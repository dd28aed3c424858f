#include "innodb/rollback_segment.hpp"

#include "base/endian.hpp"
#include "innodb/page_header.hpp"

namespace donord::innodb {

namespace {

constexpr std::size_t kSystemSegmentsOffset = 56;
constexpr std::size_t kArraySegmentsOffset = 56;

Error another_type(ByteView page, PageType expected) {
  return Error{Errc::malformed, fmt::format("page {} of space {} has type {}, expected {}",
                                            load_u32be(page, kPageNumberOffset), load_u32be(page, kPageSpaceOffset),
                                            name_of(PageType{load_u16be(page, kPageTypeOffset)}), name_of(expected))};
}

PageType type_of(ByteView page) {
  return PageType{load_u16be(page, kPageTypeOffset)};
}

}  // namespace

Result<std::vector<PageId>> rollback_segments_of_system(ByteView page) {
  if (type_of(page) != PageType::transaction_system) return another_type(page, PageType::transaction_system);
  std::vector<PageId> found;
  for (std::size_t i = 0; i < kRollbackSegments; ++i) {
    const std::size_t at = kSystemSegmentsOffset + 8 * i;
    if (load_u32be(page, at + 4) != kNoPage)
      found.push_back({SpaceId{load_u32be(page, at)}, PageNo{load_u32be(page, at + 4)}});
  }
  return found;
}

Result<std::vector<PageNo>> rollback_segments_of_array(ByteView page) {
  std::vector<PageNo> found;
  if (type_of(page) == PageType::allocated) return found;
  if (type_of(page) != PageType::rollback_segment_array) return another_type(page, PageType::rollback_segment_array);
  for (std::size_t i = 0; i < kRollbackSegments; ++i) {
    const std::uint32_t segment = load_u32be(page, kArraySegmentsOffset + 4 * i);
    if (segment == kNoPage) break;
    found.push_back(PageNo{segment});
  }
  return found;
}

std::vector<UndoSlot> undo_slots_of(ByteView rollback_segment) {
  std::vector<UndoSlot> found;
  for (std::size_t slot = 0; slot < undo_slots(rollback_segment.size()); ++slot)
    if (const std::uint32_t page = load_u32be(rollback_segment, undo_slot_offset(slot)); page != kNoPage)
      found.push_back({static_cast<std::uint32_t>(slot), PageNo{page}});
  return found;
}

FileAddress load_address(ByteView page, std::size_t offset) {
  return {PageNo{load_u32be(page, offset)}, load_u16be(page, offset + 4)};
}

}  // namespace donord::innodb
