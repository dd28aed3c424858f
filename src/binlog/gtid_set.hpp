#pragma once

// Sets of GTIDs, as ranges of numbers, and how undo logs keep them.

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "binlog/gtid.hpp"

namespace donord::binlog {

class GtidSet {
 public:
  /// Whose numbers these are.
  struct Source {
    Uuid uuid{};
    std::string tag;

    auto operator<=>(const Source&) const = default;
  };
  using Ranges = std::map<std::int64_t, std::int64_t>;  ///< first, last; there is a gap between any two

  void add(const Gtid& gtid);
  [[nodiscard]] bool empty() const { return sources_.empty(); }
  [[nodiscard]] const std::map<Source, Ranges>& sources() const { return sources_; }

 private:
  std::map<Source, Ranges> sources_;
};

/// "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:7,3e11fa47-71ca-11e1-9e33-c80aa9429562:tag:1".
[[nodiscard]] std::string to_text(const GtidSet& set);

/// Few entries that together have all of `needed`, and else only what is in `executed`, of which `needed` is a part.
[[nodiscard]] std::vector<PersistedGtid> persisted(const GtidSet& needed, const GtidSet& executed);

}  // namespace donord::binlog
