#pragma once

// Exit codes, stable (docs/command-line.md).

#include "base/result.hpp"

namespace donord {

enum class ExitCode : int {
  ok = 0,
  failed = 1,        ///< the operation failed: I/O, network, a broken or missing source
  usage = 2,         ///< wrong options or configuration
  not_servable = 3,  ///< the source exists and cannot be served
  unavailable = 4,   ///< a resource is taken: port, catalog, data directory in use
};

constexpr ExitCode exit_code_of(Errc code) {
  switch (code) {
    case Errc::usage:
      return ExitCode::usage;
    case Errc::checksum:
    case Errc::malformed:
    case Errc::truncated:
    case Errc::unsupported_version:
    case Errc::conflict:
    case Errc::redo_disabled:
      return ExitCode::not_servable;
    case Errc::unavailable:
      return ExitCode::unavailable;
    default:
      return ExitCode::failed;
  }
}

}  // namespace donord
