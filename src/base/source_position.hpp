#pragma once

// How far a server was at one moment, as replication counts it.

#include <cstdint>
#include <string>

namespace donord {

struct SourcePosition {
  std::string binary_log_file;  ///< empty without a binary log
  std::uint64_t binary_log_position = 0;
  std::string gtid_executed;  ///< without line breaks; empty without GTIDs

  bool operator==(const SourcePosition&) const = default;
};

}  // namespace donord
