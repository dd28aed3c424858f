#include "live/page_plan.hpp"

#include <algorithm>
#include <map>

namespace donord {

namespace {

using PageNumbers = std::vector<std::uint32_t>;

std::map<SpaceId, PageNumbers> by_space(const PageSet& changed) {
  std::map<SpaceId, PageNumbers> pages;
  changed.for_each([&](const PageId& id) { pages[id.space].push_back(id.page.value()); });
  return pages;
}

/// The numbers, counted from the beginning of the file, of those pages that it has.
PageNumbers pages_of(const TablespaceFile& file, std::uint64_t page_count, const PageNumbers& in_space) {
  PageNumbers pages;
  const auto first = std::ranges::lower_bound(in_space, file.first_page.value());
  for (auto page = first; page != in_space.end() && *page - file.first_page.value() < page_count; ++page)
    pages.push_back(*page - file.first_page.value());
  return pages;
}

}  // namespace

Result<std::vector<PageRef>> list_pages(const PagesToSend& send, LiveFiles& files) {
  const std::map<SpaceId, PageNumbers> changed = by_space(send.changed);
  std::vector<PageRef> list;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::shared_ptr<const TablespaceFile> known = files.file(i);
    const TablespaceFile& file = *known;
    if (!file.is_tablespace() || send.gone.contains(i)) continue;
    const Result<std::uint64_t> bytes = files.current_bytes(i);
    if (!bytes) return bytes.error();
    const std::uint32_t page_bytes = file.format.physical_bytes;
    const std::uint64_t page_count = *bytes / page_bytes;
    if (page_count == 0) continue;

    PageNumbers pages;
    if (send.whole.contains(file.space) || send.changed.whole_spaces().contains(file.space)) {
      for (std::uint64_t page = 0; page < page_count; ++page) pages.push_back(static_cast<std::uint32_t>(page));
    } else if (const auto found = changed.find(file.space); found != changed.end()) {
      pages = pages_of(file, page_count, found->second);
    }
    const bool grown = i < send.had.size() && *bytes > send.had[i];
    if (grown) pages.push_back(static_cast<std::uint32_t>(page_count - 1));
    if (grown || file.cipher) pages.push_back(0);
    std::ranges::sort(pages);
    pages.erase(std::unique(pages.begin(), pages.end()), pages.end());
    for (const std::uint32_t page : pages)
      list.push_back({.file_index = static_cast<std::uint32_t>(i),
                      .offset_bytes = std::uint64_t{page} * page_bytes,
                      .length_bytes = page_bytes,
                      .file_size_bytes = *bytes});
  }
  return list;
}

}  // namespace donord
