#pragma once

// Open files, at most so many at once: a clone reads tens of thousands of files in turns, several of them at a time.

#include <cstddef>
#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "base/file.hpp"
#include "base/result.hpp"
#include "source/file_stamp.hpp"

namespace donord {

/// What reading does to the page cache of the operating system.
enum class PageCacheUse {
  read_ahead,  ///< as for anybody who reads a file from its beginning to its end
  as_it_was,   ///< nothing is read ahead, so that `read_and_forget()` leaves nothing there
};

/// Thread-safe. The least recently used file is closed when there are too many; one in use stays open until its last
/// user lets go. No lock is held while a file is opened or read.
class FileCache {
 public:
  explicit FileCache(std::size_t max_files, PageCacheUse use = PageCacheUse::read_ahead)
      : max_files_(max_files), use_(use) {}

  [[nodiscard]] PageCacheUse use() const { return use_; }

  /// The file at `path`, opened for reading. `Errc::conflict` when it is not the one that was stamped.
  [[nodiscard]] Result<std::shared_ptr<const UniqueFd>> open(const std::filesystem::path& path,
                                                             const FileStamp& expected);

  /// The same if it is open already, else null: nothing is waited for.
  [[nodiscard]] std::shared_ptr<const UniqueFd> find(const FileStamp& expected);

  /// Closes files that have no name any more: as long as somebody has them open they take space on the disk.
  void forget_removed();

  [[nodiscard]] std::size_t open_count() const;

 private:
  using Key = std::pair<std::uint64_t, std::uint64_t>;  // device, inode
  struct Entry {
    Key key;
    std::shared_ptr<const UniqueFd> fd;
  };

  [[nodiscard]] std::shared_ptr<const UniqueFd> find(const Key& key);
  std::shared_ptr<const UniqueFd> insert(const Key& key, std::shared_ptr<const UniqueFd> fd);

  const std::size_t max_files_;
  const PageCacheUse use_;
  mutable std::mutex mutex_;
  std::list<Entry> recent_;  // the most recently used first
  std::map<Key, std::list<Entry>::iterator> by_key_;
};

}  // namespace donord
