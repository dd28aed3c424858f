#pragma once

// Errors as people see them: what happened on one line, what to do on the next.

#include "base/result.hpp"
#include "cli/exit_codes.hpp"

namespace donord {

/// Writes the error to stderr and returns the exit code for it.
ExitCode report(const Error& error);

}  // namespace donord
