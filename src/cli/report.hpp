#pragma once

// What a command has to say: results on stdout; errors on stderr, what happened on one line, what to do on the next.

#include "base/result.hpp"
#include "cli/exit_codes.hpp"

namespace donord {

/// Writes the error to stderr and returns the exit code for it.
ExitCode report(const Error& error);

/// Writes a result to stdout, with a line end.
ExitCode print_result(std::string_view text);

}  // namespace donord
