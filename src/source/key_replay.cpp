#include "source/key_replay.hpp"

#include "source/page_replay.hpp"

namespace donord {

namespace {

Result<Bytes> first_page_of(const TablespaceFile& file) {
  if (file.replaced_page0) return *file.replaced_page0;
  Bytes page(file.format.physical_bytes);
  const Result<UniqueFd> fd = open_for_reading(file.path);
  if (!fd) return fd.error();
  if (const Result<> read = read_exactly(*fd, file.path, 0, page); !read) return read.error();
  return page;
}

}  // namespace

Result<> replay_keys(const RedoRange& range, std::uint32_t page_size_bytes, const innodb::RedoRead& read,
                     const std::map<SpaceId, TablespaceFile*>& files) {
  std::map<SpaceId, ReplayedPage> pages;
  for (const auto& [space, file] : files) {
    Result<Bytes> page = first_page_of(*file);
    if (!page) return page.error();
    pages.emplace(space, ReplayedPage{.page = std::move(*page)});
  }
  if (Result<> replayed = replay_first_pages(range, page_size_bytes, read, pages); !replayed) return replayed;

  for (auto& [space, replay] : pages) {
    if (!replay.changed) continue;
    TablespaceFile& file = *files.at(space);
    Result<TablespaceFile> again =
        identify_tablespace({file.path, file.name}, std::make_shared<const Bytes>(std::move(replay.page)));
    if (!again) return again.error();
    if (again->problem) return *again->problem;
    file = std::move(*again);
  }
  return {};
}

}  // namespace donord
