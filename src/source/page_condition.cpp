#include "source/page_condition.hpp"

#include "base/endian.hpp"
#include "innodb/page_check.hpp"
#include "innodb/page_header.hpp"

namespace donord {

std::string_view name_of(PageCondition condition) {
  switch (condition) {
    case PageCondition::intact:
      return "intact";
    case PageCondition::encrypted:
      return "encrypted";
    case PageCondition::repaired:
      return "repaired";
    case PageCondition::unverified:
      return "unverified";
    case PageCondition::never_written:
      return "never written";
    case PageCondition::damaged:
      return "damaged";
  }
  return "";
}

bool is_encrypted(ByteView page) {
  return innodb::is_encrypted(innodb::PageType{load_u16be(page, innodb::kPageTypeOffset)});
}

bool was_never_written(ByteView page, const TablespaceFile& file, PageNo number) {
  if (load_u64be(page, innodb::kPageChecksumOffset) != 0 || load_u64be(page, innodb::kPageLsnOffset) != 0) return false;
  const Result<innodb::PageState> state = innodb::check_page(page, file.expectation(), number);
  return state && *state == innodb::PageState::never_written;
}

Result<PageCondition> PageExaminer::examine(const TablespaceFile& file, PageNo number, MutableBytes page) const {
  const bool never_written = was_never_written(page, file, number);
  if (!file.cipher && file.encrypted() && is_encrypted(page)) {
    const Result<innodb::PageState> state = innodb::check_page(page, file.expectation(), number);
    if (!state) return state.error().within(file.path.string());
    return PageCondition::unverified;
  }
  const std::uint64_t repaired_before = filter_.repaired_pages();
  if (Result<> applied = filter_.apply(file, number, page); !applied) return applied.error();
  if (filter_.repaired_pages() > repaired_before) return PageCondition::repaired;
  if (never_written) return PageCondition::never_written;
  return is_encrypted(page) ? PageCondition::encrypted : PageCondition::intact;
}

}  // namespace donord
