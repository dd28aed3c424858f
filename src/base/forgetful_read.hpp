#pragma once

// Reading large files once, beside somebody who needs the page cache for his own.

#include <cstdint>
#include <filesystem>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "base/result.hpp"

namespace donord {

/// As `read_exactly()`, but what had to be brought into the page cache leaves it again; what was there stays. The
/// kernel must not read ahead (POSIX_FADV_RANDOM): it would bring what nobody takes away.
[[nodiscard]] Result<> read_and_forget(const UniqueFd& fd, const std::filesystem::path& path, std::uint64_t offset,
                                       MutableBytes into);

}  // namespace donord
