#include "source/page_filter.hpp"

#include "base/log.hpp"
#include "innodb/empty_page.hpp"
#include "source/page_look.hpp"

namespace donord {

namespace {

using innodb::PageState;

/// Nothing is wrong with the page but that it may be newer than the log.
bool is_whole(ByteView page, const TablespaceFile& file, PageNo number) {
  innodb::PageExpectation expected = file.expectation();
  expected.max_lsn = innodb::kNoMaxLsn;
  const Result<PageState> state = look_at_page(page, file, expected, number);
  return state && *state != PageState::never_written;
}

/// The state of a page, of an encrypted one that of what is in it.
Result<PageState> look_inside(const Result<PageState>& seen, ByteView page, const TablespaceFile& file, PageNo number) {
  return seen && *seen == PageState::encrypted ? look_at_page(page, file, file.expectation(), number) : seen;
}

PageNo page_behind(PageNo first, std::size_t index) {
  return PageNo{first.value() + static_cast<std::uint32_t>(index)};
}

}  // namespace

bool PageFilter::is_fit(const Result<PageState>& state) const {
  return state && (!crash_ || *state != PageState::never_written);
}

bool PageFilter::are_fit(const TablespaceFile& file, PageNo first, ByteView pages) const {
  const std::uint32_t page_bytes = file.format.physical_bytes;
  const auto visit = [&](std::size_t index, const Result<PageState>& seen) -> Result<> {
    const ByteView page = pages.subspan(index * page_bytes, page_bytes);
    const Result<PageState> state = look_inside(seen, page, file, page_behind(first, index));
    if (is_fit(state)) return {};
    return Error{Errc::checksum, "not fit"};
  };
  return innodb::visit_odd_pages(pages, file.expectation(), first, visit).has_value();
}

Result<> PageFilter::apply(const TablespaceFile& file, PageNo first, MutableBytes pages) const {
  const std::uint32_t page_bytes = file.format.physical_bytes;
  const auto visit = [&](std::size_t index, const Result<PageState>& seen) -> Result<> {
    const PageNo number = page_behind(first, index);
    const MutableBytes page = pages.subspan(index * page_bytes, page_bytes);
    const Result<PageState> state = look_inside(seen, page, file, number);
    if (is_fit(state)) return {};
    if (!crash_) return state.error();
    return state ? fill(file, number, page) : repair(file, number, state.error(), page);
  };
  if (Result<> done = innodb::visit_odd_pages(pages, file.expectation(), first, visit); !done)
    return damaged_page(file, done.error());
  return {};
}

Result<> PageFilter::repair(const TablespaceFile& file, PageNo number, const Error& damage, MutableBytes page) const {
  // What is whole was not torn: the log that it is newer than was lost.
  if (damage.code != Errc::checksum || is_whole(page, file, number)) return damage;
  const Result<Copy> copy = take_copy(file, number, damage.what, page);
  if (!copy) return copy.error();
  return *copy == Copy::taken ? Result<>{} : beyond_repair(damage, *copy);
}

Result<> PageFilter::fill(const TablespaceFile& file, PageNo number, MutableBytes page) const {
  const Error zeros{Errc::checksum, fmt::format("page {} of space {}: it has only zeros", number, file.space)};
  const Result<Copy> copy = take_copy(file, number, zeros.what, page);
  if (!copy) return copy.error();
  if (*copy == Copy::too_old) return beyond_repair(zeros, *copy);  // it was written, and nothing makes it zeros again
  if (*copy == Copy::none) innodb::make_empty_page(page, file.format, file.space, number);
  return {};
}

Error PageFilter::beyond_repair(const Error& damage, Copy copy) {
  return Error{damage.code,
               fmt::format("{}, and {}", damage.what,
                           copy == Copy::too_old ? "the doublewrite files have only copies from before the checkpoint"
                                                 : "the doublewrite files have no good copy of it"),
               damage.hint};
}

Result<PageFilter::Copy> PageFilter::take_copy(const TablespaceFile& file, PageNo number, std::string_view problem,
                                               MutableBytes page) const {
  Bytes copy;
  for (const DoublewriteFiles::Copy& found : crash_->doublewrite->copies_of({file.space, number})) {
    copy.resize(page.size());
    if (Result<> read = crash_->doublewrite->read(found, copy); !read) return read.error();
    if (!is_whole(copy, file, number)) continue;
    if (found.lsn < crash_->checkpoint) return Copy::too_old;
    if (Result<> checked = innodb::check_page_lsn(found.lsn, file.expectation(), number); !checked)
      return checked.error().within("doublewrite copy");
    std::ranges::copy(copy, page.begin());
    ++repaired_pages_;
    log::info("page.repaired", {{"file", file.path.string()},
                                {"page", number.value()},
                                {"space", file.space.value()},
                                {"lsn", found.lsn.value()},
                                {"problem", problem}});
    return Copy::taken;
  }
  return Copy::none;
}

}  // namespace donord
