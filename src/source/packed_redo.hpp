#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "clone/donor_source.hpp"

namespace donord {

/// Redo as a recipient gets it, in the format of its own version. Thread-safe.
class PackedRedo {
 public:
  virtual ~PackedRedo() = default;

  [[nodiscard]] virtual RedoPlan plan() const = 0;
  /// Any range of any of the files. Blocks are verified on the way: `Errc::checksum` when one is not what it was.
  [[nodiscard]] virtual Result<> read(std::uint32_t file, std::uint64_t offset_bytes, MutableBytes into) const = 0;
};

}  // namespace donord
