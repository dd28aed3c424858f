#include "cli/report.hpp"

#include <cstdio>

namespace donord {

ExitCode report(const Error& error) {
  fmt::print(stderr, "donord: {}\n", error.what);
  if (!error.hint.empty()) fmt::print(stderr, "donord: hint: {}\n", error.hint);
  return exit_code_of(error.code);
}

}  // namespace donord
