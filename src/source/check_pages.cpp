#include "source/check_pages.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "base/endian.hpp"
#include "source/file_cache.hpp"

namespace donord {

namespace {

constexpr std::uint64_t kChunkBytes = 4 << 20;  // a multiple of every page size
constexpr std::size_t kMaxOpenFiles = 64;

PageNo number_of(PageNo first, std::size_t index) {
  return PageNo{first.value() + static_cast<std::uint32_t>(index)};
}

void note_written(FileCheck& found, ByteView page) {
  ++found.types[innodb::PageType{load_u16be(page, innodb::kPageTypeOffset)}];
  found.newest_lsn = std::max(found.newest_lsn, Lsn{load_u64be(page, innodb::kPageLsnOffset)});
}

void add(PageCounts& counts, PageCondition condition) {
  switch (condition) {
    case PageCondition::encrypted:
      ++counts.encrypted;
      ++counts.verified;
      break;
    case PageCondition::repaired:
      ++counts.repaired;
      ++counts.verified;
      break;
    case PageCondition::intact:
      ++counts.verified;
      break;
    case PageCondition::unverified:
      ++counts.unverified;
      break;
    case PageCondition::never_written:
      ++counts.never_written;
      break;
    case PageCondition::damaged:
      ++counts.damaged;
      break;
  }
}

/// Adds what was found in a part of a file.
void add(FileCheck& file, FileCheck&& part, std::size_t max_listed) {
  file.pages += part.pages;
  file.newest_lsn = std::max(file.newest_lsn, part.newest_lsn);
  for (const auto& [type, count] : part.types) file.types[type] += count;

  if (part.damage.empty()) return;
  const auto known = static_cast<std::ptrdiff_t>(file.damage.size());
  std::ranges::move(part.damage, std::back_inserter(file.damage));
  // What concerns the whole file goes first.
  std::ranges::inplace_merge(file.damage, file.damage.begin() + known, {}, &Damage::page);
  const auto repeated = [](const Damage& a, const Damage& b) {
    return !a.page && !b.page && a.error.what == b.error.what;
  };
  file.damage.erase(std::unique(file.damage.begin(), file.damage.end(), repeated), file.damage.end());
  if (file.damage.size() > max_listed) file.damage.resize(max_listed);
}

/// One thread's part of the work.
class ChunkChecker {
 public:
  explicit ChunkChecker(const PageCheckOptions& options)
      : examiner_(options.crash), max_listed_(options.max_listed_damage) {}

  FileCheck check(const TablespaceFile& file, const UniqueFd& fd, std::uint64_t offset, std::uint64_t size_bytes) {
    buffer_.resize(size_bytes);
    const Result<> read = read_exactly(fd, file.path, offset, buffer_);
    if (!file.is_tablespace()) return read ? FileCheck{} : FileCheck{.damage = {{std::nullopt, read.error()}}};

    const bool has_key = !file.encrypted() || file.cipher;
    FileCheck found;
    if (read && has_key && check_all(file, offset, found)) return found;

    found = {};
    for (std::size_t at = 0; at < buffer_.size(); at += file.format.physical_bytes)
      check_one(file, fd, offset + at, MutableBytes{buffer_}.subspan(at, file.format.physical_bytes), found);
    return found;
  }

