#include "source/check_pages.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "base/endian.hpp"
#include "innodb/page_check.hpp"
#include "innodb/page_header.hpp"
#include "source/file_cache.hpp"
#include "source/page_filter.hpp"

namespace donord {

namespace {

constexpr std::uint64_t kChunkBytes = 4 << 20;  // a multiple of every page size
constexpr std::size_t kMaxOpenFiles = 64;

bool is_encrypted(ByteView page) {
  return innodb::is_encrypted(innodb::PageType{load_u16be(page, innodb::kPageTypeOffset)});
}

bool was_never_written(ByteView page, const TablespaceFile& file, PageNo number) {
  if (load_u64be(page, innodb::kPageChecksumOffset) != 0 || load_u64be(page, innodb::kPageLsnOffset) != 0) return false;
  const Result<innodb::PageState> state = innodb::check_page(page, file.expectation(), number);
  return state && *state == innodb::PageState::never_written;
}

bool listed_before(const Damage& a, const Damage& b) {
  return a.page < b.page;  // nothing goes first
}

void add(FileCheck& file, FileCheck&& part) {
  file.pages += part.pages;
  std::vector<Damage> damage;
  std::ranges::merge(std::move_iterator{file.damage.begin()}, std::move_iterator{file.damage.end()},
                     std::move_iterator{part.damage.begin()}, std::move_iterator{part.damage.end()},
                     std::back_inserter(damage), listed_before);
  // The same can be wrong with the file as a whole in each of its parts.
  const auto repeated = [](const Damage& a, const Damage& b) {
    return !a.page && !b.page && a.error.what == b.error.what;
  };
  damage.erase(std::unique(damage.begin(), damage.end(), repeated), damage.end());
  if (damage.size() > FileCheck::kMaxListed) damage.erase(damage.begin() + FileCheck::kMaxListed, damage.end());
  file.damage = std::move(damage);
}

/// One thread's part of the work.
class ChunkChecker {
 public:
  explicit ChunkChecker(const DatadirSurvey& survey)
      : filter_(survey.crash ? PageFilter{survey.crash->state()} : PageFilter{}) {}

  FileCheck check(const TablespaceFile& file, const UniqueFd& fd, std::uint64_t offset, std::uint64_t size_bytes) {
    buffer_.resize(size_bytes);
    const Result<> read = read_exactly(fd, file.path, offset, buffer_);
    if (!file.is_tablespace()) return read ? FileCheck{} : FileCheck{.damage = {{std::nullopt, read.error()}}};

    const PageNo first{file.first_page.value() + static_cast<std::uint32_t>(offset / file.format.physical_bytes)};
    const bool has_key = !file.encrypted() || file.cipher;
    FileCheck result;
    if (read && has_key && check_run(file, first, buffer_, result.pages)) return result;

    result = {};
    const std::size_t page_bytes = file.format.physical_bytes;
    for (std::size_t at = 0; at < buffer_.size(); at += page_bytes)
      check_one(file, fd, offset + at, MutableBytes{buffer_}.subspan(at, page_bytes), result);
    return result;
  }

 private:
  /// `pages` is as it was read; what it says is right only when nothing is damaged.
  Result<> check_run(const TablespaceFile& file, PageNo first, MutableBytes pages, PageCounts& counts) {
    const std::size_t page_bytes = file.format.physical_bytes;
    const std::size_t count = pages.size() / page_bytes;
    for (std::size_t i = 0; i < count; ++i)  // the filter replaces them
      if (was_never_written(pages.subspan(i * page_bytes, page_bytes), file,
                            PageNo{first.value() + static_cast<std::uint32_t>(i)}))
        ++counts.never_written;
    const std::uint64_t repaired_before = filter_.repaired_pages();
    if (Result<> applied = filter_.apply(file, first, pages); !applied) return applied;
    counts.repaired += filter_.repaired_pages() - repaired_before;
    counts.verified += count - counts.never_written;
    for (std::size_t i = 0; i < count; ++i)
      if (is_encrypted(pages.subspan(i * page_bytes, page_bytes))) ++counts.encrypted;
    return {};
  }

