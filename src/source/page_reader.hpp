#pragma once

// Single pages of a datadir, as its own server would see them: repaired and decrypted.

#include <map>
#include <vector>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "source/page_filter.hpp"
#include "source/tablespace_file.hpp"

namespace donord {

/// Keeps files open that it has read from; for few files and one thread.
class PageReader {
 public:
  /// Both outlive the reader.
  PageReader(const std::vector<TablespaceFile>& files, const PageFilter& filter) : files_(files), filter_(filter) {}

  /// The page, decrypted, with what its header and trailer were on disk; zeros where the file ends before it.
  /// `Errc::not_found` when no file has the tablespace. Otherwise the errors are those of `PageFilter`.
  [[nodiscard]] Result<Bytes> read(PageId page);

 private:
  [[nodiscard]] const TablespaceFile* file_of(PageId page) const;
  [[nodiscard]] Result<const UniqueFd*> open(const TablespaceFile& file);

  const std::vector<TablespaceFile>& files_;
  const PageFilter& filter_;
  std::map<const TablespaceFile*, UniqueFd> open_;
};

}  // namespace donord
