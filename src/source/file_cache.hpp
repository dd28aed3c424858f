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

/// Thread-safe. The least recently used file is closed when there are too many; one in use stays open until its last
/// user lets go. No lock is held while a file is opened or read.
class FileCache {
 public:
  explicit FileCache(std::size_t max_files) : max_files_(max_files) {}

  /// The file at `path`, opened for reading. `Errc::conflict` when it is not the one that was stamped.
  [[nodiscard]] Result<std::shared_ptr<const UniqueFd>> open(const std::filesystem::path& path,
                                                             const FileStamp& expected);

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
  mutable std::mutex mutex_;
  std::list<Entry> recent_;  // the most recently used first
  std::map<Key, std::list<Entry>::iterator> by_key_;
};

}  // namespace donord