  /// Reads the page again: the disk may give this one though not all, and the filter may have changed it.
  void check_one(const TablespaceFile& file, const UniqueFd& fd, std::uint64_t offset, MutableBytes page,
                 FileCheck& result) {
    const PageNo number{file.first_page.value() + static_cast<std::uint32_t>(offset / page.size())};
    PageCounts counts;
    Result<> good = read_exactly(fd, file.path, offset, page);
    if (!good) {
      good = good.error().within(fmt::format("page {} of space {}", number, file.space));
    } else if (!file.cipher && file.encrypted() && is_encrypted(page)) {
      const Result<innodb::PageState> state = innodb::check_page(page, file.expectation(), number);
      if (state)
        counts.unverified = 1;
      else
        good = state.error().within(file.path.string());
    } else {
      good = check_run(file, number, page, counts);
    }
    if (!good) {
      counts = {.damaged = 1};
      if (result.damage.size() < FileCheck::kMaxListed) result.damage.push_back({number, good.error()});
    }
    result.pages += counts;
  }

  const PageFilter filter_;
  Bytes buffer_;
};

/// Hands out the chunks and collects what the threads find.
class Run {
 public:
  Run(const DatadirSurvey& survey, const CheckProgress& progress)
      : survey_(survey), progress_(progress), results_(survey.files.size()) {
    for (std::size_t i = 0; i < survey.files.size(); ++i)
      for (std::uint64_t at = 0; at < survey.files[i].usable_bytes(); at += kChunkBytes) chunks_.push_back({i, at});
  }

  std::vector<FileCheck> run() {
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i)
        threads.emplace_back([this] { work(); });
    }
    return std::move(results_);
  }

 private:
  struct Chunk {
    std::size_t file = 0;
    std::uint64_t offset = 0;
  };

  void work() {
    ChunkChecker checker{survey_};
    for (std::size_t next = next_++; next < chunks_.size(); next = next_++) {
      const Chunk chunk = chunks_[next];
      const TablespaceFile& file = survey_.files[chunk.file];
      const std::uint64_t size_bytes = std::min(kChunkBytes, file.usable_bytes() - chunk.offset);
      const Result<std::shared_ptr<const UniqueFd>> fd = cache_.open(file.path, file.stamp);
      FileCheck found =
          fd ? checker.check(file, **fd, chunk.offset, size_bytes) : FileCheck{.damage = {{std::nullopt, fd.error()}}};
      const std::lock_guard lock{mutex_};
      add(results_[chunk.file], std::move(found));
      done_bytes_ += size_bytes;
      if (progress_) progress_(done_bytes_, survey_.data_bytes());
    }
  }

  const DatadirSurvey& survey_;
  const CheckProgress& progress_;
  FileCache cache_{kMaxOpenFiles};
  std::vector<Chunk> chunks_;
  std::atomic<std::size_t> next_ = 0;

  std::mutex mutex_;  // for what follows
  std::vector<FileCheck> results_;
  std::uint64_t done_bytes_ = 0;
};

}  // namespace

PageCounts& PageCounts::operator+=(const PageCounts& other) {
  verified += other.verified;
  encrypted += other.encrypted;
  repaired += other.repaired;
  unverified += other.unverified;
  never_written += other.never_written;
  damaged += other.damaged;
  return *this;
}

std::uint64_t FileCheck::damaged_pages_not_listed() const {
  const auto listed = std::ranges::count_if(damage, [](const Damage& one) { return one.page.has_value(); });
  return pages.damaged - static_cast<std::uint64_t>(listed);
}

std::vector<FileCheck> check_pages(const DatadirSurvey& survey, const CheckProgress& progress) {
  return Run{survey, progress}.run();
}

}  // namespace donord