 private:
  /// What is enough for nearly all chunks. False when a page is damaged, or zeros may have been repaired; then nothing
  /// it found counts.
  bool check_all(const TablespaceFile& file, std::uint64_t offset, FileCheck& found) {
    const std::size_t page_bytes = file.format.physical_bytes;
    const PageNo first = number_of(file.first_page, offset / page_bytes);
    const auto page = [&](std::size_t at) { return MutableBytes{buffer_}.subspan(at, page_bytes); };
    std::vector<bool> written;  // the filter makes pages of those that are not
    for (std::size_t at = 0; at < buffer_.size(); at += page_bytes)
      written.push_back(!was_never_written(page(at), file, number_of(first, at / page_bytes)));

    const std::uint64_t repaired_before = examiner_.filter().repaired_pages();
    if (!examiner_.filter().apply(file, first, buffer_)) return false;
    found.pages.repaired = examiner_.filter().repaired_pages() - repaired_before;
    if (found.pages.repaired > 0 && std::ranges::find(written, false) != written.end()) return false;
    for (std::size_t i = 0; i < written.size(); ++i) {
      const ByteView served = page(i * page_bytes);
      if (!written[i]) {
        ++found.pages.never_written;
        continue;
      }
      ++found.pages.verified;
      if (is_encrypted(served)) ++found.pages.encrypted;
      note_written(found, served);
    }
    return true;
  }

  /// Reads the page again: the disk may give this one though not all, and the filter may have changed it.
  void check_one(const TablespaceFile& file, const UniqueFd& fd, std::uint64_t offset, MutableBytes page,
                 FileCheck& found) {
    const PageNo number = number_of(file.first_page, offset / page.size());
    const Result<> read = read_exactly(fd, file.path, offset, page);
    const Result<PageCondition> condition =
        read ? examiner_.examine(file, number, page)
             : read.error().within(fmt::format("page {} of space {}", number, file.space));
    add(found.pages, condition ? *condition : PageCondition::damaged);
    if (!condition) {
      if (found.damage.size() < max_listed_) found.damage.push_back({number, condition.error()});
    } else if (*condition != PageCondition::never_written) {
      note_written(found, page);
    }
  }

  const PageExaminer examiner_;
  const std::size_t max_listed_;
  Bytes buffer_;
};

/// Hands out the chunks and collects what the threads find.
class Run {
 public:
  Run(const std::vector<TablespaceFile>& files, const PageCheckOptions& options)
      : files_(files), options_(options), results_(files.size()) {
    for (std::size_t i = 0; i < files.size(); ++i) {
      for (std::uint64_t at = 0; at < files[i].usable_bytes(); at += kChunkBytes) chunks_.push_back({i, at});
      total_bytes_ += files[i].usable_bytes();
    }
  }

  std::vector<FileCheck> run() {
    {
      std::vector<std::jthread> helpers;
      for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) helpers.emplace_back([this] { work(); });
      work();
    }
    return std::move(results_);
  }

 private:
  struct Chunk {
    std::size_t file = 0;
    std::uint64_t offset = 0;
  };

  void work() {
    ChunkChecker checker{options_};
    for (std::size_t next = next_++; next < chunks_.size(); next = next_++) {
      const Chunk chunk = chunks_[next];
      const TablespaceFile& file = files_[chunk.file];
      const std::uint64_t size_bytes = std::min(kChunkBytes, file.usable_bytes() - chunk.offset);
      const Result<std::shared_ptr<const UniqueFd>> fd = cache_.open(file.path, file.stamp);
      FileCheck found =
          fd ? checker.check(file, **fd, chunk.offset, size_bytes) : FileCheck{.damage = {{std::nullopt, fd.error()}}};
      const std::lock_guard lock{mutex_};
      add(results_[chunk.file], std::move(found), options_.max_listed_damage);
      done_bytes_ += size_bytes;
      if (options_.progress) options_.progress(done_bytes_, total_bytes_);
    }
  }

  const std::vector<TablespaceFile>& files_;
  const PageCheckOptions& options_;
  FileCache cache_{kMaxOpenFiles};
  std::vector<Chunk> chunks_;
  std::uint64_t total_bytes_ = 0;
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

std::optional<CrashState> crash_state_of(const DatadirSurvey& survey) {
  return survey.crash ? std::optional{survey.crash->state()} : std::nullopt;
}

std::vector<FileCheck> check_pages(const std::vector<TablespaceFile>& files, const PageCheckOptions& options) {
  return Run{files, options}.run();
}

}  // namespace donord
