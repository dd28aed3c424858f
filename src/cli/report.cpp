#include "cli/report.hpp"

#include <cstdio>

namespace donord {

ExitCode report(const Error& error) {
  fmt::print(stderr, "donord: {}\n", error.what);
  if (!error.hint.empty()) fmt::print(stderr, "donord: hint: {}\n", error.hint);
  return exit_code_of(error.code);
}

ExitCode print_result(std::string_view text) {
  fmt::print("{}{}", text, text.ends_with('\n') ? "" : "\n");
  return std::fflush(stdout) == 0 ? ExitCode::ok : report(Error{Errc::io, "cannot write to standard output"});
}

}  // namespace donord
