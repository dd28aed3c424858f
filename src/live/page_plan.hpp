#pragma once

// Which pages a live clone sends in PAGE COPY.

#include <cstdint>
#include <set>
#include <vector>

#include "base/result.hpp"
#include "clone/donor_source.hpp"
#include "live/live_files.hpp"
#include "live/page_set.hpp"

namespace donord {

struct PagesToSend {
  PageSet changed;
  std::set<SpaceId> whole;         ///< tablespaces of which all pages go
  std::set<std::size_t> gone;      ///< files of which none goes
  std::vector<std::uint64_t> had;  ///< bytes of each file that FILE COPY sent; files behind are new
};

/// In the order of the files. A file that has grown, or is encrypted, gets its page 0 in any case: with it the
/// recipient learns the size and the key.
[[nodiscard]] Result<std::vector<PageRef>> list_pages(const PagesToSend& send, LiveFiles& files);

}  // namespace donord
