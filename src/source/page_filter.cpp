#include "source/page_filter.hpp"

#include "base/log.hpp"
#include "innodb/empty_page.hpp"
#include "innodb/page_check.hpp"
#include "innodb/page_encryption.hpp"

namespace donord {

namespace {

using innodb::PageState;

/// What the page is; an encrypted one is looked into when the key of its tablespace is at hand.
Result<PageState> look_at_page(ByteView page, const TablespaceFile& file, const innodb::PageExpectation& expected,
                               PageNo number) {
  Result<PageState> state = innodb::check_page(page, expected, number);
  if (!state || *state != PageState::encrypted) return state;
  if (!file.cipher)
    return Error{Errc::checksum,
                 fmt::format("page {} of space {} is encrypted, its tablespace is not", number, file.space)};
  Bytes scratch(page.size());
  return innodb::check_encrypted_page(page, expected, number, *file.cipher, scratch);
}

/// It is not torn, and as whole as it can be; what is wrong is that the log does not reach it.
bool is_newer_than_the_log(ByteView page, const TablespaceFile& file, PageNo number) {
  innodb::PageExpectation any_age = file.expectation();
  any_age.max_lsn = innodb::kNoMaxLsn;
  return look_at_page(page, file, any_age, number).has_value();
}

Error damaged(const TablespaceFile& file, const Error& error) {
  Error named = error.within(file.path.string());
  if (named.hint.empty()) named.hint = "the file is damaged: restore it from a backup";
  return named;
}

}  // namespace

Result<> PageFilter::apply(const TablespaceFile& file, PageNo first, MutableBytes pages) const {
  const std::uint32_t page_bytes = file.format.physical_bytes;
  const auto visit = [&](std::size_t index, const Result<PageState>& seen) -> Result<> {
    const PageNo number{first.value() + static_cast<std::uint32_t>(index)};
    const MutableBytes page = pages.subspan(index * page_bytes, page_bytes);
    const Result<PageState> state =
        seen && *seen == PageState::encrypted ? look_at_page(page, file, file.expectation(), number) : seen;
    if (!state) {
      if (!crash_ || state.error().code != Errc::checksum || is_newer_than_the_log(page, file, number))
        return state.error();
      return restore(file, number, state.error(), page);
    }
    if (*state == PageState::never_written && crash_) innodb::make_empty_page(page, file.format, file.space, number);
    return {};
  };
  if (Result<> done = innodb::visit_odd_pages(pages, file.expectation(), first, visit); !done)
    return damaged(file, done.error());
  return {};
}

Result<> PageFilter::restore(const TablespaceFile& file, PageNo number, const Error& damage, MutableBytes page) const {
  Bytes copy(page.size());
  bool has_older_copy = false;
  for (const DoublewriteFiles::Copy& found : crash_->doublewrite->copies_of({file.space, number})) {
    if (found.lsn < crash_->checkpoint) {
      has_older_copy = true;
      continue;
    }
    if (Result<> read = crash_->doublewrite->read(found, copy); !read) return read;
    const Result<PageState> state = look_at_page(copy, file, file.expectation(), number);
    if (!state || *state == PageState::never_written) continue;
    std::ranges::copy(copy, page.begin());
    ++repaired_pages_;
    log::info("page.repaired", {{"file", file.path.string()},
                                {"page", number.value()},
                                {"space", file.space.value()},
                                {"lsn", found.lsn.value()},
                                {"problem", damage.what}});
    return {};
  }
  return Error{damage.code,
               fmt::format("{}, and {}", damage.what,
                           has_older_copy ? "the doublewrite files have only copies from before the checkpoint"
                                          : "the doublewrite files have no good copy of it"),
               damage.hint};
}

}  // namespace donord
