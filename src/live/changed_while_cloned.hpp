#pragma once

// How a clone ends that meets a change which it cannot make good (docs/decisions/0012-live-sources.md).

#include <fmt/format.h>
#include <string_view>

#include "base/result.hpp"

namespace donord {

inline constexpr std::string_view kCloneAgain = "clone again when no DDL runs";
inline constexpr std::string_view kNameTheDirectory =
    "name the directory that has it: --innodb-directories, --innodb-undo-directory..., or give the server's my.cnf as "
    "--source-defaults-file";

/// `what` is a sentence without its end: "t/a was imported".
[[nodiscard]] inline Error changed_while_cloned(std::string_view what) {
  return {Errc::ddl_in_progress, fmt::format("{} while it was cloned", what), std::string{kCloneAgain}};
}

}  // namespace donord
