#pragma once

// How a clone ends that meets a change which it cannot make good (docs/decisions/0012-live-sources.md).

#include <fmt/format.h>
#include <string_view>

#include "base/result.hpp"

namespace donord {

/// `what` is a sentence without its end: "t/a was imported".
[[nodiscard]] inline Error changed_while_cloned(std::string_view what) {
  return {Errc::ddl_in_progress, fmt::format("{} while it was cloned", what), "clone again when no DDL runs"};
}

}  // namespace donord
