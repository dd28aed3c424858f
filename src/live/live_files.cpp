#include "live/live_files.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "base/endian.hpp"
#include "base/forgetful_read.hpp"
#include "base/log.hpp"
#include "innodb/empty_page.hpp"
#include "innodb/page_header.hpp"
#include "live/changed_while_cloned.hpp"
#include "source/page_look.hpp"

namespace donord {

namespace {

using innodb::PageState;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kNextLook{5};
/// Files that the server has removed take space on its disk as long as they are open here.
constexpr std::uint64_t kReadsBetweenSweeps = 64;
constexpr std::chrono::milliseconds kNextFollow{20};

void fill_with_empty_pages(const TablespaceFile& file, std::uint64_t offset_bytes, MutableBytes into) {
  const std::uint32_t page_bytes = file.format.physical_bytes;
  for (std::size_t at = 0; at + page_bytes <= into.size(); at += page_bytes)
    innodb::make_empty_page(into.subspan(at, page_bytes), file.format, file.space, file.page_at(offset_bytes + at));
}

}  // namespace

LiveFiles::LiveFiles(std::vector<TablespaceFile> files, std::filesystem::path datadir, std::shared_ptr<RedoWatch> watch,
                     Lsn since, std::shared_ptr<FileCache> cache, LiveWaits waits)
    : datadir_(std::move(datadir)), watch_(std::move(watch)), since_(since), cache_(std::move(cache)), waits_(waits) {
  for (TablespaceFile& file : files) add(std::move(file));
}

std::size_t LiveFiles::size() const {
  const std::lock_guard lock{mutex_};
  return entries_.size();
}

LiveFiles::Entry LiveFiles::copy_of(std::size_t index) const {
  const std::lock_guard lock{mutex_};
  return entries_.at(index);
}

std::size_t LiveFiles::add(TablespaceFile file) {
  Entry entry{.file = std::make_shared<const TablespaceFile>(std::move(file)), .key_until = since_};
  entry.path = entry.file->path;
  const std::lock_guard lock{mutex_};
  entries_.push_back(std::move(entry));
  return entries_.size() - 1;
}

void LiveFiles::set_file(std::size_t index, TablespaceFile file) {
  auto shared = std::make_shared<const TablespaceFile>(std::move(file));
  const std::lock_guard lock{mutex_};
  entries_.at(index).path = shared->path;
  entries_.at(index).file = std::move(shared);
}

void LiveFiles::read_again(std::size_t index) {
  const std::lock_guard lock{mutex_};
  entries_.at(index).waits_for_key = false;
}

void LiveFiles::set_key(std::size_t index, TablespaceFile file, Lsn until) {
  set_file(index, std::move(file));
  const std::lock_guard lock{mutex_};
  entries_.at(index).key_until = until;
}

void LiveFiles::wait_for_key(std::size_t index, Lsn since) {
  {
    const std::lock_guard lock{mutex_};
    entries_.at(index).waits_for_key = true;
  }
  need_end(since);
}

std::set<std::size_t> LiveFiles::waiting_for_keys() const {
  const std::lock_guard lock{mutex_};
  std::set<std::size_t> waiting;
  for (std::size_t i = 0; i < entries_.size(); ++i)
    if (entries_[i].waits_for_key) waiting.insert(i);
  return waiting;
}

void LiveFiles::removed(std::size_t index, Lsn end) {
  {
    const std::lock_guard lock{mutex_};
    entries_.at(index).gone = true;
  }
  need_end(end);
}

void LiveFiles::need_end(Lsn lsn) {
  std::uint64_t before = needed_end_.load();
  while (before < lsn.value() && !needed_end_.compare_exchange_weak(before, lsn.value())) {
  }
}

/// What `look` gives for the file where it is now, which may be another place than a moment ago.
template <typename Look>
auto LiveFiles::look_where_it_is(std::size_t index, Look look) -> std::invoke_result_t<Look, const Entry&> {
  std::optional<Clock::time_point> deadline;
  for (;;) {
    const Entry entry = copy_of(index);
    auto seen = look(entry);
    if (seen || entry.gone) return seen;
    const Result<std::optional<SpaceFate>> fate = fate_of(entry.file->space);
    if (!fate) return fate.error();
    if (*fate && (*fate)->imported && seen.error().code == Errc::conflict)
      return changed_while_cloned(fmt::format("{} was imported", entry.file->name));
    if (*fate && follow(index, entry, **fate)) continue;
    if (seen.error().code == Errc::checksum) {
      if (!*fate || !(*fate)->key_written || (*fate)->key_written->end <= entry.key_until) return seen;
      log::info("live.new_key", {{"file", entry.file->name}, {"unreadable", seen.error().what}});
      wait_for_key(index, (*fate)->key_written->end);
      continue;
    }
    if (!deadline) deadline = Clock::now() + waits_.on_its_way;
    if (Clock::now() > *deadline) return seen;
    std::this_thread::sleep_for(kNextFollow);
  }
}

Result<std::uint64_t> LiveFiles::current_bytes(std::size_t index) {
  return look_where_it_is(index, [&](const Entry& entry) -> Result<std::uint64_t> {
    if (entry.gone) return 0;
    const Result<std::shared_ptr<const UniqueFd>> fd = cache_->open(entry.path, entry.file->stamp);
    if (!fd) return fd.error();
    const Result<FileStamp> stamp = stamp_of(**fd, entry.path);
    if (!stamp) return stamp.error();
    return stamp->size_bytes - stamp->size_bytes % entry.file->format.physical_bytes;
  });
}

Result<> LiveFiles::read(std::size_t index, std::uint64_t offset_bytes, MutableBytes into) {
  return look_where_it_is(index, [&](const Entry& entry) -> Result<> {
    if (entry.gone || entry.waits_for_key) {
      fill_with_empty_pages(*entry.file, offset_bytes, into);
      return {};
    }
    if (reads_++ % kReadsBetweenSweeps == 0) cache_->forget_removed();
    Result<> done = read_once(entry, offset_bytes, into);
    if (done) note_lsns(*entry.file, into);
    return done;
  });
}

Result<std::optional<SpaceFate>> LiveFiles::fate_of(SpaceId space) const {
  const Result<Lsn> until = watch_->catch_up();
  if (!until) return until.error();
  const Result<SpaceFates> fates = fates_of(watch_->tracker(), since_, *until);
  if (!fates) return fates.error();
  const auto found = fates->find(space);
  return found == fates->end() ? std::nullopt : std::optional{found->second};
}

/// Whether the file is not where it was when it was `seen`.
bool LiveFiles::follow(std::size_t index, const Entry& seen, const SpaceFate& fate) {
  if (fate.removed) {
    removed(index, fate.end);
    return true;
  }
  if (fate.path.empty()) return false;
  const std::filesystem::path now = place_of(datadir_, fate.path);
  const std::lock_guard lock{mutex_};
  entries_.at(index).path = now;
  return seen.path != now;
}

Result<> LiveFiles::read_once(const Entry& entry, std::uint64_t offset_bytes, MutableBytes into) {
  const Result<std::shared_ptr<const UniqueFd>> fd = cache_->open(entry.path, entry.file->stamp);
  if (!fd) return fd.error();
  // Clones that run at the same time read it from the page cache, one after the other.
  const bool alone = cache_.use_count() == 1;
  const bool forget = alone && cache_->use() == PageCacheUse::as_it_was;
  Result<> read = forget ? read_and_forget(**fd, entry.path, offset_bytes, into)
                         : read_exactly(**fd, entry.path, offset_bytes, into);
  if (!read) return read;
  return make_fit(entry, **fd, offset_bytes, into);
}

Result<> LiveFiles::make_fit(const Entry& entry, const UniqueFd& fd, std::uint64_t offset_bytes, MutableBytes pages) {
  const TablespaceFile& file = *entry.file;
  const std::uint32_t page_bytes = file.format.physical_bytes;
  const auto visit = [&](std::size_t index, const Result<PageState>&) -> Result<> {
    return read_torn(entry, fd, offset_bytes + index * page_bytes, file.page_at(offset_bytes + index * page_bytes),
                     pages.subspan(index * page_bytes, page_bytes));
  };
  Result<> done = innodb::visit_odd_pages(pages, file.expectation(), file.page_at(offset_bytes), visit);
  const bool another_file = !done && done.error().code == Errc::conflict;
  return done || another_file ? done : damaged_page(file, done.error());
}

/// A page that was never written says nothing: the file may be another one under the name and inode of one that is
/// gone.
Result<> LiveFiles::check_space(const Entry& entry, const UniqueFd& fd) {
  if (entry.file->first_page != PageNo{0}) return {};
  Bytes space(sizeof(std::uint32_t));
  if (Result<> read = read_exactly(fd, entry.path, innodb::kPageSpaceOffset, space); !read) return read;
  if (SpaceId{load_u32be(space, 0)} == entry.file->space) return {};
  return Error{Errc::conflict, fmt::format("{} was replaced while it was served", entry.path.string())};
}

/// Until the server has written the whole page.
Result<> LiveFiles::read_torn(const Entry& entry, const UniqueFd& fd, std::uint64_t offset_bytes, PageNo number,
                              MutableBytes page) const {
  const TablespaceFile& file = *entry.file;
  for (const Clock::time_point deadline = Clock::now() + waits_.torn;;) {
    const Result<PageState> state = look_at_page(page, file, file.expectation(), number);
    if (state && *state == PageState::never_written) {
      innodb::make_empty_page(page, file.format, file.space, number);
      return check_space(entry, fd);
    }
    if (state) return {};
    if (Clock::now() > deadline) return state.error();
    std::this_thread::sleep_for(kNextLook);
    if (Result<> read = read_exactly(fd, entry.path, offset_bytes, page); !read) return read;
  }
}

void LiveFiles::note_lsns(const TablespaceFile& file, ByteView pages) {
  std::uint64_t newest = 0;
  for (std::size_t at = 0; at < pages.size(); at += file.format.physical_bytes)
    newest = std::max(newest, load_u64be(pages, at + innodb::kPageLsnOffset));
  need_end(Lsn{newest});
}

}  // namespace donord
