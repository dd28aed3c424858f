#include "source/file_cache.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <vector>

namespace donord {

Result<std::shared_ptr<const UniqueFd>> FileCache::open(const std::filesystem::path& path, const FileStamp& expected) {
  const Key key{expected.device, expected.inode};
  if (std::shared_ptr<const UniqueFd> fd = find(key)) return fd;

  Result<UniqueFd> fd = open_for_reading(path);
  if (!fd) return fd.error();
  const Result<FileStamp> stamp = stamp_of(*fd, path);
  if (!stamp) return stamp.error();
  if (Key{stamp->device, stamp->inode} != key)
    return Error{Errc::conflict, fmt::format("{} was replaced while it was served", path.string())};
  // Advice only: a file system that ignores it costs nothing but speed.
  ::posix_fadvise(fd->get(), 0, 0, use_ == PageCacheUse::read_ahead ? POSIX_FADV_SEQUENTIAL : POSIX_FADV_RANDOM);
  return insert(key, std::make_shared<const UniqueFd>(std::move(*fd)));
}

std::shared_ptr<const UniqueFd> FileCache::find(const FileStamp& expected) {
  return find(Key{expected.device, expected.inode});
}

void FileCache::forget_removed() {
  std::vector<std::shared_ptr<const UniqueFd>> closed_outside_the_lock;
  const std::lock_guard lock{mutex_};
  for (auto entry = recent_.begin(); entry != recent_.end();) {
    struct stat status = {};
    const bool removed = ::fstat(entry->fd->get(), &status) == 0 && status.st_nlink == 0;
    if (!removed) {
      ++entry;
      continue;
    }
    closed_outside_the_lock.push_back(std::move(entry->fd));
    by_key_.erase(entry->key);
    entry = recent_.erase(entry);
  }
}

std::size_t FileCache::open_count() const {
  const std::lock_guard lock{mutex_};
  return recent_.size();
}

std::shared_ptr<const UniqueFd> FileCache::find(const Key& key) {
  const std::lock_guard lock{mutex_};
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  recent_.splice(recent_.begin(), recent_, found->second);
  return found->second->fd;
}

std::shared_ptr<const UniqueFd> FileCache::insert(const Key& key, std::shared_ptr<const UniqueFd> fd) {
  std::shared_ptr<const UniqueFd> closed_outside_the_lock;
  const std::lock_guard lock{mutex_};
  if (const auto found = by_key_.find(key); found != by_key_.end()) return found->second->fd;
  recent_.push_front({key, fd});
  by_key_.emplace(key, recent_.begin());
  if (recent_.size() > max_files_) {
    closed_outside_the_lock = std::move(recent_.back().fd);
    by_key_.erase(recent_.back().key);
    recent_.pop_back();
  }
  return fd;
}

}  // namespace donord
