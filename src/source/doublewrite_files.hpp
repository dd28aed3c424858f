#pragma once

// The doublewrite files of an instance, `#ib_<page size>_<n>.dblwr`: copies of pages that were about to be written to
// their own places. After a crash they hold the whole of every page that may be torn there.

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "source/file_stamp.hpp"

namespace donord {

/// An index of what stands where. A file is nothing but slots of innodb_page_size; whose page a slot holds stands in
/// the page itself, and a slot keeps its page until it is used again, so that there may be several copies of one page,
/// of different age (docs/innodb-files.md, "Doublewrite files"). Reads are thread-safe.
class DoublewriteFiles {
 public:
  struct Copy {
    Lsn lsn;
    std::size_t file = 0;
    std::uint64_t offset_bytes = 0;
  };

  DoublewriteFiles() = default;

  /// Reads all files for pages of this size in `directory`; an instance may have none. Slots are not verified.
  [[nodiscard]] static Result<DoublewriteFiles> index(const std::filesystem::path& directory,
                                                      std::uint32_t page_size_bytes);

  /// The files are still those that were indexed, and have not changed.
  [[nodiscard]] bool is_current() const;

  /// The copies of a page, newest first.
  [[nodiscard]] std::vector<Copy> copies_of(PageId page) const;

  /// The bytes of a copy; `into` is as long as the page is in its own file, which for a ZIP page is less than a slot.
  [[nodiscard]] Result<> read(const Copy& copy, MutableBytes into) const;

  [[nodiscard]] const std::vector<std::filesystem::path>& files() const { return files_; }
  [[nodiscard]] std::size_t copy_count() const { return copies_.size(); }
  /// The copies that are not older than `lsn`.
  [[nodiscard]] std::size_t copies_since(Lsn lsn) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(copies_, [lsn](const auto& copy) { return copy.second.lsn >= lsn; }));
  }

 private:
  [[nodiscard]] Result<> add_file(const std::filesystem::path& path);

  std::filesystem::path directory_;
  std::uint32_t page_size_bytes_ = 0;
  std::vector<std::filesystem::path> files_;
  std::vector<FileStamp> stamps_;  // of files_
  std::multimap<PageId, Copy> copies_;
};

/// True for "#ib_16384_0.dblwr" if the page size is 16384.
[[nodiscard]] bool is_doublewrite_name(std::string_view name, std::uint32_t page_size_bytes);

}  // namespace donord
