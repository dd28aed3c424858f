#include "source/doublewrite_files.hpp"

#include <algorithm>
#include <cctype>
#include <system_error>

#include "base/file.hpp"
#include "innodb/page_header.hpp"

namespace donord {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kReadBytes = 1 << 20;

Result<std::vector<fs::path>> list_files(const fs::path& directory, std::uint32_t page_size_bytes) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entries{directory, error}; !error && entries != fs::directory_iterator{};
       entries.increment(error))
    if (is_doublewrite_name(entries->path().filename().string(), page_size_bytes)) found.push_back(entries->path());
  if (error) return io_error("list", directory, error.value());
  std::ranges::sort(found);
  return found;
}

}  // namespace

bool is_doublewrite_name(std::string_view name, std::uint32_t page_size_bytes) {
  constexpr std::string_view kSuffix = ".dblwr";
  const std::string prefix = fmt::format("#ib_{}_", page_size_bytes);
  if (!name.starts_with(prefix) || !name.ends_with(kSuffix)) return false;
  name.remove_prefix(prefix.size());
  name.remove_suffix(std::min(name.size(), kSuffix.size()));
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) { return std::isdigit(c) != 0; });
}

Result<DoublewriteFiles> DoublewriteFiles::index(const fs::path& directory, std::uint32_t page_size_bytes) {
  DoublewriteFiles index;
  index.directory_ = directory;
  index.page_size_bytes_ = page_size_bytes;
  const Result<std::vector<fs::path>> found = list_files(directory, page_size_bytes);
  if (!found) return found.error();
  for (const fs::path& path : *found)
    if (const Result<> added = index.add_file(path); !added) return added.error();
  return index;
}

bool DoublewriteFiles::is_current() const {
  const Result<std::vector<fs::path>> found = list_files(directory_, page_size_bytes_);
  if (!found) return false;
  return std::ranges::equal(*found, files_) &&
         std::ranges::equal(files_, stamps_, [](const fs::path& path, const FileStamp& before) {
           const Result<FileStamp> now = stamp_of(path);
           return now && now->same_content(before);
         });
}

Result<> DoublewriteFiles::add_file(const fs::path& path) {
  const Result<UniqueFd> fd = open_for_reading(path);
  if (!fd) return fd.error();
  const Result<FileStamp> stamp = stamp_of(*fd, path);
  if (!stamp) return stamp.error();
  const std::size_t file = files_.size();
  files_.push_back(path);
  stamps_.push_back(*stamp);

  const std::uint64_t usable_bytes = stamp->size_bytes - stamp->size_bytes % page_size_bytes_;
  Bytes buffer;
  for (std::uint64_t at = 0; at < usable_bytes; at += buffer.size()) {
    buffer.resize(std::min(kReadBytes, usable_bytes - at));
    if (Result<> read = read_exactly(*fd, path, at, buffer); !read) return read;
    for (std::size_t slot = 0; slot < buffer.size(); slot += page_size_bytes_) {
      const Result<innodb::PageHeader> header = innodb::decode_page_header(ByteView{buffer}.subspan(slot));
      if (header && header->lsn != Lsn{})
        copies_.emplace(PageId{header->space, header->page}, Copy{header->lsn, file, at + slot});
    }
  }
  return {};
}

std::vector<DoublewriteFiles::Copy> DoublewriteFiles::copies_of(PageId page) const {
  std::vector<Copy> found;
  for (auto [copy, end] = copies_.equal_range(page); copy != end; ++copy) found.push_back(copy->second);
  std::ranges::sort(found, std::greater<>{}, &Copy::lsn);
  return found;
}

Result<> DoublewriteFiles::read(const Copy& copy, MutableBytes into) const {
  const fs::path& path = files_.at(copy.file);
  const Result<UniqueFd> fd = open_for_reading(path);
  if (!fd) return fd.error();
  return read_exactly(*fd, path, copy.offset_bytes, into);
}

}  // namespace donord
