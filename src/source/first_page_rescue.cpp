#include "source/first_page_rescue.hpp"

#include <algorithm>

#include "base/endian.hpp"
#include "innodb/first_page.hpp"
#include "innodb/page_check.hpp"
#include "innodb/page_header.hpp"
#include "source/page_replay.hpp"

namespace donord {

namespace {

/// Names in the log are those that the server uses, with or without "./" in front.
std::string plain_name(std::string_view name) {
  if (name.starts_with("./")) name.remove_prefix(2);
  return std::string{name};
}

/// The first page as it is in the file; zeros where the file is shorter.
Result<Bytes> first_bytes(const ScannedFile& file, std::uint32_t page_bytes) {
  const Result<UniqueFd> fd = open_for_reading(file.path);
  if (!fd) return fd.error();
  const Result<FileStamp> stamp = stamp_of(*fd, file.path);
  if (!stamp) return stamp.error();
  Bytes page(page_bytes);
  const auto there = MutableBytes{page}.first(std::min<std::uint64_t>(stamp->size_bytes, page_bytes));
  if (const Result<> read = read_exactly(*fd, file.path, 0, there); !read) return read.error();
  return page;
}

bool is_zero(ByteView page) {
  return std::ranges::all_of(page, [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

FirstPageRescue::FirstPageRescue(CrashState crash, Log log, std::uint32_t page_size_bytes)
    : crash_(std::move(crash)), log_(std::move(log)), page_size_bytes_(page_size_bytes) {
  for (const auto& [id, space] : log_.analysis->spaces)
    if (!space.path.empty() && !space.deleted) space_by_name_.emplace(plain_name(space.path), id);
}

Result<std::optional<TablespaceFile>> FirstPageRescue::identify(const ScannedFile& file, const Error& damage) const {
  const Result<Bytes> stored = first_bytes(file, page_size_bytes_);
  if (!stored) return stored.error();
  const bool blank = is_zero(*stored);
  const auto known = space_by_name_.find(plain_name(file.name));
  if (blank && known == space_by_name_.end()) return std::optional<TablespaceFile>{};

  // The log knows best; what a torn page says of itself is checked against the copy that is found by it.
  const SpaceId space =
      known != space_by_name_.end() ? known->second : SpaceId{load_u32be(*stored, innodb::kPageSpaceOffset)};
  Result<std::shared_ptr<const Bytes>> page = from_doublewrite(space);
  if (page && !*page && blank) page = from_redo(space);
  if (!page) return page.error().within(file.path.string());
  if (!*page)
    return Error{damage.code, fmt::format("{}, and the doublewrite files have no good copy of its page 0", damage.what),
                 damage.hint};
  Result<TablespaceFile> identified = identify_tablespace(file, std::move(*page));
  if (!identified) return identified.error();
  return std::optional{std::move(*identified)};
}

/// Null when there is no copy that is good enough.
Result<std::shared_ptr<const Bytes>> FirstPageRescue::from_doublewrite(SpaceId space) const {
  for (const DoublewriteFiles::Copy& copy : crash_.doublewrite->copies_of({space, PageNo{0}})) {
    if (copy.lsn < crash_.checkpoint) break;
    Bytes slot(page_size_bytes_);
    if (const Result<> read = crash_.doublewrite->read(copy, slot); !read) return read.error();
    const Result<innodb::FirstPage> page0 = innodb::decode_first_page(slot);
    if (!page0 || page0->format.logical_bytes != page_size_bytes_) continue;
    slot.resize(page0->format.physical_bytes);
    const innodb::PageExpectation expected{.format = page0->format, .space = space};
    const Result<innodb::PageState> state = innodb::check_page(slot, expected, PageNo{0});
    if (!state || *state != innodb::PageState::intact) continue;
    if (const Result<> checked = innodb::check_page_lsn(
            copy.lsn, {.format = page0->format, .space = space, .max_lsn = log_.range.end}, PageNo{0});
        !checked)
      return checked.error().within("doublewrite copy");
    return std::make_shared<const Bytes>(std::move(slot));
  }
  return std::shared_ptr<const Bytes>{};
}

/// Null when the log does not begin with the creation of the page.
Result<std::shared_ptr<const Bytes>> FirstPageRescue::from_redo(SpaceId space) const {
  const Result<innodb::RedoRead> log = log_.open();
  if (!log) return log.error();
  std::map<SpaceId, ReplayedPage> pages{{space, {.page = Bytes(page_size_bytes_)}}};
  if (const Result<> replayed = replay_first_pages(log_.range, page_size_bytes_, *log, pages); !replayed)
    return replayed.error();
  ReplayedPage& replay = pages.begin()->second;
  if (!replay.changed) return std::shared_ptr<const Bytes>{};
  const Result<innodb::FirstPage> page0 = innodb::decode_first_page(replay.page);
  if (!page0) return page0.error();
  if (page0->space() != space) return std::shared_ptr<const Bytes>{};  // the log has only the end of its story
  replay.page.resize(page0->format.physical_bytes);
  return std::make_shared<const Bytes>(std::move(replay.page));
}

}  // namespace donord
