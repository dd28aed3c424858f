#pragma once

// Which process on this machine: its number alone is reused, so boot and start time belong to it. Tells whether the
// process that wrote something down still lives.

#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace donord {

struct ProcessIdentity {
  std::string boot_id;  ///< changes with every start of the machine
  std::int64_t pid = 0;
  std::uint64_t start_ticks = 0;  ///< clock ticks from boot to the start of the process

  bool operator==(const ProcessIdentity&) const = default;

  [[nodiscard]] static Result<ProcessIdentity> self();

  /// False once the process has ended, reaped or not. A process of another PID namespace is not seen and counts as
  /// ended: processes that share a catalog must share /proc.
  [[nodiscard]] bool alive() const;
};

}  // namespace donord
